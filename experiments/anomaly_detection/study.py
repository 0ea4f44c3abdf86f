"""One-class detection: each class in turn is normal, and all others are to be found among the test images."""

from dataclasses import replace

from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun

CLASSES = tuple(map(str, range(10)))
CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
HARD = ("2", "5", "8")  # of MNIST
FPR = 0.05  # what thresholds are set for

STRIDED = ("filters=8",)
# Of 32×32 pixels: MNIST is padded. The paper's last normalisation would change each image's contrast.
MAPS = ("strided_layers=3", "residual_blocks=1", "width=2", "normalize_output=False", "output_activation=sigmoid")
# name: (architecture, code, bottleneck, options). The first is the one that is trained on every class.
MODELS = {
    "strided-16": ModelConfig("strided", "16", "dense", STRIDED),
    "strided-32": ModelConfig("strided", "32", "dense", STRIDED),
    "strided-8": ModelConfig("strided", "8", "dense", STRIDED),
    "variational-16": ModelConfig("strided", "16", "variational", (*STRIDED, "bottleneck.beta=0.001")),
    "decorrelated-16": ModelConfig("strided", "16", "decorrelated", (*STRIDED, "bottleneck.alpha=0.001")),
    "fully-connected-16": ModelConfig("fully_connected", "16", "dense"),
    "maps-4x4x16": ModelConfig("convolutional", "4x4x16", options=MAPS),
    "maps-8x8x4": ModelConfig("convolutional", "8x8x4", options=MAPS),
    "maps-16x16x1": ModelConfig("convolutional", "16x16x1", options=MAPS),
}
EVERYWHERE = "strided-16"
MAPPED = ("maps-4x4x16", "maps-8x8x4", "maps-16x16x1")  # 256 values each
MNIST = DataConfig("mnist", validation_fraction=0.1)
CIFAR = DataConfig("cifar10", validation_fraction=0.1)
TRAINING = TrainingConfig(1_200, 12, 128, 2e-3, schedule="cosine", loss="binary_crossentropy")


def _run(data: DataConfig, normal: str, name: str, training: TrainingConfig) -> StudyRun:
    model = MODELS[name]
    data = replace(data, train_labels=(normal,))
    if model.architecture == "convolutional":
        data = replace(data, pad=(2, 2) if data.source == "mnist" else (0, 0))
    choices = {"data": data.source, "normal": normal, "model": name, "seed": training.seed}
    run = f"{data.source}-{normal}-{name}-seed{training.seed}"
    return StudyRun(run, choices, RunConfig(data, model, training))


def cpu() -> list[StudyRun]:
    """MNIST: one model of every digit, all models of three digits; CIFAR-10: one model of three classes."""
    return [
        *(_run(MNIST, digit, EVERYWHERE, TRAINING) for digit in CLASSES),
        *(_run(MNIST, digit, name, TRAINING) for digit in HARD for name in MODELS if name != EVERYWHERE),
        *(_run(CIFAR, label, EVERYWHERE, TRAINING) for label in CIFAR_CLASSES[:3]),
    ]


def seeds() -> list[StudyRun]:
    """Two further seeds of what the claims are about: one model of every digit, then maps of three sizes."""
    trainings = [replace(TRAINING, seed=seed) for seed in (1, 2)]
    return [
        *(_run(MNIST, digit, EVERYWHERE, training) for training in trainings for digit in CLASSES),
        *(_run(MNIST, digit, name, training) for training in trainings for digit in HARD for name in MAPPED),
    ]


def full() -> list[StudyRun]:
    """All models of all classes of MNIST and CIFAR-10, three seeds."""
    seeds = [replace(TRAINING, seed=seed) for seed in range(3)]
    return [
        _run(data, label, name, training)
        for data, labels in ((MNIST, CLASSES), (CIFAR, CIFAR_CLASSES))
        for name in MODELS
        for label in labels
        for training in seeds
    ]


def quick() -> list[StudyRun]:
    """Two digits of the embedded 8×8 images, in a minute."""
    training = TrainingConfig(300, 3, 32, 3e-3)
    runs = []
    for digit in ("0", "1"):
        data = DataConfig("digits", validation_fraction=0.2, train_labels=(digit,))
        model = ModelConfig("fully_connected", "6", "dense")
        choices = {"data": "digits", "normal": digit, "model": "fully-connected-6", "seed": 0}
        runs.append(StudyRun(f"digits-{digit}", choices, RunConfig(data, model, training)))
    return runs


STUDY = Study(
    name="anomaly_detection",
    title="one class is normal: scores, bottlenecks and classical detectors",
    presets={"cpu": cpu, "seeds": seeds, "full": full, "quick": quick},
)

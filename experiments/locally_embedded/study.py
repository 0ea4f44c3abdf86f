"""The thesis's autoencoder types and pairs: on whole images, in networks as LEAs, and what their codes tell."""

from dataclasses import replace
from math import ceil

from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun

TYPES = {"standard": "dense", "k_sparse": "k_sparse", "vae": "variational", "capacity": "capacity_controlled"}
PAIRS = ("fc", "conv", "sb")
SEEDS = tuple(range(10))
KERNEL_SIZE = "kernel_size=3"  # of which the counts of Table 3.1 come out; the text's default is 4
# The thesis watches its test images: in this library's terms they are validation images, but for the last 1,000.
ALL = {"train": "train", "validation": "test[:-1000]", "test": "test[-1000:]"}
SIZES = {"mnist": 60_000, "fashion_mnist": 60_000, "cifar10": 50_000, "dsprites": 59_972}
BATCHES = {"mnist": 256, "fashion_mnist": 128, "cifar10": 128, "dsprites": 64}
DATA = {name: DataConfig(name, **ALL) for name in SIZES}
K_SPARSE = {"k": 5, "a": 1.3}
GENTLE, STRONG = {"gamma": 5.0, "capacity": 20.0}, {"gamma": 10.0, "capacity": 25.0}

# Two cores: narrower models of fewer images, trained ten times as fast for a hundredth of the steps.
CPU_MNIST = DataConfig("mnist", train="train[:10000]", validation="test[:2000]", test="test[2000:4000]")
CPU_DSPRITES = replace(CPU_MNIST, source="dsprites", image_size=(32, 32), train="train[:20000]")
CPU_CIFAR10 = replace(CPU_MNIST, source="cifar10")
CPU_DIGITS = DataConfig("digits", train="all[:1000]", validation="all[1000:1400]", test="all[1400:]")
CPU_MAPS_DATA = (CPU_MNIST, CPU_DSPRITES, CPU_CIFAR10, CPU_DIGITS)  # digits: Fashion-MNIST is not as easily had
CPU_RATE = 1e-3
# Autoencoders of whole images see smaller ones, with a part of the pixels. A divergence weighs against a sum over
# the pixels: for it to count as at full size, its weight is divided as often. Fewer kernels than 32 would be
# faster, too, but VAEs with conv then learn the mean image alone.
CPU_TYPES_DATA, CPU_TYPES_PART = replace(CPU_MNIST, image_size=(14, 14)), (28 // 14) ** 2
CPU_CODES_DATA, CPU_CODES_PART = replace(CPU_DSPRITES, image_size=(16, 16)), (64 // 16) ** 2
CPU_KERNELS = 32
CPU_TYPES_STEPS, CPU_CODES_STEPS, CPU_MAPS_STEPS = 3_000, 10_000, 1_500
LONGER_STEPS = 37_520  # a tenth of the thesis's
CPU_BETA = 0.01  # of VAEs in networks: with 1 these learn nothing in so few steps


def _model(architecture: str, length: int, kind: str, capacity: dict, **options) -> ModelConfig:
    """A model whose autoencoders are of a type of the thesis."""
    of_bottleneck = {"k_sparse": K_SPARSE, "capacity": capacity}.get(kind, {})
    of_bottleneck = {key: min(value, length) if key == "k" else value for key, value in of_bottleneck.items()}
    texts = [f"{key}={value!r}" for key, value in options.items()]
    texts += [KERNEL_SIZE, *(f"bottleneck.{key}={value}" for key, value in of_bottleneck.items())]
    return ModelConfig(architecture, str(length), TYPES[kind], tuple(texts))


def _training(kind: str, steps: int, evaluations: int, batch_size: int, rate: float, rise: int, **options):
    """Adam on the summed squared error; a capacity rises over the first `rise` steps."""
    warm_up = rise if kind == "capacity" else 0
    options = {"loss": "sum_squared_error", "penalty_warmup_steps": warm_up, **options}
    return TrainingConfig(steps, evaluations, batch_size, rate, **options)


def _run(experiment: str, data: DataConfig, kind: str, pair: str, model: ModelConfig, training: TrainingConfig):
    choices = {"experiment": experiment, "data": data.source, "type": kind, "pair": pair, "seed": training.seed}
    name = f"{experiment}-{data.source}-{kind}-{pair}-seed{training.seed}"
    return StudyRun(name, choices, RunConfig(data, model, training))


def _paper_steps(data: str, epochs: int) -> int:
    return epochs * ceil(SIZES[data] / BATCHES[data])


def _paper_training(data: str, kind: str, epochs: int, rise: int, seed: int = 0, **options) -> TrainingConfig:
    """`epochs` with a test after each; `rise` in epochs."""
    steps = _paper_steps(data, epochs), _paper_steps(data, rise)
    return _training(kind, steps[0], epochs, BATCHES[data], 1e-4, steps[1], seed=seed, **options)


def paper() -> list[StudyRun]:
    """Section 3.3 (12 × 10 runs of 800 epochs), Figures 4.1 to 4.4, 5.1 and 5.2, with the settings of A.1."""
    runs = []
    for seed in SEEDS:
        for pair in PAIRS:
            for kind in TYPES:
                model = _model("window_autoencoder", 10, kind, GENTLE, pair=pair, kernels=32)
                training = _paper_training("fashion_mnist", kind, 800, 800, seed)
                runs.append(_run("types", DATA["fashion_mnist"], kind, pair, model, training))
    return [*runs, *_paper_networks(), *_paper_codes(), *_paper_maps()]


def _paper_networks() -> list[StudyRun]:
    """Figures 4.1 and 4.2 (dSprites, ten seeds) and 4.3: CNN-LEAs, trained alternately."""
    runs = []
    shapes = {"classes": 3, "window": 4, "strides": 2}
    for seed in SEEDS:
        training = _paper_training("dsprites", "vae", 20, 0, seed, label="shape", objective_passes=2)
        model = _model("cnn_lea", 5, "vae", STRONG, **shapes)
        runs.append(_run("network", DATA["dsprites"], "vae", "fc", model, training))
    for data, kind in {"mnist": "capacity", "fashion_mnist": "standard", "cifar10": "capacity"}.items():
        model = _model("cnn_lea", 10, kind, STRONG, **{**shapes, "classes": 10})
        training = _paper_training(data, kind, 100, 100, objective_passes=2)
        runs.append(_run("network", DATA[data], kind, "fc", model, training))
    return runs


def _paper_codes() -> list[StudyRun]:
    """Figure 5.1, and beside it the other types, of which it says that their codes are entangled."""
    return [
        _run(
            "codes",
            DATA["dsprites"],
            kind,
            "sb",
            _model("window_autoencoder", 10, kind, STRONG, pair="sb", kernels=64),
            _paper_training("dsprites", kind, 600, 100),
        )
        for kind in ("capacity", "vae", "standard", "k_sparse")
    ]


def _paper_maps() -> list[StudyRun]:
    """Figure 5.2: a LEA of the images themselves.

    Trained alternately, the classifier behind it does not move it: it learns as if it were alone.
    """
    runs = []
    for data in SIZES:
        model = _model("lea_fc", 10, "capacity", STRONG, classes=_classes(data), window=4, strides=1, units=16)
        epochs, rise = (200, 25) if data == "cifar10" else (800, 800)
        training = _paper_training(data, "capacity", epochs, rise, label=_label(data), objective_passes=2)
        runs.append(_run("maps", DATA[data], "capacity", "fc", model, training))
    return runs


def _classes(data: str) -> int:
    return 3 if data == "dsprites" else 10


def _label(data: str) -> str | None:
    return "shape" if data == "dsprites" else None


def cpu() -> list[StudyRun]:
    """The same questions on two cores. Where autoencoders see whole images, these are of 14×14 and 16×16."""
    every = [(kind, pair, 0) for pair in PAIRS for kind in TYPES]
    again = [(kind, "fc", seed) for seed in (1, 2) for kind in TYPES]
    again += [("vae", pair, 1) for pair in ("conv", "sb")]
    return [
        *(_cpu_types(*choice) for choice in [*every, *again]),
        *(_cpu_codes(kind, pair) for kind, pair in _CPU_CODES),
        *(_cpu_network(*choice) for choice in ((CPU_DSPRITES, "vae", 1_600), (CPU_MNIST, "capacity", 800))),
        *(_cpu_maps(data) for data in CPU_MAPS_DATA),
    ]


_CPU_CODES = (("capacity", "sb"), ("vae", "sb"), ("standard", "fc"), ("k_sparse", "fc"))


def seeds() -> list[StudyRun]:
    """Further seeds of what is cheap: a network, autoencoders with fc for deviations, and LEAs of images."""
    return [
        *(_cpu_network(CPU_DSPRITES, "vae", 1_600, seed) for seed in (1, 2)),
        *(_cpu_types(kind, "fc", seed) for seed in (3, 4, 5, 6) for kind in TYPES),
        *(_cpu_maps(data, seed) for seed in (1, 2) for data in CPU_MAPS_DATA),
    ]


def longer() -> list[StudyRun]:
    """Figure 3.4 at a tenth of the thesis's steps: the plain VAE and the capacity-controlled one, with fc."""
    return [
        _cpu_types(kind, "fc", seed, LONGER_STEPS, "longer") for seed in (0, 1, 2) for kind in ("vae", "capacity")
    ]


def _cpu_types(
    kind: str, pair: str, seed: int, steps: int = CPU_TYPES_STEPS, experiment: str = "types"
) -> StudyRun:
    model = _cpu_window_autoencoder(kind, pair, GENTLE, CPU_TYPES_PART)
    training = _training(kind, steps, 30, 128, CPU_RATE, steps, seed=seed)
    return _run(experiment, CPU_TYPES_DATA, kind, pair, model, training)


def _cpu_codes(kind: str, pair: str) -> StudyRun:
    model = _cpu_window_autoencoder(kind, pair, STRONG, CPU_CODES_PART)
    training = _training(kind, CPU_CODES_STEPS, 20, 64, CPU_RATE, CPU_CODES_STEPS // 2)
    return _run("codes", CPU_CODES_DATA, kind, pair, model, training)


def _cpu_window_autoencoder(kind: str, pair: str, capacity: dict, part: int) -> ModelConfig:
    """An autoencoder of whole images with one in `part` of the pixels."""
    capacity = {**capacity, "gamma": capacity["gamma"] / part}
    weight = {"bottleneck.beta": 1 / part} if kind == "vae" else {}
    return _model("window_autoencoder", 10, kind, capacity, pair=pair, kernels=CPU_KERNELS, **weight)


def _cpu_network(data: DataConfig, kind: str, steps: int, seed: int = 0) -> StudyRun:
    options = {"classes": _classes(data.source), "window": 4, "strides": 2, "filters": (8, 8), "units": 128}
    options |= {"bottleneck.beta": CPU_BETA} if kind == "vae" else {}
    model = _model("cnn_lea", 5 if kind == "vae" else 10, kind, STRONG, **options)
    training = _training(kind, steps, 20, 64, CPU_RATE, steps, label=_label(data.source), seed=seed)
    return _run("network", data, kind, "fc", model, training)


def _cpu_maps(data: DataConfig, seed: int = 0) -> StudyRun:
    options = {"classes": _classes(data.source), "window": 4, "strides": 1, "units": 16}
    model = _model("lea_fc", 10, "capacity", STRONG, **options)
    label = _label(data.source)
    training = _training("capacity", CPU_MAPS_STEPS, 10, 64, CPU_RATE, CPU_MAPS_STEPS, label=label, seed=seed)
    return _run("maps", data, "capacity", "fc", model, training)


def quick() -> list[StudyRun]:
    """Every kind of run once, on the embedded 8×8 digits, in less than a minute."""
    data = DataConfig("digits", train="all[:600]", validation="all[600:800]", test="all[800:1000]")
    steps = {"steps": 40, "evaluations": 4, "batch_size": 64, "rate": 3e-3, "rise": 40}
    window = {"classes": 10, "window": 4, "units": 8}
    types = ("standard", "fc"), ("vae", "sb")
    runs = []
    for kind, pair in types:
        model = _model("window_autoencoder", 6, kind, GENTLE, pair=pair, kernels=4)
        runs.append(_run("types", data, kind, pair, model, _training(kind, **steps)))
    for architecture, experiment, kind, options in (
        ("window_autoencoder", "codes", "capacity", {"pair": "fc"}),
        ("cnn_lea", "network", "vae", {"strides": 2, "filters": (4, 4), **window}),
        ("lea_fc", "maps", "capacity", {"strides": 1, **window}),
    ):
        model = _model(architecture, 4, kind, STRONG, **options)
        runs.append(_run(experiment, data, kind, "fc", model, _training(kind, **steps)))
    return runs


STUDY = Study(
    name="locally_embedded",
    title="autoencoder types, alone and as LEAs in networks (Tables 3.1 and 3.2, Figures 3.3 to 4.4, 5.1 and 5.2)",
    presets={"paper": paper, "cpu": cpu, "seeds": seeds, "longer": longer, "quick": quick},
)

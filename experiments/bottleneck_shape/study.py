"""The bottleneck-shape study: the paper's CAEs at the scale of two cores, and all presets."""

from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import ceil

from experiments.bottleneck_shape.grid import SEEDS, codes, shaped
from experiments.bottleneck_shape.paper import SCALING_SEEDS, paper, paper_scaling
from keras_ae.runs import DataConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun

# Two cores: images of 32 pixels, three strided layers, one residual block, so that codes are 4, 8 or 16 pixels a
# side. A twelfth is the least compression that gives a whole number of channels at all three sizes.
CPU_MODEL = ("strided_layers=3", "residual_blocks=1")
CPU_COMPRESSIONS = (Fraction(1, 12), Fraction(1, 4), Fraction(1))
CPU_IMAGES, CPU_EPOCHS, CPU_BATCH = 1_000, 48, 32
CPU_SCALING_IMAGES = (500, 2_500, 12_500, 45_000)
CPU_SCALING_CODES = ("4x4x16", "4x4x48", "8x8x4", "8x8x12")
NOISE = 0.1  # standard deviation, of images in [0, 1]
# What keeps a CAE from copying: with instance normalisation but for the last unit, and with none at all.
COPYING_CODES, COPYING_STEPS = ("8x8x48", "16x16x12", "16x16x48"), 6_144
UNNORMALIZED = ("normalize_output=False", "output_activation='sigmoid'")
COPYING_NORMS = {"inside": UNNORMALIZED, "none": ("normalize=False", *UNNORMALIZED)}
RETRAINED = "experiments.bottleneck_shape.halves:retrained"
CPU_STEPS = CPU_EPOCHS * ceil(CPU_IMAGES / CPU_BATCH)
# Figure 4 with the seeds of the paper's third experiment, and four times the steps of `cpu`.
SEEDED_IMAGES, SEEDED_CODES, SEEDED_STEPS = (500, 5_000, 45_000), ("4x4x48", "8x8x12"), 6_144
PROBED_IMAGES = 10_000  # as in the paper: with fewer, classifiers' scores and similarities are largely chance
# Whether what codes hold depends on how long CAEs were trained: the least and the most channels, at four times.
LONGER = 4
LONGER_COMPRESSIONS = (CPU_COMPRESSIONS[0], CPU_COMPRESSIONS[-1])

CIFAR = DataConfig("cifar10", train=f"train[:{CPU_IMAGES}]", validation="test[:500]", test="test[500:1500]")
MNIST = replace(CIFAR, source="mnist", pad=(2, 2))
DSPRITES = replace(
    CIFAR,
    source="dsprites",
    image_size=(32, 32),
    train=f"train[:{CPU_IMAGES}]",
)


def _cpu_training(seed: int, times: int = 1) -> TrainingConfig:
    return TrainingConfig(times * CPU_STEPS, CPU_EPOCHS // 2, CPU_BATCH, 5e-4, seed=seed)


def cpu() -> list[StudyRun]:
    """The same questions on two cores: 3 sizes × 3 compressions × 3 seeds of CIFAR-10, and fewer of the rest."""
    grid = [code for code, _ in codes((32, 32, 3), 3, CPU_COMPRESSIONS)]
    wide = [code for code, _ in codes((32, 32, 3), 3, (Fraction(4),))]  # over-complete, which the paper asks for
    narrow = [code for code, _ in codes((32, 32, 1), 3, (Fraction(1, 4), Fraction(1)))]
    gray = (*CPU_MODEL, "width=3")
    return [
        *(
            shaped("dynamics", CIFAR, code, CPU_MODEL, _cpu_training(s), CPU_IMAGES)
            for s in SEEDS
            for code in grid
        ),
        *(shaped("dynamics", MNIST, code, gray, _cpu_training(0), CPU_IMAGES) for code in narrow),
        *(shaped("overcomplete", CIFAR, code, CPU_MODEL, _cpu_training(0), CPU_IMAGES) for code in wide),
        *_cpu_scaling(),
        *(shaped("dynamics", DSPRITES, code, gray, _cpu_training(0), CPU_IMAGES) for code in narrow),
    ]


def _cpu_scaling() -> list[StudyRun]:
    return [
        shaped(
            "scaling",
            replace(CIFAR, train=f"train[:{images}]"),
            code,
            CPU_MODEL,
            _cpu_training(SCALING_SEEDS[0]),
            images,
        )
        for images in CPU_SCALING_IMAGES
        for code in CPU_SCALING_CODES
    ]


def scaling() -> list[StudyRun]:
    """Figure 4 on two cores: two sizes of map at equal length, three amounts of data, three seeds."""
    return [
        shaped(
            "scaling",
            replace(CIFAR, train=f"train[:{images}]"),
            code,
            CPU_MODEL,
            TrainingConfig(SEEDED_STEPS, 24, CPU_BATCH, 5e-4, seed=seed),
            images,
        )
        for images in SEEDED_IMAGES
        for seed in SCALING_SEEDS
        for code in SEEDED_CODES
    ]


def probed(compressions=CPU_COMPRESSIONS, times: int = 1) -> list[StudyRun]:
    """Sections 3.2 and 3.4 on two cores: the codes of `cpu`, of as many seen and unseen images as in the paper.

    Args:
        compressions: Code values an image value; each with every size and seed.
        times: How many times as long as `cpu` they are trained.
    """
    data = replace(
        CIFAR,
        train=f"train[:{PROBED_IMAGES}]",
        validation="train[-500:]",
        test=f"test[:{PROBED_IMAGES}]",
    )
    return [
        shaped("dynamics", data, code, CPU_MODEL, _cpu_training(seed, times), PROBED_IMAGES)
        for seed in SEEDS
        for code, _ in codes((32, 32, 3), 3, compressions)
    ]


def halves() -> list[StudyRun]:
    """Of CAEs that `cpu` has trained on few images one half anew, on all images but those of the tests."""
    data, images = replace(CIFAR, train=f"train[:{CPU_SCALING_IMAGES[-1]}]"), CPU_SCALING_IMAGES[-1]
    runs = []
    for code, _ in codes((32, 32, 3), 3, (Fraction(1, 4),)):
        trained = f"runs/study/bottleneck_shape/cpu/dynamics-cifar10-{code}-seed0/model.keras"
        for new in ("encoder", "decoder"):
            options = f"trained={trained!r}", f"new={new!r}"
            run = shaped("halves", data, code, options, _cpu_training(0), images, RETRAINED)
            runs.append(StudyRun(f"{run.name}-new-{new}", {**run.choices, "new": new}, run.config))
    return runs


def copying() -> list[StudyRun]:
    """Complete and over-complete codes on many images, which nothing behind the code keeps from a copy."""
    images = CPU_SCALING_IMAGES[-1]
    data, runs = replace(CIFAR, train=f"train[:{images}]"), []
    for seed in SEEDS:
        training = TrainingConfig(COPYING_STEPS, 24, CPU_BATCH, 5e-4, seed=seed)
        for norms, options in COPYING_NORMS.items():
            for code in COPYING_CODES:
                run = shaped("copying", data, code, (*CPU_MODEL, *options), training, images)
                runs.append(StudyRun(f"{run.name}-norms-{norms}", {**run.choices, "norms": norms}, run.config))
    return runs


def denoising() -> list[StudyRun]:
    """CAEs that learn to take noise away, by size of the map at equal numbers of code values."""
    runs = []
    for code, _ in codes((32, 32, 3), 3, (Fraction(1, 4),)):
        training = replace(_cpu_training(0), noise=NOISE)
        runs.append(shaped("denoising", CIFAR, code, CPU_MODEL, training, CPU_IMAGES))
    return runs


def precision() -> list[StudyRun]:
    """The runs of one code that `cpu` trains in float32, in bfloat16: whether they end at the same error."""
    code = codes((32, 32, 3), 3, (Fraction(1, 4),))[0][0]
    trainings = [replace(_cpu_training(seed), precision="mixed_bfloat16") for seed in SEEDS]
    return [shaped("precision", CIFAR, code, CPU_MODEL, training, CPU_IMAGES) for training in trainings]


def digits() -> list[StudyRun]:
    """Small models of the embedded digits, which the notebook opens."""
    data = DataConfig("digits", train="all[:1200]", validation="all[1200:1500]", test="all[1500:]")
    options = ("strided_layers=2", "residual_blocks=1", "width=4")
    training = TrainingConfig(3000, 30, 32, 1e-3)
    grid = ("2x2x4", "2x2x16", "4x4x1", "4x4x4", "8x8x1")
    return [shaped("dynamics", data, code, options, training, 1_200) for code in grid]


def quick() -> list[StudyRun]:
    """Two sizes of code on the embedded 8×8 digits, in a minute."""
    data = DataConfig("digits", train="all[:1000]", validation="all[1000:1300]", test="all[1300:]")
    options = ("strided_layers=2", "residual_blocks=1", "width=2")
    training = TrainingConfig(60, 3, 64, 2e-3)
    return [
        shaped("dynamics", data, code, options, training, 1_000) for code in ("2x2x4", "4x4x1", "2x2x16", "4x4x4")
    ]


STUDY = Study(
    name="bottleneck_shape",
    title="size against channels of convolutional codes (Figures 1 to 5)",
    presets={
        "paper": paper,
        "paper-scaling": paper_scaling,
        "cpu": cpu,
        "copying": copying,
        "scaling": scaling,
        "probed": probed,
        "probed-longer": partial(probed, LONGER_COMPRESSIONS, LONGER),
        "halves": halves,
        "denoising": denoising,
        "precision": precision,
        "digits": digits,
        "quick": quick,
    },
)

"""How large the five analyses are: as in the thesis, on two cores, and for a look."""

from dataclasses import dataclass, replace

from experiments.locally_embedded.study import ALL, BATCHES, CPU_BETA, KERNEL_SIZE, SIZES
from keras_ae.runs import DataConfig

EXPERIMENTS = ("equivariance", "pooling", "samples", "robustness", "regularization")
KINDS, PAIRS = ("standard", "vae", "capacity"), ("fc", "conv", "sb")
WEIGHTS = (1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4)  # λ of section 5.6
SUBSETS = (10, 500, 5_000, 50_000)


@dataclass(frozen=True)
class Training:
    """How the models of one analysis are trained.

    Attributes:
        steps: Training steps, or epochs of the images that there are.
        evaluations: How often the test images are looked at.
        seeds: So many.
        epochs: Whether `steps` are epochs.
        rise: Part of the training over which a capacity rises.
    """

    steps: int
    evaluations: int
    seeds: int
    epochs: bool = False
    rise: float = 1.0


@dataclass(frozen=True)
class Scale:
    """How large the five analyses are.

    Attributes:
        data, images, batch: Of sections 5.2 to 5.5: which images, how many to train on, how many a step.
        attacked: The images of section 5.5; None for those of the others.
        objects, object_images, object_batch: Of section 5.6.
        convolutions: Options of Classic and CNN-LEA, whose filters the thesis leaves open.
        options: Of all models.
        leas: Of all window autoencoders.
        rate: Of Adam.
        beta: Of the VAEs in CNN-LEAs.
        training: By analysis.
        passes: 2 trains main parameters first and LEAs second, as the thesis does; 1 is faster.
        equivariant: Types of the CNN-LEAs beside the Classic.
        windows, lengths, pooled: Sides of the windows that are pooled; lengths and types of the LEAs beside.
        subsets: Numbers of images to train on.
        robust: Types and pairs of the CNN-LEAs that are attacked beside the Classic.
        weights: λ.
    """

    data: DataConfig
    images: int
    batch: int
    objects: DataConfig
    object_images: int
    object_batch: int
    convolutions: tuple[str, ...]
    options: tuple[str, ...]
    leas: tuple[str, ...]
    rate: float
    training: dict[str, Training]
    passes: int = 1
    attacked: DataConfig | None = None
    equivariant: tuple[str, ...] = ("vae",)
    windows: tuple[int, ...] = (2, 4, 8, 16, 32, 64)
    lengths: tuple[int, ...] = (1, 10)
    pooled: tuple[str, ...] = ("standard", "vae")
    subsets: tuple[int, ...] = SUBSETS
    beta: float = 1.0
    robust: tuple[tuple[str, str], ...] = tuple((kind, pair) for kind in KINDS for pair in PAIRS)
    weights: tuple[float, ...] = WEIGHTS


PAPER = Scale(
    data=DataConfig("dsprites", **ALL),
    images=SIZES["dsprites"],
    batch=BATCHES["dsprites"],
    objects=DataConfig("cifar10", **ALL),
    object_images=SIZES["cifar10"],
    object_batch=BATCHES["cifar10"],
    convolutions=(),
    options=(),
    leas=(KERNEL_SIZE,),
    rate=1e-4,
    passes=2,
    training={
        "equivariance": Training(50, 50, seeds=10, epochs=True),
        "pooling": Training(100, 100, seeds=10, epochs=True),
        "samples": Training(20, 20, seeds=10, epochs=True),
        "robustness": Training(100, 100, seeds=10, epochs=True),
        "regularization": Training(200, 200, seeds=10, epochs=True, rise=25 / 200),
    },
)
# Figure 5.6 on few images is cheap as the thesis has it; but for fewer seeds and test images.
FEW = replace(
    PAPER,
    data=replace(PAPER.data, validation="test[:100]", test="test[1000:1100]"),
    training={"samples": Training(20, 20, seeds=5, epochs=True)},
    subsets=(10, 500),
)
# Two cores: images of half the side, fewer steps, narrow models, ten times the learning rate.
CPU = Scale(
    data=DataConfig(
        "dsprites", image_size=(32, 32), train="train[:50000]", validation="test[:2000]", test="test[2000:4000]"
    ),
    images=50_000,
    batch=32,
    objects=DataConfig("cifar10", train="train[:5000]", validation="test[:2000]", test="test[2000:4000]"),
    object_images=5_000,
    object_batch=32,
    convolutions=("filters=(4, 8)",),
    options=("units=128",),
    leas=(KERNEL_SIZE, "kernels=12"),  # conv and sb make as many features of a window: more than codes
    rate=1e-3,
    training={
        "equivariance": Training(4_000, 10, seeds=2),
        "pooling": Training(3_000, 10, seeds=3),
        "samples": Training(1_500, 20, seeds=3),  # as many for every subset: see the README
        "robustness": Training(1_500, 10, seeds=2),
        "regularization": Training(10, 10, seeds=2, epochs=True, rise=25 / 200),
    },
    # In so few steps only LEAs with fc learn the shapes of dSprites, but all of them learn digits.
    attacked=DataConfig("mnist", train="train[:50000]", validation="test[:2000]", test="test[2000:4000]"),
    equivariant=("vae", "standard"),
    windows=(2, 4, 8, 16, 32),
    beta=CPU_BETA,
)
# Figure 5.4 for a tenth of the thesis's steps, with about as many filters as its LEAs have codes: with (4, 8) the
# Classic has fewer values to hand on.
PROBED = replace(
    CPU,
    convolutions=("filters=(12, 12)",),
    training={"equivariance": Training(4_690, 10, seeds=3)},
    equivariant=("vae",),
)
# Figure 5.6 on many images, for a tenth of the thesis's steps.
MANY = replace(CPU, training={"samples": Training(1_600, 20, seeds=3)}, subsets=(5_000, 50_000))
# λ for a tenth of the thesis's steps.
LONGER = replace(CPU, training={"regularization": Training(50, 50, seeds=2, epochs=True, rise=25 / 200)})
# The attacks on shapes, as in the thesis, of the classifiers that learn them in so few steps.
SHAPES = replace(
    CPU,
    attacked=None,
    training={"robustness": Training(4_000, 10, seeds=3)},
    robust=(("standard", "fc"), ("vae", "fc")),
)
_DIGITS = DataConfig("digits", train="all[:600]", validation="all[600:800]", test="all[800:1000]")
QUICK = Scale(
    data=_DIGITS,
    images=600,
    batch=32,
    objects=_DIGITS,
    object_images=600,
    object_batch=32,
    convolutions=("filters=(4, 4)",),
    options=("units=16",),
    leas=(KERNEL_SIZE, "kernels=4"),
    rate=1e-2,
    training={name: Training(60, 4, seeds=1) for name in EXPERIMENTS},
    windows=(2,),
    pooled=("standard",),
    subsets=(10,),
    robust=(("standard", "fc"),),
    weights=(0.1,),
)

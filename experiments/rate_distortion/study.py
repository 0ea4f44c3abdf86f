"""Bits and errors of maps of three sizes, of decorrelated codes, and of codes that are trained for their bits."""

from dataclasses import dataclass, replace

from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun

SEEDS = (0, 1, 2)
WEIGHTS = (1e-3,)  # of the bits per pixel beside the mean squared error
STEP = 0.125  # that codes trained for their bits are rounded to multiples of
ALPHAS = (1e-4, 1e-3)  # of the penalty on correlations, ½·Σ_{i≠j} r²
DENSE, CODED, DECORRELATED = "dense", "entropy_coded", "decorrelated"
# Not the network of the first paper, whose normalisation hides each image's brightness: after 800 steps its
# reconstructions of tiles are at 17 dB, whatever the map, those of this network at 25 to 28.
NETWORK, FILTERS = "compressive", "filters=16"
TRAINING = TrainingConfig(steps=800, evaluations=4, batch_size=32, learning_rate=3e-3, schedule="cosine")
FEWER = 8  # images of 64 pixels in a step: as many pixels as 32 of 32


@dataclass(frozen=True)
class Images:
    """Images of one kind, and maps of as many values for them.

    Attributes:
        data: The images.
        codes: Maps, smallest first: a quarter of the image's values each.
        batch_size: Images in a step.
    """

    data: DataConfig
    codes: tuple[str, ...]
    batch_size: int = TRAINING.batch_size


# What `python -m experiments.rate_distortion.images` makes.
PHOTOGRAPHS, TILES = "runs/images/photographs.npz", "runs/images/tiles.npz"
IMAGES = {
    "mnist": Images(
        DataConfig("mnist", pad=(2, 2), train="train[:10000]", validation="train[-1000:]", test="test[:1000]"),
        ("4x4x16", "8x8x4", "16x16x1"),
    ),
    "cifar10": Images(
        DataConfig("cifar10", train="train[:10000]", validation="train[-1000:]", test="test[:1000]"),
        ("4x4x48", "8x8x12", "16x16x3"),
    ),
    "photographs": Images(
        DataConfig(f"npz:{PHOTOGRAPHS}", validation_fraction=0.1),
        ("8x8x48", "16x16x12", "32x32x3"),
        FEWER,
    ),
    "tiles": Images(
        DataConfig(f"npz:{TILES}", validation_fraction=0.1),
        ("8x8x16", "16x16x4", "32x32x1"),
        FEWER,
    ),
}


def quick() -> list[StudyRun]:
    """The embedded 8×8 digits: two maps, one weight and one seed."""
    training = TrainingConfig(steps=60, evaluations=2, batch_size=32, learning_rate=3e-3)
    digits = Images(DataConfig("digits", limit=200), ("2x2x4", "4x4x1"))
    return _runs("digits", digits, training, (0,), WEIGHTS[:1], ALPHAS[:1])


def cpu() -> list[StudyRun]:
    """All four kinds of images, three seeds: 96 runs, those of one kind after the other."""
    return [
        run for name, images in IMAGES.items() for run in _runs(name, images, TRAINING, SEEDS, WEIGHTS, ALPHAS)
    ]


def only(name: str):
    """A preset with the runs of `cpu` on one kind of images."""
    return lambda: [run for run in cpu() if run.choices["data"] == name]


def _runs(name: str, images: Images, training: TrainingConfig, seeds, weights, alphas) -> list[StudyRun]:
    """For each seed a dense code of each size, the same trained for its bits, and decorrelated ones."""
    runs = []
    for seed in seeds:
        trained = replace(training, seed=seed, batch_size=images.batch_size)
        for code in images.codes:
            runs.append(_run(name, images, trained, code, DENSE))
            runs += [_run(name, images, trained, code, CODED, weight=weight) for weight in weights]
        middle = images.codes[len(images.codes) // 2]
        runs += [_run(name, images, trained, middle, DECORRELATED, alpha=alpha) for alpha in alphas]
    return runs


def _run(name: str, images: Images, training: TrainingConfig, code: str, bottleneck: str, **options) -> StudyRun:
    chosen = [f"bottleneck.{option}={value:g}" for option, value in options.items()]
    if bottleneck == DECORRELATED:
        chosen.append("bottleneck.form='correlation'")
    if bottleneck == CODED:
        chosen.append(f"bottleneck.step={STEP:g}")
    model = ModelConfig(NETWORK, code, bottleneck, (FILTERS, *chosen))
    data = replace(images.data, split_seed=0)  # the same images for each seed
    choices = {"data": name, "code": code, "bottleneck": bottleneck, **options, "seed": training.seed}
    parts = [name, code, bottleneck, *(f"{value:g}" for value in options.values()), f"seed{training.seed}"]
    return StudyRun("-".join(parts), choices, RunConfig(data, model, training))


STUDY = Study(
    name="rate_distortion",
    title="bits and errors: maps of three sizes, decorrelated codes, codes trained for their bits",
    presets={"quick": quick, "cpu": cpu, **{name: only(name) for name in IMAGES}},
)

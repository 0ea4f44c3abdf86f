"""The paper's own experiments: their data sets, codes and training."""

from dataclasses import replace
from fractions import Fraction
from math import ceil

from experiments.bottleneck_shape.grid import SEEDS, codes, shaped
from keras_ae.runs import DataConfig, TrainingConfig
from keras_ae.studies import StudyRun

COMPRESSIONS = (
    Fraction(1, 64),
    Fraction(1, 16),
    Fraction(1, 4),
    Fraction(1),
)  # code values an image value (eq. 6)
SCALING_SEEDS = (3, 4, 5)  # other ones than the first experiment's

# The paper's test images are watched after every epoch: in this library's terms they are validation images. "test"
# are further images that no run has seen.
PAPER_DATA = {
    "pokemon": (DataConfig("pokemon", image_size=(128, 128), train="all[:634]", validation="all[634:]"), 634),
    "celeb_a": (
        DataConfig(
            *("celeb_a", None, (0, 7), (192, 192), (96, 96)),
            train="all[:10000]",
            validation="all[-2000:]",
            test="all[-12000:-2000]",
        ),
        10_000,
    ),
    "stl10": (DataConfig("stl10", train="unlabelled[:10000]", validation="unlabelled[-2000:]"), 10_000),
}
PAPER_SHAPES = {"pokemon": (128, 128, 3), "celeb_a": (96, 96, 3), "stl10": (96, 96, 3)}
SCALING_PERCENT = (1, 5, 10, 25, 50, 95)
SCALING_CODES = ("3x3x48", "3x3x192", "6x6x12", "6x6x48")  # two pairs with equal numbers of values
SCALING_STEPS, SCALING_BATCH = 35_000, 128


def paper() -> list[StudyRun]:
    """Section 3.1: 12 codes of 3 data sets, 3 seeds: 108 runs of 1,000 epochs."""
    runs = []
    for name, (data, images) in PAPER_DATA.items():
        epoch = ceil(images / 32)
        for code, _ in codes(PAPER_SHAPES[name], 5, COMPRESSIONS):
            for seed in SEEDS:
                training = TrainingConfig(1000 * epoch, 1000, 32, 5e-4, seed=seed)
                runs.append(shaped("dynamics", data, code, (), training, images))
    return runs


def paper_scaling() -> list[StudyRun]:
    """Section 3.3: four codes, six amounts of CelebA, 3 further seeds: 72 runs of 35,000 steps.

    None trains on the last 5 %: most of them are watched, and the last 2,000 measured at the end.
    """
    base, _ = PAPER_DATA["celeb_a"]
    runs = []
    for percent in SCALING_PERCENT:
        data = replace(base, train=f"all[:{percent}%]", validation="all[95%:-2000]", test="all[-2000:]")
        for code in SCALING_CODES:
            for seed in SCALING_SEEDS:
                training = TrainingConfig(SCALING_STEPS, 100, SCALING_BATCH, 5e-4, seed=seed)
                runs.append(shaped("scaling", data, code, (), training, round(202_599 * percent / 100)))
    return runs

"""Runs of the bottleneck-shape study: codes of three sizes and several channel counts, all else identical."""

from fractions import Fraction

from keras_ae.code_shapes import code_channels, code_sizes
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig
from keras_ae.studies import StudyRun

SIZES = 3  # the three smallest code sizes (eq. 5)
SEEDS = (0, 1, 2)


def codes(image_shape, strided_layers: int, compressions) -> list[tuple[str, Fraction]]:
    """(code, compression) of the grid that equations 5 and 6 span."""
    return [
        (f"{size[0]}x{size[1]}x{code_channels(image_shape, size, compression)}", compression)
        for size in code_sizes(image_shape, strided_layers)[:SIZES]
        for compression in compressions
    ]


def shaped(
    experiment: str,
    data: DataConfig,
    code: str,
    options,
    training: TrainingConfig,
    images: int,
    architecture: str = "convolutional",
) -> StudyRun:
    """The run of a CAE with one code; its choices are what the tables sort by."""
    size, _, channels = (int(side) for side in code.split("x"))
    choices = {
        "experiment": experiment,
        "data": data.source,
        "code": code,
        "size": size,
        "channels": channels,
        "images": images,
        "seed": training.seed,
    }
    amount = f"-{images}" if experiment == "scaling" else ""
    name = f"{experiment}-{data.source}{amount}-{code}-seed{training.seed}"
    return StudyRun(name, choices, RunConfig(data, ModelConfig(architecture, code, options=options), training))

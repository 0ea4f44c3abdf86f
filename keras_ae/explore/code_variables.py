"""The values of a code as variables with sliders: their names, places, ranges, and whether they vary."""

from dataclasses import dataclass

import numpy as np

REACH = 3.0  # standard deviations on either side of the mean
ACTIVE = 0.01  # of the largest variance, below which a code variable counts as unused


@dataclass(frozen=True)
class CodeVariable:
    """One value of the code, with its place and range.

    Attributes:
        index: Place in the flattened code.
        name: Such as "variable 3", counted from 1, or "row 1, column 2, channel 3" of a map.
        mean, deviation: Mean and standard deviation over the codes of training images; 0 and 1 without images.
        low, high: Ends of its slider: three deviations on either side of the mean.
        active: Whether it varies: its variance is at least 1 % of the largest one (after the active units of
            Burda et al., 2016, "Importance weighted autoencoders", section 5.3).

    Example:
        >>> variable = code_variables(np.zeros(2), np.ones(2), code_shape=(2,))[0]
        >>> variable.name, variable.low, variable.high, variable.active
        ('variable 1', -3.0, 3.0, True)
    """

    index: int
    name: str
    mean: float
    deviation: float
    low: float
    high: float
    active: bool


def code_variables(means: np.ndarray, deviations: np.ndarray, code_shape: tuple[int, ...]) -> list[CodeVariable]:
    """Returns all variables of a code, the most varying first.

    Args:
        means, deviations: Mean and standard deviation [d] of each value.
        code_shape: Shape of the code, with d values.
    """
    largest = max(float(deviations.max()), float(np.finfo(np.float32).tiny))
    order = np.argsort(-deviations, kind="stable")
    return [_variable(int(i), float(means[i]), float(deviations[i]), largest, code_shape) for i in order]


def _variable(
    index: int, mean: float, deviation: float, largest: float, code_shape: tuple[int, ...]
) -> CodeVariable:
    reach = REACH * max(deviation, 0.01 * largest)  # so that even a constant variable can be moved
    place = np.unravel_index(index, code_shape)
    parts = zip(("row", "column", "channel"), place, strict=False)
    name = f"variable {index + 1}" if len(place) == 1 else ", ".join(f"{part} {at + 1}" for part, at in parts)
    active = deviation**2 >= ACTIVE * largest**2
    return CodeVariable(index, name, mean, deviation, mean - reach, mean + reach, active)

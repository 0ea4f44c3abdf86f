"""Where learning curves still fall: how much lower the error would be after more steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log

import numpy as np

FEWEST = 4  # evaluations to fit a line to
GAIN = 0.1  # relative gain in error that is worth more steps
LEAST = 0.01  # relative gain by twice the steps below which a curve counts as flat
MOST = 100  # times the steps made: what would take longer is not foretold


@dataclass(frozen=True)
class Trend:
    """How a learning curve continues if it follows the power law of its second half.

    A cooldown at the end is assumed to lower the error by the same factor, however many steps come before it.

    Attributes:
        steps: Steps made.
        exponent: The error is proportional to steps ** exponent; below 0 if it falls.
        deviation: The standard error of `exponent`.

    Example:
        >>> falling = Trend(steps=600, exponent=-0.5, deviation=0.01)
        >>> round(falling.by_twice_the_steps, 3), falling.steps_for_a_tenth
        (-0.293, 141)
    """

    steps: int
    exponent: float
    deviation: float

    @property
    def falls(self) -> bool:
        """Whether the curve falls by more than its noise, two standard errors, and by 1 % by twice the steps."""
        return self.exponent + 2 * self.deviation < 0 and 1 - 2**self.exponent >= LEAST

    @property
    def by_twice_the_steps(self) -> float | None:
        """Relative change of the error after as many steps again; None if the curve does not fall."""
        return 2**self.exponent - 1 if self.falls else None

    @property
    def steps_for_a_tenth(self) -> int | None:
        """Further steps that take a tenth off the error; None if it does not fall, or over 100 times as many."""
        if not self.falls:
            return None
        times = exp(log(1 - GAIN) / self.exponent) - 1
        return ceil(self.steps * times) if times <= MOST else None


def trend(curve: Sequence[tuple[int, float]], cooled: float = 0.0) -> Trend | None:
    """Fits a line to the second half of a learning curve, in logarithms of steps and errors.

    Args:
        curve: Steps and errors above 0.
        cooled: Fraction of the steps, at the end, in which the learning rate falls: they are left out.

    Returns:
        The trend; None with fewer than four evaluations in the second half of the remaining curve.

    Example:
        >>> half = trend([(step, 3 / step) for step in range(10, 200, 10)])
        >>> round(half.exponent, 6), half.steps
        (-1.0, 190)
    """
    total = int(curve[-1][0])
    steady = (1 - cooled) * total
    last = [(step, error) for step, error in curve if steady / 2 <= step <= steady and error > 0]
    if len(last) < FEWEST:
        return None
    steps, errors = np.log(np.array(last, np.float64)).T
    (exponent, _), residuals, *_ = np.polyfit(steps, errors, 1, full=True)
    left = float(residuals[0]) if len(residuals) else 0.0
    spread = float(np.sum((steps - steps.mean()) ** 2))
    deviation = (left / (len(last) - 2) / spread) ** 0.5
    return Trend(total, float(exponent), deviation)

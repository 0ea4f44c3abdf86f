"""The rule by which a comparison recommends a bottleneck."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import fmean, stdev

from keras_ae._support.errors import InputError
from keras_ae._support.intervals import interval


@dataclass(frozen=True)
class Measured:
    """What a candidate is selected by.

    Attributes:
        name: The candidate's name.
        code_values: Number of values of its code.
        error: Error on validation images; lower is better.
        standard_error: Standard error of `error`; 0 if it is not known, which makes the best one chosen.

    Example:
        >>> small = Measured("small", code_values=16, error=0.011)
        >>> large = Measured("large", code_values=64, error=0.010, standard_error=0.002)
        >>> choice = select([small, large])
        >>> choice.best, choice.recommended, round(choice.threshold, 6)
        ('large', 'small', 0.012)
    """

    name: str
    code_values: int
    error: float
    standard_error: float = 0.0


@dataclass(frozen=True)
class Choice:
    """The recommended candidate, the best one, and the error that a recommendation had to reach."""

    recommended: str
    best: str
    threshold: float


def select(candidates: Sequence[Measured], max_code: int | None = None) -> Choice:
    """Chooses by the one-standard-error rule (Breiman et al., 1984), among the codes that are small enough.

    Args:
        candidates: What to choose from.
        max_code: The largest number of code values allowed.

    Raises:
        ValueError: No candidate is left to choose from.

    Example:
        >>> select([Measured("large", 64, 0.010, 0.002), Measured("small", 16, 0.011)]).recommended
        'small'
    """
    allowed = [one for one in candidates if max_code is None or one.code_values <= max_code]
    if not allowed:
        raise ValueError("no candidate to choose from")
    best = min(allowed, key=lambda one: one.error)
    threshold = best.error + best.standard_error
    near = [one for one in allowed if one.error <= threshold]
    recommended = min(near, key=lambda one: (one.code_values, one.error))
    return Choice(recommended.name, best.name, threshold)


def check_max_code(sizes: Iterable[int], max_code: int | None) -> None:
    """Refuse (`InputError`) codes that all have more values than a recommended one may have."""
    smallest = min(sizes)
    if max_code is not None and smallest > max_code:
        received, expected = f"no code of at most {max_code} values", f"at least {smallest}"
        raise InputError(received, expected, "give a larger --max-code, or smaller --codes")


def frontier(candidates: Sequence[Measured]) -> tuple[str, ...]:
    """Returns the names of the candidates that no other beats with as small a code, smallest code first.

    Example:
        >>> frontier([Measured("tiny", 4, 0.3), Measured("small", 8, 0.4), Measured("large", 16, 0.1)])
        ('tiny', 'large')
    """
    names, lowest = [], float("inf")
    for one in sorted(candidates, key=lambda one: (one.code_values, one.error)):
        if one.error < lowest:
            names.append(one.name)
            lowest = one.error
    return tuple(names)


def over_seeds(seeds: Sequence[Measured]) -> Measured:
    """Combines the results of several seeds of one candidate, measured on the same images.

    The error is the mean, and its standard error is √(ē² + s² / n): ē is the mean of the seeds' standard errors
    over images (that of their mean error is no larger), s the standard deviation of the n seeds' errors.

    Example:
        >>> one = over_seeds([Measured("a", 4, 0.01, 0.003), Measured("a", 4, 0.03, 0.003)])
        >>> round(one.error, 6), round(one.standard_error, 6)
        (0.02, 0.01044)
    """
    errors = [one.error for one in seeds]
    over_images = fmean(one.standard_error for one in seeds)
    spread = stdev(errors) if len(errors) > 1 else 0.0
    standard_error = sqrt(over_images**2 + spread**2 / len(errors))
    return replace(seeds[0], error=fmean(errors), standard_error=standard_error)


def not_told_apart(errors: Mapping[str, Sequence[float]], reference: str) -> tuple[str, ...]:
    """Names the candidates that seeds do not distinguish from one: 0 is in the interval of the mean difference.

    Args:
        errors: Each candidate's error for each seed, two or more, in the same order.
        reference: The candidate that the others are compared with.

    Returns:
        Names of the others whose paired differences have a 95 % interval (Student's t) that contains 0.

    Example:
        >>> not_told_apart({"a": [0.10, 0.12], "b": [0.11, 0.11], "c": [0.30, 0.32]}, "a")
        ('b',)
    """
    alike = []
    for name, values in errors.items():
        if name != reference:
            between = interval([one - other for one, other in zip(values, errors[reference], strict=True)])
            if between.low <= 0 <= between.high:
                alike.append(name)
    return tuple(alike)

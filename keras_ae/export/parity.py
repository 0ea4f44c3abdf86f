"""Checks that an exported model computes the same as the Keras model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from keras_ae._support.errors import InputError

TOLERANCE = 5e-5  # of an output's unit
STANDARD_ERRORS = 6


@dataclass(frozen=True)
class Parity:
    """The difference between an exported output and the Keras model's, and its limit.

    Attributes:
        difference: The largest |a − b| over all values.
        allowed: The largest accepted difference.

    Example:
        >>> Parity(difference=2e-6, allowed=5e-5).holds
        True
    """

    difference: float
    allowed: float

    @property
    def holds(self) -> bool:
        """Whether the difference is within the limit."""
        return self.difference <= self.allowed


def deviation(expected: np.ndarray, received: np.ndarray) -> float:
    """Returns the largest |a − b| over all values; infinite where shapes, NaNs or infinities differ.

    Example:
        >>> deviation(np.array([0.0, 2.0]), np.array([0.0, 2.5]))
        0.5
    """
    a, b = np.asarray(expected, np.float64), np.asarray(received, np.float64)
    if a.shape != b.shape:
        return float("inf")
    differ = (a != b) & ~(np.isnan(a) & np.isnan(b))
    a, b = a[differ], b[differ]
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    return float(np.max(np.abs(a - b), initial=0.0))


def check_parity(
    what: str,
    expected: Mapping[str, np.ndarray],
    received: Mapping[str, np.ndarray],
    allowed: Mapping[str, float] | None = None,
) -> Parity:
    """Compares all outputs but bool ones (decisions, which follow from the others); returns the worst difference.

    Args:
        what: Name of the endpoint or file, for the message.
        expected, received: Outputs of the Keras model and of the exported one, by name.
        allowed: The largest differences, by name, of outputs judged by their meaning: scores and maps, by how much
            those of normal images differ. Other outputs, images and codes, may differ by 5e-5 · max(1, max |a|).

    Raises:
        InputError: An output differs by more, or is missing.

    Example:
        >>> expected, received = {"codes": np.array([[1.0, 2.0]])}, {"codes": np.array([[1.0, 2.00001]])}
        >>> parity = check_parity("encode", expected, received)
        >>> round(parity.difference, 6), round(parity.allowed, 6)
        (1e-05, 0.0001)
    """
    if set(expected) != set(received):
        raise InputError(f"outputs {sorted(received)} of the exported {what}", f"{sorted(expected)}", "report it")
    compared = []
    for name, values in expected.items():
        values = np.asarray(values)
        if values.dtype != bool:
            finite = np.abs(values[np.isfinite(values)], dtype=np.float64)
            limit = (allowed or {}).get(name, TOLERANCE * max(1.0, np.max(finite, initial=0.0)))
            compared.append(Parity(deviation(values, received[name]), float(limit)))
    worst = max(compared, key=lambda parity: (not parity.holds, parity.difference / max(parity.allowed, 1e-300)))
    if not worst.holds:
        raise InputError(
            f"an exported {what} that differs from the Keras model by {worst.difference:.2g}",
            f"at most {worst.allowed:.2g}",
            "it is not kept; try another score or format, or report it",
        )
    return worst


def check_moments(what: str, expected: Iterable[np.ndarray], received: Iterable[np.ndarray]) -> Parity:
    """Compares the means of two random arrays, value by value; returns the largest difference in standard errors.

    Args:
        what: Name of the endpoint, for the message.
        expected, received: Batches [n, ...] of each array.

    Raises:
        InputError: The difference is above 6, or not a number.

    Example:
        >>> draw = np.random.default_rng(0).standard_normal
        >>> check_moments("sample", [draw((256, 2))], [draw((256, 2))]).holds
        True
        >>> check_moments("sample", [draw((256, 2))], [1 + draw((256, 2))])
        Traceback (most recent call last):
        InputError: received an exported sample whose mean differs by 10 standard errors; expected at most 6
    """
    (a, a_error), (b, b_error) = map(_mean_and_squared_error, (expected, received))
    worst = float(np.max(np.abs(a - b) / (np.sqrt(a_error + b_error) + 1e-6)))
    if not worst <= STANDARD_ERRORS:
        differs = f"an exported {what} whose mean differs by {worst:.2g} standard errors"
        raise InputError(differs, f"at most {STANDARD_ERRORS}")
    return Parity(worst, STANDARD_ERRORS)


def _mean_and_squared_error(batches: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and squared standard error of each value over all batches, with one held at a time."""
    count = 0
    total: np.ndarray = np.zeros(())
    squares: np.ndarray = np.zeros(())
    for batch in batches:
        batch = np.asarray(batch, np.float64)
        count, total, squares = count + len(batch), total + batch.sum(0), squares + np.square(batch).sum(0)
    mean = total / count
    return mean, np.maximum(squares / count - np.square(mean), 0.0) / count

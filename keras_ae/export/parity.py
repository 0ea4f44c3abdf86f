"""Whether an exported model computes what the Keras model does."""

from collections.abc import Iterable, Mapping

import numpy as np

from keras_ae.errors import InputError

TOLERANCE = 1e-5


def deviation(expected: np.ndarray, received: np.ndarray) -> float:
    """The largest |a − b| / max(1, |a|) over all values, infinite where shapes, NaNs or infinities differ."""
    a, b = np.asarray(expected, np.float64), np.asarray(received, np.float64)
    if a.shape != b.shape:
        return float("inf")
    differ = (a != b) & ~(np.isnan(a) & np.isnan(b))
    a, b = a[differ], b[differ]
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    return float(np.max(np.abs(a - b) / np.maximum(1, np.abs(a)), initial=0.0))


def check_parity(what: str, expected: Mapping[str, np.ndarray], received: Mapping[str, np.ndarray]) -> float:
    """The largest deviation over all outputs but decisions, which follow from the values beside them.

    Raises:
        InputError: It is above 1e-5, or an output is missing.
    """
    if set(expected) != set(received):
        raise InputError(f"outputs {sorted(received)} of the exported {what}", f"{sorted(expected)}", "report it")
    compared = [name for name, values in expected.items() if np.asarray(values).dtype != bool]
    worst = max(deviation(expected[name], received[name]) for name in compared)
    if worst > TOLERANCE:
        action = "export a model in float32, or another score"
        raise InputError(
            f"an exported {what} that differs from the Keras model by {worst:.2g}",
            f"at most {TOLERANCE:g}",
            action,
        )
    return worst


def check_moments(what: str, expected: Iterable[np.ndarray], received: Iterable[np.ndarray]) -> float:
    """The largest difference, value by value, of the means of two random arrays, in standard errors.

    Args:
        what: For the message.
        expected, received: Batches [n, ...] of each.

    Raises:
        InputError: It is above 6, or not a number.
    """
    (a, a_error), (b, b_error) = map(_mean_and_squared_error, (expected, received))
    worst = float(np.max(np.abs(a - b) / (np.sqrt(a_error + b_error) + 1e-6)))
    if not worst <= 6:
        raise InputError(f"an exported {what} whose mean differs by {worst:.2g} standard errors", "at most 6")
    return worst


def _mean_and_squared_error(batches: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Of each value over all batches, of which one at a time is held."""
    count, total, squares = 0, 0.0, 0.0
    for batch in batches:
        batch = np.asarray(batch, np.float64)
        count, total, squares = count + len(batch), total + batch.sum(0), squares + np.square(batch).sum(0)
    mean = total / count
    return mean, np.maximum(squares / count - np.square(mean), 0.0) / count

"""Whether an exported model computes what the Keras model does."""

from collections.abc import Callable, Mapping

import numpy as np

from keras_ae.errors import InputError

TOLERANCE = 1e-5


def deviation(expected: np.ndarray, received: np.ndarray) -> float:
    """The largest |a − b| / max(1, |a|) over all values, infinite where shapes or NaNs differ."""
    a, b = np.asarray(expected, np.float64), np.asarray(received, np.float64)
    if a.shape != b.shape or np.any(np.isnan(a) != np.isnan(b)):
        return float("inf")
    with np.errstate(invalid="ignore"):
        return float(np.nanmax(np.abs(a - b) / np.maximum(1, np.abs(a)), initial=0.0))


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


def check_moments(what: str, expected: Callable[[], np.ndarray], received: Callable[[], np.ndarray]) -> float:
    """The largest difference, value by value, of the means of two random arrays [n, ...], in standard errors.

    Raises:
        InputError: It is above 6.
    """
    a, b = (np.asarray(draw(), np.float64) for draw in (expected, received))
    errors = np.sqrt(a.var(axis=0) / len(a) + b.var(axis=0) / len(b)) + 1e-6
    worst = float(np.max(np.abs(a.mean(axis=0) - b.mean(axis=0)) / errors))
    if worst > 6:
        raise InputError(f"an exported {what} whose mean differs by {worst:.2g} standard errors", "at most 6")
    return worst

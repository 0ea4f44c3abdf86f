"""Interpolates between codes, on straight lines or great circles."""

import numpy as np

from keras_ae._support.errors import InputError, unknown_name

KINDS = ("linear", "spherical")
_SMALLEST_SINE = 1e-6  # below it the great circle is a straight line, or undetermined


def interpolate_codes(first, last, steps: int, kind: str = "linear") -> np.ndarray:
    """Returns codes at equidistant points between pairs of codes, both ends included.

    "linear": (1 − t)·a + t·b. "spherical": (sin((1 − t)Ω)·a + sin(tΩ)·b) / sin Ω with Ω the angle between a and b,
    which preserves the length of codes of equal length, as samples of a standard normal nearly have (White, 2016,
    "Sampling generative networks", section 2.1). Where a and b have the same or opposite directions it is linear.

    Args:
        first, last: Codes [n, ...] each; a code is one vector of all its values.
        steps: Points per pair, at least 2.
        kind: One of `KINDS`.

    Returns:
        float32 [steps, n, ...].

    Raises:
        InputError: If the kind is unknown, there are too few steps, or the shapes of the codes differ.

    Example:
        >>> kae.evaluation.interpolate_codes([[0.0, 1.0]], [[2.0, 3.0]], steps=3)[:, 0].tolist()
        [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]
    """
    first, last = np.asarray(first, np.float64), np.asarray(last, np.float64)
    if first.shape != last.shape or first.ndim < 2:
        raise InputError(f"codes of {first.shape} and {last.shape}", "two arrays [n, ...] of one shape")
    if kind not in KINDS:
        raise unknown_name("interpolation", kind, KINDS)
    if steps < 2:
        raise InputError(f"{steps} steps", "at least 2: both ends", "give more")
    a, b = first.reshape(len(first), -1), last.reshape(len(last), -1)
    t = np.linspace(0.0, 1.0, steps)[:, None]
    weights = (1.0 - t, t) if kind == "linear" else _spherical_weights(a, b, t)
    codes = weights[0][..., None] * a + weights[1][..., None] * b
    return codes.reshape(steps, *first.shape).astype(np.float32)


def _spherical_weights(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the weights [steps, n] of either end."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosine = np.sum(a * b, axis=1) / np.where(lengths > 0, lengths, 1.0)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    curved = (np.sin(angle) > _SMALLEST_SINE) & (lengths > 0)
    sine = np.where(curved, np.sin(angle), 1.0)
    return (
        np.where(curved, np.sin((1.0 - t) * angle) / sine, 1.0 - t),
        np.where(curved, np.sin(t * angle) / sine, t),
    )

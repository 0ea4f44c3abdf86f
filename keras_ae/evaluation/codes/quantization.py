"""Uniform scalar quantisation of codes to a few bits per value, fitted on training codes."""

from dataclasses import dataclass

import numpy as np

from keras_ae._support.errors import InputError

MOST_BITS = 16


@dataclass(frozen=True)
class Quantizer:
    """A uniform quantiser for each feature of a code: 2^bits cells of equal width over a range.

    A value becomes the centre of its cell, so it moves by at most half a cell; values outside the range become the
    centre of the outermost cell. Features are the entries of the codes' last axis: values of a code vector,
    channels of a code map. Source: Gersho & Gray, "Vector Quantization and Signal Compression", 1992, section 5.4.

    Attributes:
        low, high: Ends of the range, float64 [features].
        bits: Bits per value, from 1 to 16.

    Example:
        >>> quantizer = kae.evaluation.Quantizer.fit(np.array([[0.0], [4.0]]), bits=1)
        >>> quantizer(np.array([[0.5], [3.5], [9.0]])).ravel().tolist()
        [1.0, 3.0, 3.0]
    """

    low: np.ndarray
    high: np.ndarray
    bits: int

    @classmethod
    def fit(cls, codes: np.ndarray, bits: int, deviations: float | None = None) -> "Quantizer":
        """Fits each feature's range to training codes.

        Args:
            codes: [n, ..., features], finite.
            bits: Bits per value, from 1 to 16.
            deviations: Number of standard deviations on either side of the mean; None takes the smallest and the
                largest value, which a single outlier can determine.

        Raises:
            InputError: If there are no codes, a value is not finite, or a number is out of range.
        """
        if isinstance(bits, bool) or bits not in range(1, MOST_BITS + 1):
            raise InputError(f"{bits} bits", f"a whole number from 1 to {MOST_BITS}", "give another number")
        if deviations is not None and not 0 < deviations < np.inf:
            raise InputError(f"deviations={deviations}", "a number above 0, or None", "give another number")
        codes = np.asarray(codes, np.float64)
        if not codes.size or not np.all(np.isfinite(codes)):
            received = f"codes of shape {codes.shape}" + (" with NaN or infinity" if codes.size else "")
            raise InputError(received, "finite codes [n, ..., features]", "give training codes")
        flat = codes.reshape(-1, codes.shape[-1])
        if deviations is None:
            return cls(flat.min(axis=0), flat.max(axis=0), int(bits))
        mean, reach = flat.mean(axis=0), deviations * flat.std(axis=0)
        return cls(mean - reach, mean + reach, int(bits))

    @property
    def step(self) -> np.ndarray:
        """Width of a cell, float64 [features]; 0 for constant features."""
        return (self.high - self.low) / 2**self.bits

    def indices(self, codes: np.ndarray) -> np.ndarray:
        """Returns the cell indices of codes [n, ..., features], uint16 in [0, 2^bits), as they would be stored.

        Raises:
            InputError: If a value is NaN.
        """
        codes, step = np.asarray(codes, np.float64), self.step
        if np.isnan(codes).any():
            raise InputError("codes with NaN", "numbers, which lie in cells", "check the model that made them")
        cells = np.floor((codes - self.low) / np.where(step > 0, step, 1.0))
        return np.clip(cells, 0, 2**self.bits - 1).astype(np.uint16)

    def values(self, indices: np.ndarray) -> np.ndarray:
        """Returns the centres of the cells with these indices, float32."""
        return (self.low + (indices + 0.5) * self.step).astype(np.float32)

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Returns the quantised codes [n, ..., features], float32."""
        return self.values(self.indices(codes))

"""Codes of a few bits a value: uniform scalar quantisation, fitted on training codes."""

from dataclasses import dataclass

import numpy as np

from keras_ae.errors import InputError

MOST_BITS = 16


@dataclass(frozen=True)
class Quantizer:
    """A uniform quantiser for each feature of a code: 2^bits cells of one width between two ends.

    A value becomes the middle of its cell, so that it moves by at most half a cell; values outside the ends become
    the middle of the outermost cell. A feature is what the codes' last axis counts: a value of a code vector, a
    channel of a code map. Source: Gersho & Gray, "Vector Quantization and Signal Compression", 1992, section 5.4.

    Attributes:
        low, high: float64 [features], the ends of the range.
        bits: Bits a value, from 1 to 16.
    """

    low: np.ndarray
    high: np.ndarray
    bits: int

    @classmethod
    def fit(cls, codes: np.ndarray, bits: int, deviations: float | None = None) -> "Quantizer":
        """Take each feature's range from training codes.

        Args:
            codes: [n, ..., features], finite.
            bits: Bits a value, from 1 to 16.
            deviations: How many standard deviations the range reaches to either side of the mean; None takes the
                smallest and the largest value, on which a single outlier decides.

        Raises:
            InputError: For no codes, values that are not finite, and numbers out of range.
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
        """Width of a cell, float64 [features]; 0 of a feature that never changes."""
        return (self.high - self.low) / 2**self.bits

    def indices(self, codes: np.ndarray) -> np.ndarray:
        """The cells' numbers, uint16 in [0, 2^bits): what would be stored of codes [n, ..., features].

        Raises:
            InputError: For NaN, which lies in no cell.
        """
        codes, step = np.asarray(codes, np.float64), self.step
        if np.isnan(codes).any():
            raise InputError("codes with NaN", "numbers, which lie in cells", "check the model that made them")
        cells = np.floor((codes - self.low) / np.where(step > 0, step, 1.0))
        return np.clip(cells, 0, 2**self.bits - 1).astype(np.uint16)

    def values(self, indices: np.ndarray) -> np.ndarray:
        """The middles of the cells with these numbers, float32."""
        return (self.low + (indices + 0.5) * self.step).astype(np.float32)

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Codes [n, ..., features] as they are after quantisation, float32."""
        return self.values(self.indices(codes))

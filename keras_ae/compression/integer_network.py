"""Computes the scales of a hyperprior with integers alone: the same on every machine."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from keras_ae._support.errors import InputError

LEVELS = 64  # number of scales, each with a table
WEIGHT_BITS, VALUE_BITS = 16, 10  # binary places of weights, and of values between layers
LARGEST_SIDE_CODE = 2**11
_LARGEST = 2 ** (12 + VALUE_BITS)  # largest value between layers
_EXACT = 2**53  # float64 holds integers below this exactly, whatever the order of additions


@dataclass(frozen=True)
class IntegerNetwork:
    """3×3 convolutions with ReLU between them, from a side code to the index of each value's scale.

    It computes what `ScaleHyperprior.scales` does, with weights rounded to multiples of 2⁻¹⁶. All sums are of
    integers below 2⁵³, in float64, where threads, vector instructions and libraries cannot change them.

    Attributes:
        kernels: Integers [3, 3, inputs, outputs], one array per layer; the first two layers upsample maps first.
        biases: Integers [outputs], one array per layer.
        thresholds: Integers [63], which separate the levels.

    Raises:
        InputError: If a sum could reach 2⁵³.

    Example:
        >>> one = np.zeros((3, 3, 1, 1)); one[1, 1] = 1.0
        >>> network = IntegerNetwork.of([one] * 3, [np.zeros(1)] * 3)
        >>> network.levels(np.array([[[-9], [1], [9]]], np.int32), (1, 10)).ravel().tolist()
        [32, 32, 32, 32, 46, 46, 46, 46, 63, 63]
    """

    kernels: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    thresholds: np.ndarray

    def __post_init__(self):
        for kernel, bias in zip(self.kernels, self.biases, strict=True):
            most = np.abs(kernel).sum(axis=(0, 1, 2), dtype=object) * _LARGEST + np.abs(bias).astype(object)
            if max(most) >= _EXACT:
                action = "train it with a smaller learning rate, or take EntropyCoded"
                raise InputError("a hyperprior with huge weights", "sums below 2⁵³", action)

    @classmethod
    def of(cls, kernels, biases) -> "IntegerNetwork":
        """Returns the network with these kernels and biases, arrays of floats, rounded."""
        unit = 2.0 ** (WEIGHT_BITS + VALUE_BITS)
        # Midway between the levels, which are evenly spaced in the sigmoid of the network's output.
        thresholds = logit((np.arange(1, LEVELS) - 0.5) / (LEVELS - 1))
        return cls(
            tuple(np.rint(np.asarray(kernel, np.float64) * 2.0**WEIGHT_BITS) for kernel in kernels),
            tuple(np.rint(np.asarray(bias, np.float64) * unit) for bias in biases),
            np.rint(thresholds * unit),
        )

    def levels(self, side: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Returns the indices of the scales, int64 [height, width, units] from 0 to 63.

        Args:
            side: The side code, int32 [⌈height / 4⌉, ⌈width / 4⌉, channels].
            size: (height, width) of the code.
        """
        half = (size[0] + 1) // 2, (size[1] + 1) // 2
        values = side.astype(np.float64) * 2.0**VALUE_BITS
        for sides, kernel, bias in zip((half, size), self.kernels, self.biases, strict=False):
            enlarged = values.repeat(2, axis=0).repeat(2, axis=1)[: sides[0], : sides[1]]
            sums = _convolved(enlarged, kernel) + bias
            values = np.clip(np.floor(sums / 2.0**WEIGHT_BITS + 0.5), 0, _LARGEST)
        sums = _convolved(values, self.kernels[-1]) + self.biases[-1]
        return np.searchsorted(self.thresholds, sums, side="right")


def _convolved(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    height, width, _ = values.shape
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)))
    sums = np.zeros((height, width, kernel.shape[-1]))
    for row in range(3):
        for column in range(3):
            sums += padded[row : row + height, column : column + width] @ kernel[row, column]
    return sums

"""The bottleneck of finite scalar quantisation (Mentzer et al., 2024)."""

from math import atanh

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.discrete import Discrete, straight_through
from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_numbers

MARGIN = 1e-3  # by which the bound is wider than the levels, as in the authors' implementation


@keras.saving.register_keras_serializable(package="keras_ae")
class FiniteScalar(Discrete):
    """A dense code z with each value rounded to one of a few levels: round(h·tanh(z + s) − o) / ⌊L/2⌋.

    h is (L − 1)/2 and o is ½ for even L, else 0, which gives L levels from −1 to 1 (below 1 for even L); s maps
    z = 0 to 0. Gradients pass the rounding unchanged. There is no penalty and no codebook to learn: the implied
    one has L₁ · L₂ · … codes at each position. The integers are the levels, 0 to L − 1. Source: Mentzer et al.,
    "Finite scalar quantization: VQ-VAE made simple", section 3.1 and appendix A.1.

    z is normalised over each batch, which the paper's is not (`normalization=None`): without it, all codes of a
    fully connected network can fall to one within an epoch ("perplexity" near 1), as tanh saturates.

    Args:
        units: Length of the code (at each position).
        levels: Number L of levels of each value, or one number for all: 2 or more; the paper recommends 5 or more,
            such as (8, 5, 5, 5) in place of a codebook of 1,024.
        **kwargs: Options of `Discrete` and `Dense`.

    Raises:
        InputError: If there is not one number of levels per unit, or one is below 2.

    Example:
        >>> bottleneck = kae.bottlenecks.FiniteScalar(units=4, levels=(8, 5, 5, 5))
        >>> bottleneck.codebook_size
        1000
    """

    def __init__(self, units: int, levels: int | tuple[int, ...] = 5, **kwargs):
        super().__init__(units, **{"normalization": "standard", **kwargs})
        self.levels = levels
        given = whole_numbers("levels", levels)
        self.sizes = given * units if len(given) == 1 else given
        if len(self.sizes) != units or min(self.sizes) < 2:
            raise InputError(
                f"levels={levels} of {units} code values", f"{units} numbers from 2 on, or one for all"
            )
        sizes = np.array(self.sizes)
        self.half = ((sizes - 1) * (1 + MARGIN) / 2).astype(np.float32)
        self.offset = np.where(sizes % 2, 0.0, 0.5).astype(np.float32)
        # With two levels z = 0 lies between them.
        shifts = [0.0 if n == 2 else atanh(o / h) for n, o, h in zip(sizes, self.offset, self.half, strict=True)]
        self.shift, self.width = np.array(shifts, np.float32), (sizes // 2).astype(np.float32)

    def discretize(self, values, training):
        exact = ops.cast(values, "float32")
        bounded = ops.tanh(exact + self.shift) * self.half - self.offset
        code = straight_through(bounded, ops.round(bounded)) / self.width
        if training:
            self.observe(self.indices(code))
        return ops.cast(code, values.dtype)

    def indices(self, code):
        return ops.cast(ops.round(ops.cast(code, "float32") * self.width + self.width), "int32")

    def codes(self, indices):
        return (ops.cast(indices, "float32") - self.width) / self.width

    def get_config(self):
        return {**super().get_config(), "levels": self.levels}

    @classmethod
    def examples(cls):
        return [Example({"units": 4, "levels": [8, 5, 5, 5]}, (12,)), Example({"units": 2}, (2, 3, 4))]

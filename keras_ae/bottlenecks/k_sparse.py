"""The k-sparse bottleneck (Makhzani & Frey, 2014)."""

from math import floor

import keras
from keras import ops

from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_number
from keras_ae.errors import InputError


@keras.saving.register_keras_serializable(package="keras_ae")
class KSparse(Bottleneck):
    """A linear dense code of which only the largest values are kept: k in training, ⌊a·k⌋ otherwise.

    The others become 0. Of equal values the first are kept, so that there are never more. Source: Penhouët's
    thesis, eq. 2.22; the defaults are the thesis's settings for codes of length 10.

    Args:
        units: Length of the code (at each position).
        k: Values that are kept in training, 1 to `units`.
        a: At least 1; with ⌊a·k⌋ above `units` all are kept at inference.

    Raises:
        InputError: If k or a is out of range.
    """

    def __init__(self, units: int, k: int = 5, a: float = 1.3, **kwargs):
        super().__init__(**kwargs)
        units, k = whole_number("units", units), whole_number("k", k)
        if k > units:
            raise InputError(f"k={k} of {units} code values", f"1 to {units}", "give another k or a longer code")
        if a < 1:
            raise InputError(f"a={a}", "1 or more", "give another a")
        self.units, self.k, self.a = units, k, a
        self.code = keras.layers.Dense(units, dtype=self.dtype_policy, name="code")

    @property
    def kept_at_inference(self) -> int:
        """⌊a·k⌋, and not more than there are."""
        return min(self.units, floor(round(self.a * self.k, 9)))  # 1.15 · 20 is 22.999… in floating point.

    def build(self, input_shape):
        self.code.build(input_shape)

    def call(self, features, training=False):
        code = self.code(features)
        # By index and not by threshold, which keeps too many where values are equal.
        _, kept = ops.top_k(code, self.k if training else self.kept_at_inference)
        return code * ops.sum(ops.one_hot(kept, self.units, dtype=code.dtype), axis=-2)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "k": self.k, "a": self.a}

    @classmethod
    def examples(cls):
        return [Example({"units": 6}, (12,)), Example({"units": 4, "k": 2, "a": 2.0}, (2, 3, 4))]

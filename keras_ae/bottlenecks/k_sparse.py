"""The k-sparse bottleneck (Makhzani & Frey, 2014)."""

from math import floor

import keras
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_number


@keras.saving.register_keras_serializable(package="keras_ae")
class KSparse(Bottleneck):
    """A linear dense code that keeps only its largest values: k in training, ⌊a·k⌋ otherwise.

    The others become 0. Among equal values the first are kept, so the count is exact. Source: Penhouët's thesis,
    eq. 2.22; the defaults are the thesis's settings for codes of length 10.

    Args:
        units: Length of the code (at each position).
        k: Number of values kept in training, 1 to `units`.
        a: Factor of k at inference, at least 1; with ⌊a·k⌋ above `units` all values are kept.

    Raises:
        InputError: If k or a is out of range.

    Example:
        >>> bottleneck = kae.bottlenecks.KSparse(units=6, k=2, a=1.5)
        >>> codes = bottleneck(np.random.default_rng(0).normal(size=(4, 12)))
        >>> np.count_nonzero(ops.convert_to_numpy(codes), axis=1).tolist()  # ⌊1.5 · 2⌋ at inference
        [3, 3, 3, 3]
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
        """Number of values kept at inference: ⌊a·k⌋, at most `units`."""
        return min(self.units, floor(round(self.a * self.k, 9)))  # 1.15 · 20 is 22.999… in floating point.

    def build(self, input_shape):
        self.code.build(input_shape)

    def call(self, features, training=False):
        code = self.code(features)
        # By index: a threshold would keep too many among equal values.
        _, kept = ops.top_k(code, self.k if training else self.kept_at_inference)
        return code * ops.sum(ops.one_hot(kept, self.units, dtype=code.dtype), axis=-2)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "k": self.k, "a": self.a}

    @classmethod
    def examples(cls):
        return [Example({"units": 6}, (12,)), Example({"units": 4, "k": 2, "a": 2.0}, (2, 3, 4))]

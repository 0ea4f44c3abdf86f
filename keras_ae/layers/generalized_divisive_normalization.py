"""Generalised divisive normalisation (Ballé, Laparra & Simoncelli, 2016)."""

import keras
from keras import ops

from keras_ae.catalogue import Example

SMALLEST_OFFSET = 1e-6


@keras.saving.register_keras_serializable(package="keras_ae")
class GeneralizedDivisiveNormalization(keras.layers.Layer):
    """GDN: divides each channel by √(β + Σⱼ γⱼ·xⱼ²), the sum over the channels at the same position.

    It replaces an activation, and makes features of natural images more alike in scale and less dependent on each
    other. The inverse, IGDN, multiplies instead; it belongs in the decoder. β and γ are trained and stay
    non-negative. Source: Ballé et al., "Density modeling of images using a generalized normalization
    transformation", eq. 3, with the exponents of "End-to-end optimized image compression" (2017), eq. 1 and 2.

    Input and output: [batch, ..., channels].

    Args:
        inverse: Whether to multiply instead of dividing.
        initial: Initial γⱼ of a channel for itself; for the others it is 0. β starts at 1.

    Example:
        >>> layer = kae.layers.GeneralizedDivisiveNormalization(initial=0.5)
        >>> ops.convert_to_numpy(layer(np.array([[2.0, 4.0]], "float32"))).round(3)  # 2 / √3 and 4 / √9
        array([[1.155, 1.333]], dtype=float32)
    """

    def __init__(self, inverse: bool = False, initial: float = 0.1, **kwargs):
        super().__init__(**kwargs)
        self.inverse, self.initial = inverse, initial

    def build(self, input_shape):
        channels = input_shape[-1]
        options = {"constraint": keras.constraints.NonNeg(), "autocast": False}
        self.offset = self.add_weight(name="offset", shape=(channels,), initializer="ones", **options)
        self.mixing = self.add_weight(
            name="mixing",
            shape=(channels, channels),
            initializer=keras.initializers.Identity(self.initial),
            **options,
        )

    def call(self, features):
        exact = ops.cast(features, "float32")  # squares of float16 overflow from 256 on
        power = ops.matmul(ops.square(exact), _not_negative(self.mixing)) + _not_negative(self.offset)
        factor = ops.sqrt(power + SMALLEST_OFFSET) if self.inverse else ops.rsqrt(power + SMALLEST_OFFSET)
        return ops.cast(exact * factor, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "inverse": self.inverse, "initial": self.initial}

    @classmethod
    def examples(cls):
        return [Example({}, (4, 6, 3)), Example({"inverse": True, "initial": 0.05}, (5,))]


def _not_negative(weights):
    """Projects weights, which may leave the range within a step, before their constraint brings them back.

    The gradient passes unchanged: that of a ReLU is 0 at 0, where the weights between channels start.
    """
    weights = ops.convert_to_tensor(weights)
    return weights + ops.stop_gradient(ops.relu(weights) - weights)

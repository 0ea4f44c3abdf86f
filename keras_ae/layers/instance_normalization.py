"""Instance normalisation (Ulyanov et al., 2016) in one pass over memory."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae.catalogue import Example


@keras.saving.register_keras_serializable(package="keras_ae")
class InstanceNormalization(keras.layers.Layer):
    """Normalises each channel of each image to mean 0 and variance 1, then scales and shifts it.

    Equal to `keras.layers.GroupNormalization(groups=-1)` with the same epsilon, but faster in training: one pass
    computes both moments, always in float32. It first subtracts one value of the channel, so a mean that is large
    relative to the deviation costs no precision.

    This layer erases maps of a single pixel: each value is its own mean.

    Input and output: [batch, height, width, channels].

    Args:
        epsilon: Small number added to the variance.

    Example:
        >>> layer = kae.layers.InstanceNormalization()
        >>> images = np.array([5.0, 7.0], "float32").reshape(1, 1, 2, 1)
        >>> np.round(ops.convert_to_numpy(layer(images)).ravel(), 3).tolist()
        [-1.0, 1.0]
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape):
        channels = (input_shape[-1],)
        self.scale = self.add_weight(name="scale", shape=channels, initializer="ones")
        self.shift = self.add_weight(name="shift", shape=channels, initializer="zeros")

    def call(self, features):
        shifted, mean, variance = numerics.shifted_moments(features)
        factor = ops.rsqrt(variance + self.epsilon) * ops.cast(self.scale, "float32")
        offset = ops.cast(self.shift, "float32") - mean * factor
        shifted = ops.cast(shifted, features.dtype)
        return shifted * ops.cast(factor, features.dtype) + ops.cast(offset, features.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}

    @classmethod
    def examples(cls):
        return [Example({}, (8, 6, 3)), Example({"epsilon": 1e-3}, (4, 4, 1))]

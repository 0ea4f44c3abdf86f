"""Instance normalisation (Ulyanov et al., 2016), written as one pass over memory."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae.catalogue import Example


@keras.saving.register_keras_serializable(package="keras_ae")
class InstanceNormalization(keras.layers.Layer):
    """Normalises each channel of each image to mean 0 and variance 1, then scales and shifts it.

    Equal to `keras.layers.GroupNormalization(groups=-1)`, but faster in training: the moments are taken in one
    pass, always in float32, of values shifted by one of them, so that no digits are lost where a channel's mean
    is large beside its deviation.

    A map of a single pixel carries nothing after this layer: each value is its own mean.

    Input and output: [batch, height, width, channels].

    Args:
        epsilon: Added to the variance.
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

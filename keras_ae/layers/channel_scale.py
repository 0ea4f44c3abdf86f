"""A trained factor for each channel."""

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.catalogue import Example


@keras.saving.register_keras_serializable(package="keras_ae")
class ChannelScale(keras.layers.Layer):
    """Multiplies each channel by its own trained factor.

    The factor is `initial` · w, where the weight w starts at 1, so that an optimizer's step changes factors of any
    size by the same fraction.

    Input and output: [batch, ..., channels].

    Args:
        initial: Initial factors: one per channel, or one for all.

    Raises:
        InputError: On building, if there is neither one factor nor one per channel.

    Example:
        >>> layer = kae.layers.ChannelScale((2.0, 0.5))
        >>> ops.convert_to_numpy(layer(np.array([[1.0, 4.0]], "float32"))).tolist()
        [[2.0, 2.0]]
    """

    def __init__(self, initial=1.0, **kwargs):
        super().__init__(**kwargs)
        self.initial = [float(f"{factor:.7g}") for factor in np.ravel(initial)]

    def build(self, input_shape):
        channels = input_shape[-1]
        if len(self.initial) not in (1, channels):
            raise InputError(f"{len(self.initial)} factors for {channels} channels", f"{channels}, or one for all")
        self.factors = self.add_weight(name="factors", shape=(channels,), initializer="ones")

    def call(self, inputs):
        return inputs * (self.factors * ops.convert_to_tensor(self.initial, self.compute_dtype))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "initial": self.initial}

    @classmethod
    def examples(cls):
        return [Example({"initial": (1.0, 2.0, 3.0)}, (4, 6, 3)), Example({"initial": 0.5}, (5,))]

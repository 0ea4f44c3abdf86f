"""A dense code."""

import keras

from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import Example


@keras.saving.register_keras_serializable(package="keras_ae")
class Dense(Bottleneck):
    """One dense layer on the last axis: the deterministic autoencoder's code layer.

    Features [batch, ..., channels] → code [batch, ..., units]. On feature maps this is a 1×1 convolution.

    Args:
        units: Length of the code (at each position).
        activation: Applied to the code; linear by default.
    """

    def __init__(self, units: int, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.code = keras.layers.Dense(units, self.activation, dtype=self.dtype_policy, name="code")

    def build(self, input_shape):
        self.code.build(input_shape)

    def call(self, features, training=False):
        return self.code(features)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "units": self.units, "activation": activation}

    @classmethod
    def examples(cls):
        return [Example({"units": 4}, (12,)), Example({"units": 3, "activation": "leaky_relu"}, (2, 3, 4))]

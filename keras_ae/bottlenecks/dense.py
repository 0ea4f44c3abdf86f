"""A dense code."""

import keras

from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import Example
from keras_ae.layers import activation_layer


@keras.saving.register_keras_serializable(package="keras_ae")
class Dense(Bottleneck):
    """One dense layer on the last axis: the deterministic autoencoder's code layer.

    Features [batch, ..., channels] → code [batch, ..., units]. On feature maps this is a 1×1 convolution.

    Args:
        units: Length of the code (at each position).
        activation: Name of the code's activation, or the negative slope of a LeakyReLU; linear by default.
        initializer: Of the kernel.
    """

    def __init__(self, units: int, activation=None, initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation = units, activation
        self.initializer = keras.initializers.get(initializer)
        self.code = keras.layers.Dense(
            units, kernel_initializer=self.initializer, dtype=self.dtype_policy, name="code"
        )
        self.activate = activation_layer(activation, dtype=self.dtype_policy, name="activation")

    def build(self, input_shape):
        self.code.build(input_shape)

    def call(self, features, training=False):
        return self.activate(self.code(features))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation,
            "initializer": keras.initializers.serialize(self.initializer),
        }

    @classmethod
    def examples(cls):
        return [Example({"units": 4}, (12,)), Example({"units": 3, "activation": 0.3}, (2, 3, 4))]

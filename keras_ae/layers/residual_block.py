"""The residual block of the convolutional autoencoder."""

import keras

from keras_ae.catalogue import Example
from keras_ae.layers.convolution_unit import ConvolutionUnit


@keras.saving.register_keras_serializable(package="keras_ae")
class ResidualBlock(keras.layers.Layer):
    """A chain of convolution units, with the block's input added to their output.

    No activation follows the sum. Input and output: [batch, height, width, channels].
    Source: the bottleneck-shape paper, section 2.2 ("two residual blocks with two convolutions each").

    Args:
        units: Number of convolution units in the chain.
        normalize: Normalisation of the units: "instance" (or True) as in the paper, "batch", or False.

    Example:
        >>> block = kae.layers.ResidualBlock(units=2)
        >>> tuple(block(np.ones((1, 6, 4, 3), "float32")).shape)
        (1, 6, 4, 3)
    """

    def __init__(self, units: int = 2, normalize: bool | str = True, **kwargs):
        super().__init__(**kwargs)
        self.units, self.normalize = units, normalize

    def build(self, input_shape):
        self.convolution_units = [
            ConvolutionUnit(input_shape[-1], normalize=self.normalize, dtype=self.dtype_policy, name=f"unit_{i}")
            for i in range(self.units)
        ]
        for unit in self.convolution_units:
            unit.build(input_shape)

    def call(self, features):
        residual = features
        for unit in self.convolution_units:
            residual = unit(residual)
        return features + residual

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "units": self.units, "normalize": self.normalize}

    @classmethod
    def examples(cls):
        return [Example({}, (6, 4, 3)), Example({"units": 1, "normalize": False}, (4, 4, 1))]

"""Convolutions of small maps by one matrix product each."""

from math import prod

import keras
from keras import ops

from keras_ae.catalogue import Example
from keras_ae.execution import on_cpu

# The matrix takes positions / k² times the arithmetic, for few channels at a much higher speed: with gradients,
# maps of 4×4 are 1.2 (with AVX-512) to 3.5 times (without) as fast for 12 channels, 0.5 to 1.5 times for more
# (benchmarks/unrolled_convolution.py).
MOST_POSITIONS = 2  # times the kernel's
MOST_CHANNELS = 12


def unrolled(convolve, features):
    """A convolution of maps [batch, height, width, channels] as a product with its matrix.

    A convolution is linear: what it makes of the maps that are 1 at one place and 0 elsewhere are the rows of its
    matrix, whatever its kernel, strides and padding. There are as many as a map has values, so that it pays for
    batches of more than these.

    Args:
        convolve: The convolution, without bias.
        features: The maps.
    """
    values = prod(features.shape[1:])
    units = ops.reshape(ops.eye(values, dtype=features.dtype), (values, *features.shape[1:]))
    rows = convolve(units)
    products = ops.matmul(ops.reshape(features, (-1, values)), ops.reshape(rows, (values, -1)))
    return ops.reshape(products, (-1, *rows.shape[1:]))


class _Unrolled:
    """Before Keras's convolution in a class's bases: it is unrolled where that is faster."""

    def _gains(self, shape) -> bool:
        """Whether maps [batch, height, width, channels] are small enough, and the device is a CPU."""
        if self.data_format != "channels_last" or None in shape[1:]:
            return False
        positions = max(prod(of[1:3]) for of in (shape, self.compute_output_shape(shape)))
        few = positions <= MOST_POSITIONS * prod(self.kernel_size)
        return few and max(shape[-1], self.filters) <= MOST_CHANNELS and on_cpu()

    @classmethod
    def examples(cls):
        return [
            Example({"filters": 3, "kernel_size": 3, "padding": "same"}, (4, 4, 2)),
            Example(
                {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}, (9, 6, 3)
            ),
        ]


@keras.saving.register_keras_serializable(package="keras_ae")
class UnrolledConv2D(_Unrolled, keras.layers.Conv2D):
    """`keras.layers.Conv2D` with the same weights and outputs (up to rounding), faster on maps of small windows.

    A CPU convolves such maps, of few channels, at a fraction of the speed of a matrix product, so there it is one
    (`unrolled`).
    """

    def convolution_op(self, inputs, kernel):
        """As of `keras.layers.Conv2D`."""
        convolve = super().convolution_op
        if self._gains(inputs.shape):
            return unrolled(lambda units: convolve(units, kernel), inputs)
        return convolve(inputs, kernel)


@keras.saving.register_keras_serializable(package="keras_ae")
class UnrolledConv2DTranspose(_Unrolled, keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose`, with the same weights and outputs; see `UnrolledConv2D`."""

    def call(self, inputs):
        """As of `keras.layers.Conv2DTranspose`."""
        if not self._gains(inputs.shape):
            return super().call(inputs)
        outputs = unrolled(self._convolve, inputs)
        if self.use_bias:
            outputs = outputs + ops.cast(self.bias, outputs.dtype)
        return self.activation(outputs)

    def _convolve(self, inputs):
        options = ("padding", "output_padding", "dilation_rate", "data_format")
        return ops.conv_transpose(
            inputs, self.kernel, list(self.strides), **{name: getattr(self, name) for name in options}
        )

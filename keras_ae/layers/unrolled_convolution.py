"""Computes convolutions of small maps as one matrix product."""

from math import prod
from typing import TYPE_CHECKING

import keras
from keras import ops

from keras_ae._support.execution import on_cpu
from keras_ae.catalogue import Example

# The matrix product takes positions / k² times the arithmetic, but with few channels it runs much faster. Speed-up
# on 4×4 maps, gradients included: 1.2 (with AVX-512) to 3.5 (without) for 12 channels, 0.5 to 1.5 for more
# (benchmarks/unrolled_convolution.py).
MOST_POSITIONS = 2  # as a multiple of the kernel's positions
MOST_CHANNELS = 12


def unrolled(convolve, features):
    """Returns maps [batch, height, width, channels] convolved by a product with the convolution's matrix.

    A convolution is linear: the rows of its matrix are its outputs for the maps that are 1 at one place and 0
    elsewhere, whatever its kernel, strides and padding. There are as many rows as a map has values, so this pays
    off only for larger batches.

    Args:
        convolve: Function that convolves maps, without bias.
        features: The maps.
    """
    values = prod(features.shape[1:])
    units = ops.reshape(ops.eye(values, dtype=features.dtype), (values, *features.shape[1:]))
    rows = convolve(units)
    products = ops.matmul(ops.reshape(features, (-1, values)), ops.reshape(rows, (values, -1)))
    return ops.reshape(products, (-1, *rows.shape[1:]))


if TYPE_CHECKING:
    from keras.layers import Layer as _BeforeLayer
else:
    _BeforeLayer = object


class _Unrolled(_BeforeLayer):
    """Mixin that decides when an unrolled convolution is faster; comes before Keras's class in the bases."""

    def _unrolling_is_faster(self, shape) -> bool:
        """Returns whether maps [batch, height, width, channels] are small enough and the device is a CPU."""
        if self.data_format != "channels_last" or None in shape[1:]:
            return False
        positions = max(prod(sides[1:3]) for sides in (shape, self.compute_output_shape(shape)))
        is_small = positions <= MOST_POSITIONS * prod(self.kernel_size)
        return is_small and max(shape[-1], self.filters) <= MOST_CHANNELS and on_cpu()

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
    """`keras.layers.Conv2D` with the same weights and outputs (up to rounding), faster on small maps.

    A CPU convolves small maps with few channels much more slowly than it multiplies matrices; there the layer uses
    a matrix product (`unrolled`).

    Example:
        >>> layer = kae.layers.UnrolledConv2D(3, kernel_size=3, padding="same")
        >>> tuple(layer(np.ones((1, 4, 4, 2), "float32")).shape)
        (1, 4, 4, 3)
    """

    def convolution_op(self, inputs, kernel):
        """Same as `keras.layers.Conv2D.convolution_op`."""
        convolve = super().convolution_op
        if self._unrolling_is_faster(inputs.shape):
            return unrolled(lambda units: convolve(units, kernel), inputs)
        return convolve(inputs, kernel)


@keras.saving.register_keras_serializable(package="keras_ae")
class UnrolledConv2DTranspose(_Unrolled, keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose` with the same weights and outputs, faster on small maps.

    See `UnrolledConv2D`.

    Example:
        >>> layer = kae.layers.UnrolledConv2DTranspose(3, kernel_size=3, strides=2, padding="same")
        >>> tuple(layer(np.ones((1, 4, 4, 2), "float32")).shape)
        (1, 8, 8, 3)
    """

    def call(self, inputs):
        """Same as `keras.layers.Conv2DTranspose.call`."""
        if not self._unrolling_is_faster(inputs.shape):
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

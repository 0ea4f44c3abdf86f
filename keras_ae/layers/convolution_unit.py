"""Convolution, normalisation, activation: the building block of the convolutional autoencoder."""

from math import prod

import keras
from keras import ops

from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.execution import on_cpu
from keras_ae.catalogue import Example
from keras_ae.code_shapes import check_channels_last
from keras_ae.layers.batch_normalization import MOMENTUM, BatchNormalization
from keras_ae.layers.convolution_matrix import convolution_by_matrix
from keras_ae.layers.instance_normalization import InstanceNormalization
from keras_ae.layers.winograd import winograd_convolution

# While training on a CPU, Winograd's algorithm convolves maps of at most this many positions and at least this
# many input and output channels: 2.2 times as fast at 6×6×768. Larger maps with fewer channels gain nothing.
WINOGRAD_POSITIONS, WINOGRAD_CHANNELS = 64, 256
# There, in float32, the convolution is a product with its matrix if that has at most this many values, or twice as
# many if the convolution is strided or enlarges its maps: 1.3 to 4 times as fast. Larger matrices are slower
# (benchmarks/small_convolutions.py).
MATRIX_VALUES = 2**15


@keras.saving.register_keras_serializable(package="keras_ae")
class ConvolutionUnit(keras.layers.Layer):
    """A zero-padded convolution with bias, normalisation and an activation.

    The padding is kernel_size // 2 on *every* side. For strided convolutions this differs from TensorFlow's
    "same", which pads even sizes on one side only.

    Input: [batch, height, width, channels]; output: [batch, ⌈height / strides⌉, ⌈width / strides⌉, filters].
    Source: the bottleneck-shape paper, section 2.2 ("instance normalization and ReLU following every
    convolution").

    Args:
        filters: Output channels.
        kernel_size: Side of the kernel, an odd number.
        strides: Stride of the convolution in both directions.
        normalize: "instance" (or True) normalises each image's maps, as in the paper, and hides their means and
            contrast from what follows; "batch" normalises over all images of a step; False does not normalise.
        activation: Activation, applied last.

    Raises:
        InputError: If the kernel size is even (no padding centres such a kernel), or the normalisation is unknown.

    Example:
        >>> unit = kae.layers.ConvolutionUnit(filters=4, strides=2)
        >>> tuple(unit(np.ones((1, 5, 8, 3), "float32")).shape)
        (1, 3, 4, 4)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 3,
        strides: int = 1,
        normalize: bool | str = True,
        activation="relu",
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_channels_last()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise InputError(f"a kernel_size of {kernel_size}", "an odd number", "give the next one")
        self.filters, self.kernel_size, self.strides = filters, kernel_size, strides
        self.normalize = normalize
        self.activation = keras.activations.get(activation)
        # With stride 1, "same" pads the same way and saves a pass over memory.
        self.padding = kernel_size // 2 if strides > 1 else 0
        self.convolution = keras.layers.Conv2D(
            filters,
            kernel_size,
            strides,
            padding="valid" if self.padding else "same",
            dtype=self.dtype_policy,
            name="convolution",
        )
        self.normalization = _normalization(normalize, self.dtype_policy)

    def _padded(self, shape):
        return (shape[0], *(s and s + 2 * self.padding for s in shape[1:3]), shape[3])

    def build(self, input_shape):
        self.convolution.build(self._padded(input_shape))
        if self.normalization is not None:
            self.normalization.build(self.compute_output_shape(input_shape))

    def call(self, features, training=None, enlarged=1):
        features = self._convolved(features, training, enlarged)
        if self.normalization is not None:
            features = self.normalization(features)
        return self.activation(features)

    def enlarges(self, shape, factor: int) -> bool:
        """Whether training is fastest if the unit itself enlarges these maps: `call(…, enlarged=factor)`."""
        return self._matrix_is_faster(shape, factor) and on_cpu()

    def _convolved(self, features, training, enlarged: int):
        if training and enlarged == 1 and self._winograd_is_faster(features.shape) and on_cpu():
            features = winograd_convolution(features, self.convolution.kernel)
            return features + ops.cast(self.convolution.bias, features.dtype)
        if training and self._matrix_is_faster(features.shape, enlarged) and on_cpu():
            kernel, bias = self.convolution.kernel, self.convolution.bias
            return convolution_by_matrix(features, kernel, self.strides, enlarged) + bias
        if self.padding:
            margins = (self.padding, self.padding)
            features = ops.pad(features, ((0, 0), margins, margins, (0, 0)))
        return self.convolution(features)

    def _matrix_is_faster(self, shape, enlarged: int) -> bool:
        height, width, channels = shape[1:]
        if None in (height, width) or self.compute_dtype != "float32":
            return False
        outputs = prod(-(-side * enlarged // self.strides) for side in (height, width)) * self.filters
        most = MATRIX_VALUES * (1 if self.strides == enlarged == 1 else 2)
        return height * width * channels * outputs <= most

    def _winograd_is_faster(self, shape) -> bool:
        height, width, channels = shape[1:]
        return (
            (self.kernel_size, self.strides) == (3, 1)
            and None not in (height, width)
            and height % 2 == width % 2 == 0
            and height * width <= WINOGRAD_POSITIONS
            and min(channels, self.filters) >= WINOGRAD_CHANNELS
        )

    def compute_output_shape(self, input_shape):
        return self.convolution.compute_output_shape(self._padded(input_shape))

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "normalize": self.normalize,
            "activation": keras.activations.serialize(self.activation),
        }

    @classmethod
    def examples(cls):
        return [
            Example({"filters": 4}, (6, 8, 3)),
            Example({"filters": 2, "strides": 2}, (8, 8, 1)),
            Example({"filters": 3, "kernel_size": 5, "normalize": False, "activation": "elu"}, (5, 7, 2)),
            Example({"filters": 2, "normalize": "batch"}, (5, 4, 2)),
        ]


def _normalization(normalize: bool | str, policy) -> keras.layers.Layer | None:
    """Returns the layer that `normalize` stands for, or None for none."""
    if not normalize:
        return None
    if normalize in (True, "instance"):
        return InstanceNormalization(dtype=policy, name="normalization")
    if normalize == "batch":
        return BatchNormalization(MOMENTUM, dtype=policy, name="normalization")
    raise unknown_name("normalize", str(normalize), ("instance", "batch"))

"""EfficientNet-lite0, a small network that was made for classifying photographs and is used for its features."""

import keras
from keras import layers

# Kernel, blocks, channels, factor by which a block widens, stride of its first block.
STAGES = (
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
)
STEM = 32
EPSILON = 1e-3


def efficientnet_lite0(input_shape: tuple[int, int, int]) -> keras.Model:
    """The convolutions of EfficientNet-lite0 without its classifier, at random weights.

    Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019), in the
    "lite" variant of TensorFlow's authors: no squeeze-and-excitation, ReLU limited to 6.

    Args:
        input_shape: (height, width, 3).

    Returns:
        A model from images, normalised channel by channel, to 320 maps of a 32nd of their height and width. Its
        layers "block_0" to "block_15" give 16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192 (four times) and 320
        maps, at strides 2, 4, 4, 8, 8, 16 (six times) and 32 (five times).

    Example:
        >>> efficientnet_lite0((64, 64, 3)).get_layer("block_4").output.shape
        (None, 8, 8, 40)
    """
    inputs = keras.Input(input_shape)
    x = _unit(inputs, layers.Conv2D(STEM, 3, 2, "same", use_bias=False, name="stem"), "stem")
    number = 0
    for kernel, blocks, channels, widening, stride in STAGES:
        for i in range(blocks):
            x = _block(x, kernel, channels, widening, stride if i == 0 else 1, f"block_{number}")
            number += 1
    return keras.Model(inputs, x, name="efficientnet_lite0")


def _block(x, kernel: int, channels: int, widening: int, stride: int, name: str):
    """Widen, convolve each channel, narrow; the input is added where nothing changes its shape."""
    inputs = x
    if widening > 1:
        wide = layers.Conv2D(widening * x.shape[-1], 1, use_bias=False, name=f"{name}_widen")
        x = _unit(x, wide, f"{name}_widen")
    each = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=f"{name}_depthwise")
    x = _unit(x, each, f"{name}_depthwise")
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_narrow")(x)
    adds = stride == 1 and inputs.shape[-1] == channels
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_narrow_normalization" if adds else name)(x)
    return layers.Add(name=name)([inputs, x]) if adds else x


def _unit(x, convolution, name: str):
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_normalization")(convolution(x))
    return layers.ReLU(6.0, name=f"{name}_activation")(x)

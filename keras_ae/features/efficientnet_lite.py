"""The EfficientNet-lite networks, classifiers of photographs that are used here for their features."""

from math import ceil

import keras
from keras import layers

# Kernel, blocks, channels, widening factor of a block, stride of the first block.
STAGES = (
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
)
SCALES = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2))  # factors for channels and for blocks, by network number
AT_STRIDE_8, AT_STRIDE_16 = 2, 4  # the last stages with maps of these strides
STEM = 32
CHANNELS = 8  # divides every number of channels
EPSILON = 1e-3


def efficientnet_lite(input_shape: tuple[int, int, int], number: int = 0) -> keras.Model:
    """Returns the convolutions of an EfficientNet-lite without its classifier, with random weights.

    Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019), in the
    "lite" variant of TensorFlow's authors: no squeeze-and-excitation, ReLU capped at 6; the stem and the first and
    last stages have the same number of blocks in all networks.

    Args:
        input_shape: (height, width, 3).
        number: 0, 1 or 2: 3.0, 3.8 and 4.4 million parameters.

    Returns:
        A model from images, normalised channel by channel, to 320 maps (352 for number 2) of a 32nd of the images'
        height and width. Its layers "block_0", "block_1" and so on end its blocks; those of number 0 have 16, 24,
        24, 40, 40, 80, 80, 80, 112, 112, 112, 192 (four times) and 320 maps, at strides 2, 4, 4, 8, 8, 16 (six
        times) and 32 (five times).

    Example:
        >>> efficientnet_lite((64, 64, 3)).get_layer("block_4").output.shape
        (None, 8, 8, 40)
    """
    wider, deeper = SCALES[number]
    inputs = keras.Input(input_shape)
    x = _unit(inputs, layers.Conv2D(STEM, 3, 2, "same", use_bias=False, name="stem"), "stem")
    made = 0
    for (kernel, _, channels, widening, stride), blocks in zip(STAGES, _blocks(deeper), strict=True):
        for i in range(blocks):
            x = _block(x, kernel, _multiple(channels * wider), widening, stride if i == 0 else 1, f"block_{made}")
            made += 1
    return keras.Model(inputs, x, name=f"efficientnet_lite{number}")


def middle_layers(number: int) -> tuple[str, str]:
    """Returns the names of an EfficientNet-lite's last layers at strides 8 and 16.

    Example:
        >>> middle_layers(0)  # with 40 and 112 maps
        ('block_4', 'block_10')
    """
    blocks = _blocks(SCALES[number][1])
    return f"block_{sum(blocks[: AT_STRIDE_8 + 1]) - 1}", f"block_{sum(blocks[: AT_STRIDE_16 + 1]) - 1}"


def _blocks(deeper: float) -> list[int]:
    """Returns the number of blocks of each stage."""
    first, *between, last = (blocks for _, blocks, *_ in STAGES)
    return [first, *(ceil(deeper * blocks) for blocks in between), last]


def _multiple(channels: float) -> int:
    """Rounds to the nearest multiple of 8, but to no more than a tenth below."""
    nearest = max(CHANNELS, int(channels + CHANNELS / 2) // CHANNELS * CHANNELS)
    return nearest if nearest >= 0.9 * channels else nearest + CHANNELS


def _block(x, kernel: int, channels: int, widening: int, stride: int, name: str):
    """Widens, convolves each channel and narrows; adds the input if the shape stays the same."""
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

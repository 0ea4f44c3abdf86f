"""Encoder and decoder of the bottleneck-shape paper (section 2.2, eq. 3 and 4)."""

from numbers import Integral

import keras

from keras_ae._support.errors import InputError
from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import image_shape_of, strides_for, whole_number
from keras_ae.layers import ConvolutionUnit, ResidualBlock, UpsamplingUnit

GROWTH = 4  # Halving the sides quadruples the channels, which keeps the volume (eq. 3).


@with_examples(
    Example({"input_shape": (8, 8, 3), "code_shape": (2, 2, 5), "strided_layers": 2, "residual_blocks": 1}),
    Example(
        {"input_shape": (8, 12, 1), "code_shape": (4, 6, 2), "strided_layers": 2, "residual_blocks": 0, "width": 2}
    ),
)
def convolutional_encoder(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int, int, int],
    strided_layers: int = 5,
    residual_blocks: int = 2,
    width: int | None = None,
    normalize: bool | str = True,
) -> keras.Model:
    """A unit at full size, then stages: residual blocks, and a strided unit that quadruples the width.

    The last strided unit outputs the code's channels (with strided_layers=0, the first unit does); no residual
    blocks follow it. To make codes larger than the smallest, the last strides become 1 (eq. 5).

    Args:
        input_shape: (height, width, channels) of the images.
        code_shape: (height, width, channels) of the features it returns.
        strided_layers: Number n_l of strided units; the paper has 5.
        residual_blocks: Blocks before each strided unit.
        width: Channels at full size; the image's by default, as in the paper.
        normalize: Normalisation of the units: "instance" (or True) as in the paper, "batch", or False.

    Raises:
        InputError: If the layers cannot make this code.

    Example:
        >>> encoder = kae.networks.convolutional_encoder((8, 8, 3), (2, 2, 5), strided_layers=2)
        >>> encoder.output_shape
        (None, 2, 2, 5)
    """
    input_shape, code_shape = image_shape_of(input_shape), _code_shape(code_shape)
    width = whole_number("width", input_shape[-1] if width is None else width)
    residual_blocks = whole_number("residual_blocks", residual_blocks, 0)
    image = keras.Input(input_shape, name="image")
    strides = strides_for(input_shape, code_shape[:2], strided_layers)
    first = width if strides else code_shape[-1]
    features = ConvolutionUnit(first, normalize=normalize, name="unit")(image)
    for i, stride in enumerate(strides, start=1):
        for block in range(residual_blocks):
            features = ResidualBlock(normalize=normalize, name=f"stage{i}_block{block}")(features)
        filters = code_shape[-1] if i == strided_layers else width * GROWTH**i
        unit = ConvolutionUnit(filters, strides=stride, normalize=normalize, name=f"stage{i}_strided")
        features = unit(features)
    return keras.Model(image, features, name="convolutional_encoder")


@with_examples(
    Example({"code_shape": (2, 2, 5), "output_shape": (8, 8, 3), "strided_layers": 2, "residual_blocks": 1}),
    Example(
        {
            "code_shape": (4, 6, 2),
            "output_shape": (8, 12, 1),
            "strided_layers": 2,
            "residual_blocks": 0,
            "width": 2,
        }
    ),
)
def convolutional_decoder(
    code_shape: tuple[int, int, int],
    output_shape: tuple[int, int, int],
    strided_layers: int = 5,
    residual_blocks: int = 2,
    width: int | None = None,
    normalize: bool | str = True,
    normalize_output: bool = True,
    output_activation="relu",
) -> keras.Model:
    """Mirrors the encoder: upsampling units that quarter the width, each followed by residual blocks.

    A last unit at full size outputs the image.

    Args:
        code_shape: (height, width, channels) of the code.
        output_shape: (height, width, channels) of the images.
        strided_layers, residual_blocks, width: Same as for `convolutional_encoder`.
        normalize: Normalisation of all units but the last: "instance" (or True) as in the paper, "batch", or
            False.
        normalize_output: Whether the last unit has instance normalisation, as in the paper. Without it the network
            can reproduce each image's brightness and contrast.
        output_activation: Activation of the last unit; the paper's is "relu".

    Raises:
        InputError: If the layers cannot make these images from this code.

    Example:
        >>> decoder = kae.networks.convolutional_decoder((2, 2, 5), (8, 8, 3), strided_layers=2)
        >>> decoder.output_shape
        (None, 8, 8, 3)
    """
    output_shape, code_shape = image_shape_of(output_shape), _code_shape(code_shape)
    width = whole_number("width", output_shape[-1] if width is None else width)
    residual_blocks = whole_number("residual_blocks", residual_blocks, 0)
    factors = reversed(strides_for(output_shape, code_shape[:2], strided_layers))
    code = features = keras.Input(code_shape, name="code")
    for i, factor in enumerate(factors, start=1):
        filters = width * GROWTH ** (strided_layers - i)
        features = UpsamplingUnit(filters, factor, normalize, name=f"stage{i}_upsampling")(features)
        for block in range(residual_blocks):
            features = ResidualBlock(normalize=normalize, name=f"stage{i}_block{block}")(features)
    image = ConvolutionUnit(
        output_shape[-1], normalize=normalize_output, activation=output_activation, name="unit"
    )(features)
    return keras.Model(code, image, name="convolutional_decoder")


def _code_shape(code_shape) -> tuple[int, int, int]:
    match code_shape:
        case (Integral(), Integral(), Integral()):
            height, width, channels = map(int, code_shape)
            if height * width > 1 and channels > 0:
                return height, width, channels
    raise InputError(
        f"code shape {code_shape!r}",
        "(height, width, channels) of more than one position",
        "choose a larger code: instance normalisation leaves nothing of a map of a single pixel",
    )

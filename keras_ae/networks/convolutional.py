"""Encoder and decoder of the bottleneck-shape paper (section 2.2, eq. 3 and 4)."""

from numbers import Integral

import keras

from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import image_shape_of, strides_for, whole_number
from keras_ae.errors import InputError
from keras_ae.layers import ConvolutionUnit, ResidualBlock, UpsamplingUnit

GROWTH = 4  # Each halving of the sides quadruples the channels, so that the volume stays (eq. 3).


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
) -> keras.Model:
    """A unit at full size, then `strided_layers` times residual blocks and a strided unit of four times the width.

    The last strided unit gives the code's channels; there are no residual blocks behind it. Code sizes larger
    than the smallest come from turning the last strides into 1 (eq. 5).

    Args:
        input_shape: (height, width, channels) of the images.
        code_shape: (height, width, channels) of the features it returns.
        strided_layers: Number n_l of strided units; the paper has 5.
        residual_blocks: Blocks before each strided unit.
        width: Channels at full size; the paper has the image's.

    Raises:
        InputError: If the layers cannot make this code.
    """
    input_shape, code_shape = image_shape_of(input_shape), _code_shape(code_shape)
    width = whole_number("width", width or input_shape[-1])
    image = keras.Input(input_shape, name="image")
    features = ConvolutionUnit(width, name="unit")(image)
    for i, stride in enumerate(strides_for(input_shape, code_shape[:2], strided_layers), start=1):
        for block in range(residual_blocks):
            features = ResidualBlock(name=f"stage{i}_block{block}")(features)
        filters = code_shape[-1] if i == strided_layers else width * GROWTH**i
        features = ConvolutionUnit(filters, strides=stride, name=f"stage{i}_strided")(features)
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
    normalize_output: bool = True,
    output_activation="relu",
) -> keras.Model:
    """The encoder's mirror image: upsampling units that quarter the width, residual blocks behind each.

    A last unit at full size gives the image.

    Args:
        code_shape: (height, width, channels) of the code.
        output_shape: (height, width, channels) of the images.
        strided_layers, residual_blocks, width: As of `convolutional_encoder`.
        normalize_output: Whether the last unit has instance normalisation, as the paper's does. Without it the
            network can give each image a brightness and contrast of its own.
        output_activation: Of the last unit; the paper's is "relu".

    Raises:
        InputError: If the layers cannot come from this code to these images.
    """
    output_shape, code_shape = image_shape_of(output_shape), _code_shape(code_shape)
    width = whole_number("width", width or output_shape[-1])
    factors = reversed(strides_for(output_shape, code_shape[:2], strided_layers))
    code = features = keras.Input(code_shape, name="code")
    for i, factor in enumerate(factors, start=1):
        filters = width * GROWTH ** (strided_layers - i)
        features = UpsamplingUnit(filters, factor, name=f"stage{i}_upsampling")(features)
        for block in range(residual_blocks):
            features = ResidualBlock(name=f"stage{i}_block{block}")(features)
    image = ConvolutionUnit(
        output_shape[-1], normalize=normalize_output, activation=output_activation, name="unit"
    )(features)
    return keras.Model(code, image, name="convolutional_decoder")


def _code_shape(code_shape) -> tuple[int, int, int]:
    match code_shape:
        case (Integral() as height, Integral() as width, Integral() as channels):
            if height * width > 1 and channels > 0:
                return int(height), int(width), int(channels)
    raise InputError(
        f"code shape {code_shape!r}",
        "(height, width, channels) of more than one position",
        "choose a larger code: instance normalisation leaves nothing of a map of a single pixel",
    )

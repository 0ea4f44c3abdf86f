"""Encoder and decoder of learned compression by block cosines, and a network that corrects decoded images."""

from itertools import count

import keras
import numpy as np
from keras import layers as keras_layers

from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import block_of, image_shape_of, map_shape_of, whole_number
from keras_ae.layers import BlockCosines, ChannelScale

MIDDLE = 0.5  # grey subtracted from images, so that coefficients are about 0 on average
CORRECTED = 0.01  # correction of a coefficient per unit of the network's output: about one rounding step


@with_examples(
    Example({"input_shape": (8, 8, 3), "code_shape": (2, 2, 6)}),
    Example({"input_shape": (8, 12, 1), "code_shape": (4, 6, 3)}),
)
def cosine_encoder(input_shape: tuple[int, int, int], code_shape: tuple[int, int, int]) -> keras.Model:
    """Images → cosine coefficients of their blocks. No weight is trained or depends on the images' size.

    Args:
        input_shape: (height, width, channels) of the images.
        code_shape: (height, width, channels) of the map: for each position, the first `channels` coefficients of a
            block of the image.

    Raises:
        InputError: If the code's sides do not divide the image's, or blocks have fewer values than `channels`.

    Example:
        >>> kae.networks.cosine_encoder((16, 16, 1), (4, 4, 10)).output_shape
        (None, 4, 4, 10)
    """
    input_shape, code_shape = image_shape_of(input_shape), map_shape_of(code_shape)
    cosines = _cosines(input_shape, code_shape, inverse=False)
    image = keras.Input(input_shape, name="image")
    coefficients = cosines(keras_layers.Rescaling(1.0, -MIDDLE, dtype="float32", name="centred")(image))
    return keras.Model(
        image, keras_layers.Activation("linear", name="features")(coefficients), name="cosine_encoder"
    )


@with_examples(
    Example({"code_shape": (2, 2, 6), "output_shape": (8, 8, 3), "filters": 4}),
    Example({"code_shape": (4, 6, 3), "output_shape": (8, 12, 1), "filters": 2, "gain": 4.0, "noise": 0.3}),
)
def cosine_decoder(
    code_shape: tuple[int, int, int],
    output_shape: tuple[int, int, int],
    filters: int = 128,
    blocks: int = 2,
    output_activation="linear",
    gain: float = 1.0,
    noise: float = 0.0,
) -> keras.Model:
    """Sums the cosines of coefficients, corrected by a residual network that starts at zero.

    Args:
        code_shape: (height, width, channels) of the code.
        output_shape: (height, width, channels) of the images.
        filters: Channels of the network's layers.
        blocks: Residual blocks of a 3×3 and a 1×1 convolution.
        output_activation: Activation of the image.
        gain: Initial ratio of codes to coefficients.
        noise: Standard deviation of the noise added to codes in training: the initial weight of a channel of
            variance σ² is σ² / (σ² + noise²), which minimises squared errors (Wiener).

    Raises:
        InputError: Same as for `cosine_encoder`.

    Example:
        >>> kae.networks.cosine_decoder((4, 4, 10), (16, 16, 1), filters=8).output_shape
        (None, 16, 16, 1)
    """
    output_shape, code_shape = image_shape_of(output_shape), map_shape_of(code_shape)
    cosines = _cosines(output_shape, code_shape, inverse=True)
    variances = np.square(cosines.deviations)
    code = keras.Input(code_shape, name="code")
    kept = variances / (variances + (noise / gain) ** 2) / gain
    coefficients = ChannelScale(kept, dtype="float32", name="coefficients")(code)
    correction = _correction(code, 1 / (gain * cosines.deviations), filters, blocks)
    image = cosines(keras_layers.Add(name="corrected")([coefficients, correction]))
    image = keras_layers.Rescaling(1.0, MIDDLE, dtype="float32", name="brightness")(image)
    return keras.Model(
        code, keras_layers.Activation(output_activation, name="output")(image), name="cosine_decoder"
    )


def _cosines(image_shape, code_shape, inverse: bool) -> BlockCosines:
    block = block_of(image_shape, code_shape)
    return BlockCosines(block, image_shape[-1], code_shape[-1], inverse, dtype="float32", name="cosines")


def _correction(maps, factors, filters: int, blocks: int):
    """Returns a residual network's correction of maps, 0 at first; it sees all channels at the same scale."""
    units, filters, number = maps.shape[-1], whole_number("filters", filters), count()

    def convolution(features, kernel_size: int, channels: int = filters, **options):
        name = f"convolution{next(number)}"
        layer = keras_layers.Conv2D(channels, kernel_size, padding="same", name=name, **options)
        return layer(features)

    def activated(features):
        return keras_layers.Activation("gelu", name=f"gelu{next(number)}")(features)

    features = convolution(ChannelScale(factors, name="scaled")(maps), 1)
    for i in range(whole_number("blocks", blocks)):
        added = convolution(activated(convolution(activated(features), 3)), 1)
        features = keras_layers.Add(name=f"block{i}")([features, added])
    correction = convolution(activated(features), 1, units, kernel_initializer="zeros")
    return keras_layers.Rescaling(CORRECTED, dtype="float32", name="correction")(correction)

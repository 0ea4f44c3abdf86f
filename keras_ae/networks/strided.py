"""Strided convolutional encoder and transposed convolutional decoder with batch normalisation."""

from math import prod

import keras

from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import check_divisible


def _normalized(features, name):
    features = keras.layers.BatchNormalization(name=f"{name}_norm")(features)
    return keras.layers.Activation("relu", name=f"{name}_relu")(features)


@with_examples(
    Example({"input_shape": (8, 8, 3), "filters": (4, 8), "kernel_size": 3}),
    Example({"input_shape": (9, 5, 1), "filters": (2, 3, 4)}),
)
def strided_encoder(
    input_shape: tuple[int, int, int],
    filters: tuple[int, ...] = (32, 64, 128, 256),
    kernel_size: int = 4,
) -> keras.Model:
    """Images → flattened features: convolutions of stride 2, each with batch normalisation and ReLU.

    Source: the deterministic-against-variational paper, section 4.

    Args:
        input_shape: (height, width, channels) of the images, of any size.
        filters: Channels of each convolution.
        kernel_size: Side of the kernels.
    """
    image = features = keras.Input(input_shape, name="image")
    for i, channels in enumerate(filters):
        name = f"convolution_{i}"
        convolution = keras.layers.Conv2D(channels, kernel_size, 2, padding="same", name=name)
        features = _normalized(convolution(features), name)
    return keras.Model(image, keras.layers.Flatten(name="features")(features), name="strided_encoder")


@with_examples(
    Example({"code_shape": (3,), "output_shape": (8, 8, 3), "filters": (8, 4), "kernel_size": 3}),
    Example({"code_shape": (2,), "output_shape": (8, 4, 1), "filters": (4, 3, 2)}),
)
def strided_decoder(
    code_shape: tuple[int, ...],
    output_shape: tuple[int, int, int],
    filters: tuple[int, ...] = (256, 128, 64),
    kernel_size: int = 4,
    output_activation="sigmoid",
) -> keras.Model:
    """Code vectors → images: a dense layer onto small maps, transposed convolutions that double their sides.

    Source: the deterministic-against-variational paper, section 4 (8×8 maps for images of 32×32).

    Args:
        code_shape: (length,) of the code.
        output_shape: (height, width, channels) of the images; each further filter halves the first maps' sides.
        filters: Channels of the first feature maps, then of each transposed convolution of stride 2.
        kernel_size: Side of the kernels.
        output_activation: After the last transposed convolution, of stride 1.

    Raises:
        InputError: If 2^(len(filters) - 1) does not divide the image's height and width.
    """
    factor = 2 ** (len(filters) - 1)
    check_divisible(output_shape, factor)
    start = (output_shape[0] // factor, output_shape[1] // factor, filters[0])
    code = keras.Input(code_shape, name="code")
    features = keras.layers.Dense(prod(start), name="dense")(code)
    features = keras.layers.Reshape(start, name="maps")(features)
    for i, channels in enumerate(filters[1:]):
        name = f"transposed_{i}"
        transposed = keras.layers.Conv2DTranspose(channels, kernel_size, 2, padding="same", name=name)
        features = _normalized(transposed(features), name)
    image = keras.layers.Conv2DTranspose(
        output_shape[-1], kernel_size, padding="same", activation=output_activation, name="image"
    )(features)
    return keras.Model(code, image, name="strided_decoder")

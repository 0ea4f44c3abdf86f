"""Encoder and decoder of learned image compression (Ballé et al., 2017): strided convolutions with GDN."""

import keras
from keras import layers as keras_layers

from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import halvings_between, image_shape_of, map_shape_of, whole_number
from keras_ae.layers import GeneralizedDivisiveNormalization


@with_examples(
    Example({"input_shape": (8, 8, 3), "size": (2, 2), "filters": 4}),
    Example({"input_shape": (8, 12, 1), "size": (4, 6), "filters": 2, "kernel_size": 3}),
)
def compressive_encoder(
    input_shape: tuple[int, int, int], size: tuple[int, int], filters: int = 32, kernel_size: int = 5
) -> keras.Model:
    """Images → features of a map: convolutions of stride 2 with GDN between them.

    Source: Ballé et al., "End-to-end optimized image compression" (2017), section 3 and appendix. No layer depends
    on the image's size.

    Args:
        input_shape: (height, width, channels) of the images.
        size: (height, width) of the map: the image's, halved a few times.
        filters: Channels of each convolution.
        kernel_size: Side of the kernels.

    Raises:
        InputError: If halving the image's sides does not lead to `size`.

    Example:
        >>> kae.networks.compressive_encoder((16, 16, 3), (4, 4), filters=8).output_shape
        (None, 4, 4, 8)
    """
    image = features = keras.Input(image_shape_of(input_shape), name="image")
    halvings, filters = halvings_between(input_shape, size), whole_number("filters", filters)
    for i in range(halvings):
        features = _convolution(keras_layers.Conv2D, filters, kernel_size, f"stage{i}_strided")(features)
        if i < halvings - 1:
            features = GeneralizedDivisiveNormalization(name=f"stage{i}_gdn")(features)
    return keras.Model(image, features, name="compressive_encoder")


@with_examples(
    Example({"code_shape": (2, 2, 3), "output_shape": (8, 8, 3), "filters": 4}),
    Example({"code_shape": (4, 6, 2), "output_shape": (8, 12, 1), "filters": 2, "output_activation": "sigmoid"}),
)
def compressive_decoder(
    code_shape: tuple[int, int, int],
    output_shape: tuple[int, int, int],
    filters: int = 32,
    kernel_size: int = 5,
    output_activation="linear",
) -> keras.Model:
    """Mirrors the encoder: transposed convolutions of stride 2 with inverse GDN between them.

    Args:
        code_shape: (height, width, channels) of the code.
        output_shape: (height, width, channels) of the images.
        filters, kernel_size: Same as for `compressive_encoder`.
        output_activation: Activation of the image; linear in the paper.

    Raises:
        InputError: If doubling the code's sides does not lead to the images'.

    Example:
        >>> kae.networks.compressive_decoder((4, 4, 6), (16, 16, 3), filters=8).output_shape
        (None, 16, 16, 3)
    """
    output_shape, code_shape = image_shape_of(output_shape), map_shape_of(code_shape)
    doublings, filters = halvings_between(output_shape, code_shape[:2]), whole_number("filters", filters)
    code = features = keras.Input(code_shape, name="code")
    for i in range(doublings):
        last = i == doublings - 1
        width = output_shape[-1] if last else filters
        layer = _convolution(keras_layers.Conv2DTranspose, width, kernel_size, f"stage{i}_transposed")
        features = layer(features)
        if not last:
            features = GeneralizedDivisiveNormalization(inverse=True, name=f"stage{i}_igdn")(features)
    image = keras_layers.Activation(output_activation, name="output")(features)
    return keras.Model(code, image, name="compressive_decoder")


def _convolution(kind: type, filters: int, kernel_size: int, name: str) -> keras.layers.Layer:
    return kind(filters, kernel_size, strides=2, padding="same", name=name)

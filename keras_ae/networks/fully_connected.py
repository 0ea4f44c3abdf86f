"""Fully-connected encoder and decoder."""

from math import prod

import keras

from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import image_shape_of, vector_length, whole_numbers
from keras_ae.layers import activation_layer


def _dense_stack(features, hidden, activation, initializer):
    for i, units in enumerate(whole_numbers("hidden", hidden)):
        dense = keras.layers.Dense(units, kernel_initializer=initializer, name=f"dense_{i}")
        features = activation_layer(activation, name=f"activation_{i}")(dense(features))
    return features


@with_examples(
    Example({"input_shape": (4, 6, 3), "hidden": (8,)}),
    Example({"input_shape": (5, 5, 1), "activation": 0.3}),
)
def fully_connected_encoder(
    input_shape: tuple[int, int, int],
    hidden: tuple[int, ...] = (128, 64),
    activation="leaky_relu",
    initializer="glorot_uniform",
) -> keras.Model:
    """Images [batch, height, width, channels] → features [batch, hidden[-1]].

    Args:
        input_shape: (height, width, channels) of the images.
        hidden: Units of each dense layer.
        activation: Activation of each layer; a number is the negative slope of a LeakyReLU.
        initializer: Initializer of the kernels.

    Example:
        >>> kae.networks.fully_connected_encoder((4, 6, 3), hidden=(16, 8)).output_shape
        (None, 8)
    """
    image = keras.Input(image_shape_of(input_shape), name="image")
    features = _dense_stack(keras.layers.Flatten(name="flatten")(image), hidden, activation, initializer)
    return keras.Model(image, features, name="fully_connected_encoder")


@with_examples(
    Example({"code_shape": (3,), "output_shape": (4, 6, 3), "hidden": (8,)}),
    Example({"code_shape": (2,), "output_shape": (5, 5, 1), "output_activation": "linear"}),
)
def fully_connected_decoder(
    code_shape: tuple[int, ...],
    output_shape: tuple[int, int, int],
    hidden: tuple[int, ...] = (64, 128),
    activation="leaky_relu",
    output_activation="sigmoid",
    initializer="glorot_uniform",
) -> keras.Model:
    """Codes [batch, length] → images [batch, height, width, channels].

    Args:
        code_shape: (length,) of the code.
        output_shape: (height, width, channels) of the images.
        hidden: Units of each dense layer before the last, which makes the pixels.
        activation: Activation of each hidden layer; a number is the negative slope of a LeakyReLU.
        output_activation: Activation of the last layer.
        initializer: Initializer of the kernels.

    Raises:
        InputError: If the code is not a vector.

    Example:
        >>> kae.networks.fully_connected_decoder((3,), (4, 6, 3), hidden=(8,)).output_shape
        (None, 4, 6, 3)
    """
    output_shape = image_shape_of(output_shape)
    code = keras.Input((vector_length(code_shape),), name="code")
    features = _dense_stack(code, hidden, activation, initializer)
    pixels = keras.layers.Dense(
        prod(output_shape), output_activation, kernel_initializer=initializer, name="pixels"
    )(features)
    image = keras.layers.Reshape(output_shape, name="image")(pixels)
    return keras.Model(code, image, name="fully_connected_decoder")

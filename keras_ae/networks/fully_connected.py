"""Fully-connected encoder and decoder."""

from math import prod

import keras

from keras_ae.catalogue import Example, with_examples


def _dense_stack(features, hidden, activation):
    for i, units in enumerate(hidden):
        features = keras.layers.Dense(units, name=f"dense_{i}")(features)
        features = keras.layers.Activation(activation, name=f"activation_{i}")(features)
    return features


@with_examples(
    Example({"input_shape": (4, 6, 3), "hidden": (8,)}),
    Example({"input_shape": (5, 5, 1), "activation": "relu"}),
)
def fully_connected_encoder(
    input_shape: tuple[int, int, int], hidden: tuple[int, ...] = (128, 64), activation="leaky_relu"
) -> keras.Model:
    """Images [batch, height, width, channels] → features [batch, hidden[-1]].

    Args:
        input_shape: (height, width, channels) of the images.
        hidden: Units of each dense layer.
        activation: After each of them.
    """
    image = keras.Input(input_shape, name="image")
    features = _dense_stack(keras.layers.Flatten(name="flatten")(image), hidden, activation)
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
) -> keras.Model:
    """Codes [batch, length] → images [batch, height, width, channels].

    Args:
        code_shape: (length,) of the code.
        output_shape: (height, width, channels) of the images.
        hidden: Units of each dense layer before the last, which gives the pixels.
        activation: After each hidden layer.
        output_activation: After the last layer.
    """
    code = keras.Input(code_shape, name="code")
    features = _dense_stack(code, hidden, activation)
    pixels = keras.layers.Dense(prod(output_shape), output_activation, name="pixels")(features)
    image = keras.layers.Reshape(output_shape, name="image")(pixels)
    return keras.Model(code, image, name="fully_connected_decoder")

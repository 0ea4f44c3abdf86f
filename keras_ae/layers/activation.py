"""Activations by name, or by the slope of a LeakyReLU."""

import keras


def activation_layer(activation, **kwargs) -> keras.layers.Layer:
    """A layer that applies an activation.

    Args:
        activation: What `keras.activations.get` takes; or a number: the negative slope of a LeakyReLU.
        **kwargs: Name and dtype of the layer.
    """
    if isinstance(activation, int | float):
        return keras.layers.LeakyReLU(activation, **kwargs)
    return keras.layers.Activation(activation, **kwargs)

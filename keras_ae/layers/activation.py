"""Activation layers, given by name or by the negative slope of a LeakyReLU."""

import keras


def activation_layer(activation, **kwargs) -> keras.layers.Layer:
    """Returns a layer that applies an activation.

    Args:
        activation: Anything that `keras.activations.get` takes, or the negative slope of a LeakyReLU.
        **kwargs: Name and dtype of the layer.

    Example:
        >>> leaky = kae.layers.activation_layer(0.5)
        >>> ops.convert_to_numpy(leaky(np.array([-2.0, 3.0]))).tolist()
        [-1.0, 3.0]
    """
    if isinstance(activation, int | float):
        return keras.layers.LeakyReLU(activation, **kwargs)
    return keras.layers.Activation(activation, **kwargs)

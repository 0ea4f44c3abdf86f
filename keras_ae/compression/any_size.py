"""Converts networks built for images of one size to networks for images of any size."""

import keras
import numpy as np

TOLERANCE = 1e-3


def of_any_size(network: keras.Model) -> keras.Model | None:
    """Returns a copy of a functional model, with the same weights, that takes maps of any height and width.

    Returns:
        The copy, or None if a layer depends on the size, such as a dense layer on all positions.

    Example:
        >>> small = kae.networks.compressive_encoder((8, 8, 1), (2, 2), filters=4)
        >>> of_any_size(small)(np.zeros((1, 12, 20, 1), "float32")).shape.as_list()
        [1, 3, 5, 4]
        >>> of_any_size(kae.networks.fully_connected_encoder((8, 8, 1)))  # None
    """
    shape = tuple(network.input_shape[1:])
    if len(shape) != 3 or len(network.output_shape) != 4:
        return None
    try:
        copy = keras.models.clone_model(network, input_tensors=keras.Input((None, None, shape[-1])))
        copy.set_weights(network.get_weights())
        _trace(copy)
    except Exception:  # of any kind: each layer reports it in its own way
        return None
    probe = np.random.default_rng(0).random((1, *shape), "float32")
    expected, received = (keras.ops.convert_to_numpy(each(probe, training=False)) for each in (network, copy))
    if expected.shape != received.shape or not np.allclose(expected, received, TOLERANCE, TOLERANCE):
        return None
    return copy


def _trace(network: keras.Model) -> None:
    """Traces a network with unknown sizes; raises an error if a layer needs them (Keras's bilinear upsampling)."""
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *network.input_shape[1:]), tf.float32)]
    tf.function(network, input_signature=signature, autograph=False).get_concrete_function()

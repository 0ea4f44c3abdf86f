"""Loss values per image and for windows, and sample weights per image."""

from math import prod

import keras
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.code_shapes import shapes_agree


def check_alike(y_true, y_pred) -> None:
    """Refuses images whose known axes, apart from the batch, differ: they would be broadcast (`InputError`)."""
    one, other = tuple(y_true.shape[1:]), tuple(y_pred.shape[1:])
    if not shapes_agree(one, other):
        raise InputError(f"images of {one} to compare with {other}", "the same shape")


# Functions from float32 windows [n, h, w, c] and their reconstructions to a scalar. Reducing all values at once is
# several times as fast as first reducing each of many small windows.
WINDOW_LOSSES = {
    "sum_squared_error": lambda x, y: ops.mean(ops.square(y - x)) * prod(x.shape[1:]),
    "mse": lambda x, y: ops.mean(ops.square(y - x)),
    "mae": lambda x, y: ops.mean(ops.abs(y - x)),
    "log_loss": lambda x, y: ops.mean(ops.binary_crossentropy(x, y)),
}


def window_loss(loss: "str | keras.losses.Loss", windows, reconstructions):
    """Returns the mean loss of float32 windows [n, h, w, c], a scalar.

    Args:
        loss: A name in `WINDOW_LOSSES`, or a Keras loss.
        windows, reconstructions: The windows, and their reconstructions of the same shape.

    Example:
        >>> windows, reconstructions = np.zeros((2, 1, 3, 1), "float32"), np.ones((2, 1, 3, 1), "float32")
        >>> float(kae.losses.window_loss("sum_squared_error", windows, reconstructions))
        3.0
        >>> float(kae.losses.window_loss(kae.losses.SumSquaredError(), windows, reconstructions))
        3.0
    """
    if isinstance(loss, str):
        return WINDOW_LOSSES[loss](windows, reconstructions)
    # Not the loss itself: under tf.distribute it would divide by the replicas, as the model does later.
    return ops.mean(ops.cast(loss.call(windows, reconstructions), "float32"))


def loss_per_image(loss: "str | keras.losses.Loss", images, reconstructions):
    """Returns the loss, a Keras loss or its name, of each image [n, h, w, c], averaged over its values: [n].

    Raises:
        InputError: If `loss` is not exactly one loss.

    Example:
        >>> images, reconstructions = np.zeros((2, 1, 3, 1), "float32"), np.ones((2, 1, 3, 1), "float32")
        >>> tuple(kae.losses.loss_per_image("mse", images, reconstructions).shape)
        (2,)
    """
    try:
        loss = keras.losses.get(loss)
        values = getattr(loss, "call", loss)(images, reconstructions)
    except (TypeError, ValueError):
        raise InputError(f"{loss!r} as loss of each image", "one loss, such as 'mse'") from None
    values = ops.cast(values, "float32")
    return ops.mean(values, axis=tuple(range(1, len(values.shape))))


def weights_of_images(weights, rank: int):
    """Reshapes weights per image to multiply the images' values; returns all others unchanged.

    Keras would broadcast [batch] over the images' columns.

    Args:
        weights: [batch], [batch, 1], …, a weight per image; [batch, height, width], a weight per pixel; or None.
        rank: Number of axes of the images' tensor, including the batch.

    Example:
        >>> tuple(weights_of_images(ops.ones((5,)), rank=4).shape)
        (5, 1, 1)
    """
    if weights is None or rank < 3 or any(side != 1 for side in weights.shape[1:]):
        return weights
    return ops.reshape(weights, (-1,) + (1,) * (rank - 2))

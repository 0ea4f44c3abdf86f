"""Losses that are sums over the values of an image."""

from math import pi

import keras
from keras import ops

from keras_ae.losses.values import check_alike

SMALLEST_VARIANCE = 1e-8  # least variance of a pixel's error


@keras.saving.register_keras_serializable(package="keras_ae")
class SumSquaredError(keras.losses.Loss):
    """Squared errors, summed over each image's values and averaged over the images (or windows).

    Source: Penhouët's thesis, eq. 3.2.

    Example:
        >>> loss = kae.losses.SumSquaredError()
        >>> float(loss(np.zeros((2, 1, 3, 1), "float32"), np.ones((2, 1, 3, 1), "float32")))
        3.0
    """

    def __init__(self, name: str = "sum_squared_error", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        """Returns one value per image, [batch, 1, 1] for images [batch, h, w, c], so that sample weights fit."""
        check_alike(y_true, y_pred)
        errors = ops.square(y_pred - ops.cast(y_true, y_pred.dtype))
        return ops.sum(errors, axis=tuple(range(1, len(y_pred.shape))), keepdims=True)[..., 0]


@keras.saving.register_keras_serializable(package="keras_ae")
class GaussianLikelihood(keras.losses.Loss):
    """−log N(image; reconstruction, σ²I), summed over each image's values, in nats; averaged over the images.

    σ² is the maximum-likelihood variance of the batch, its mean squared error. Hence there is no deviation to
    choose, and β = 1 gives the variational autoencoder's objective. σ² gets no gradient, which would be 0. Source:
    Rybkin et al., "Simple and effective VAE training with calibrated decoders" (σ-VAE), 2021, eq. 6 (optimal σ).

    Example:
        >>> loss = kae.losses.GaussianLikelihood()
        >>> round(float(loss(np.zeros((2, 1, 3, 1), "float32"), np.ones((2, 1, 3, 1), "float32"))), 4)
        4.2568
    """

    def __init__(self, name: str = "gaussian_likelihood", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        """Returns one value per image, [batch, 1, 1] for images [batch, h, w, c], so that sample weights fit."""
        check_alike(y_true, y_pred)
        squares = ops.square(ops.cast(y_pred, "float32") - ops.cast(y_true, "float32"))
        variance = ops.stop_gradient(ops.maximum(ops.mean(squares), SMALLEST_VARIANCE))
        nats = 0.5 * (squares / variance + ops.log(2.0 * pi * variance))
        return ops.sum(nats, axis=tuple(range(1, len(y_pred.shape))), keepdims=True)[..., 0]

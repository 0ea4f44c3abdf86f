"""Training losses that Keras does not have."""

from math import pi, prod

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.code_shapes import shapes_agree

SSIM_WINDOW, SSIM_SIGMA = 11, 1.5
SSIM_K1, SSIM_K2 = 0.01, 0.03
SMALLEST_VARIANCE = 1e-8  # of the errors of a pixel


@keras.saving.register_keras_serializable(package="keras_ae")
class StructuralDissimilarity(keras.losses.Loss):
    """1 − SSIM of images [batch, h, w, c] in [0, 1]: 0 for equal images, at most 2, averaged over the images.

    The SSIM is that of `keras_ae.evaluation.ssim`, but differentiable and in float32. Source: Wang, Bovik, Sheikh
    & Simoncelli, 2004, eq. 13 and section III-C.

    Example:
        >>> loss = kae.losses.StructuralDissimilarity()
        >>> images = np.random.default_rng(0).random((1, 16, 16, 1), "float32")
        >>> abs(round(float(loss(images, images)), 5)), float(loss(images, 1 - images)) > 1
        (0.0, True)
    """

    def __init__(self, name: str = "structural_dissimilarity", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        """Returns one value per image, [batch, 1, 1], instead of one per pixel, so that sample weights fit."""
        _check_alike(y_true, y_pred)
        return ops.mean(dissimilarity_map(y_true, y_pred), axis=(1, 2, 3), keepdims=True)[..., 0]


def ssim_map(images, reconstructions):
    """Returns the SSIM at every window position in every channel: [n, h, w, c] twice → float32 [n, h', w', c].

    Example:
        >>> images = np.random.default_rng(0).random((1, 16, 12, 1), "float32")
        >>> tuple(kae.losses.ssim_map(images, images).shape)  # The window has 11×11 pixels.
        (1, 6, 2, 1)
    """
    return ops.transpose(_ssim_channels_first(images, reconstructions), (0, 2, 3, 1))


def dissimilarity_map(images, reconstructions):
    """Returns 1 − SSIM as `ssim_map` gives the SSIM.

    Example:
        >>> images = np.random.default_rng(0).random((1, 16, 12, 1), "float32")
        >>> abs(float(ops.max(kae.losses.dissimilarity_map(images, images)))) < 1e-5
        True
    """
    # Subtracted before it is transposed: of a constant less a transposed tensor LiteRT makes the opposite.
    return ops.transpose(1.0 - _ssim_channels_first(images, reconstructions), (0, 2, 3, 1))


def _ssim_channels_first(images, reconstructions):
    # For plain products of matrices: LiteRT cannot run an einsum of a batch of any size.
    x, y = (ops.transpose(ops.cast(values, "float32"), (0, 3, 1, 2)) for values in (images, reconstructions))
    rows, columns = (ops.convert_to_tensor(window_means(side), "float32") for side in x.shape[2:])
    # Variances are taken of differences to each image's mean: far from 0 rounding would hide small ones.
    origins = [ops.stop_gradient(ops.mean(values, axis=(2, 3), keepdims=True)) for values in (x, y)]
    x, y = x - origins[0], y - origins[1]

    def blur(values):
        return ops.matmul(ops.matmul(rows, values), ops.transpose(columns))

    mean_x, mean_y = blur(x), blur(y)
    variances = blur(ops.square(x) + ops.square(y)) - ops.square(mean_x) - ops.square(mean_y)
    covariance = blur(x * y) - mean_x * mean_y
    mean_x, mean_y = mean_x + origins[0], mean_y + origins[1]
    c1, c2 = SSIM_K1**2, SSIM_K2**2
    numerator = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return numerator / ((ops.square(mean_x) + ops.square(mean_y) + c1) * (variances + c2))


def window_means(side: int) -> np.ndarray:
    """Returns the float64 [positions, side] matrix whose product with an axis of images gives SSIM's window means.

    The window is Gaussian (σ = 1.5), 11 pixels wide and wholly inside the image; on shorter sides it is the
    largest odd one that fits.

    Example:
        >>> kae.losses.window_means(3).round(3).tolist()
        [[0.308, 0.384, 0.308]]
    """
    window = min(SSIM_WINDOW, side if side % 2 else side - 1)
    weights = np.exp(-0.5 * np.square((np.arange(window) - window // 2) / SSIM_SIGMA))
    positions = side - window + 1
    matrix = np.zeros((positions, side))
    for position in range(positions):
        matrix[position, position : position + window] = weights / weights.sum()
    return matrix


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
        _check_alike(y_true, y_pred)
        errors = ops.square(y_pred - ops.cast(y_true, y_pred.dtype))
        return ops.sum(errors, axis=tuple(range(1, len(y_pred.shape))), keepdims=True)[..., 0]


@keras.saving.register_keras_serializable(package="keras_ae")
class GaussianLikelihood(keras.losses.Loss):
    """−log N(image; reconstruction, σ²I), summed over each image's values, in nats; averaged over the images.

    σ² is the one with which the batch is most likely, its mean squared error: so there is no deviation to choose,
    and beside it a β of 1 is the variational autoencoder's. σ² has no gradient, which would be 0. Source: Rybkin
    et al., "Simple and effective VAE training with calibrated decoders" (σ-VAE), 2021, eq. 6 (optimal σ).

    Example:
        >>> loss = kae.losses.GaussianLikelihood()
        >>> round(float(loss(np.zeros((2, 1, 3, 1), "float32"), np.ones((2, 1, 3, 1), "float32"))), 4)
        4.2568
    """

    def __init__(self, name: str = "gaussian_likelihood", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        """Returns one value per image, [batch, 1, 1] for images [batch, h, w, c], so that sample weights fit."""
        _check_alike(y_true, y_pred)
        squares = ops.square(ops.cast(y_pred, "float32") - ops.cast(y_true, "float32"))
        variance = ops.stop_gradient(ops.maximum(ops.mean(squares), SMALLEST_VARIANCE))
        nats = 0.5 * (squares / variance + ops.log(2.0 * pi * variance))
        return ops.sum(nats, axis=tuple(range(1, len(y_pred.shape))), keepdims=True)[..., 0]


@keras.saving.register_keras_serializable(package="keras_ae")
class FeatureError(keras.losses.Loss):
    """Squared difference of a frozen network's features of images (or windows), averaged over the features.

    What differs in pixels but not to the network costs nothing: the semantic loss of Penhouët's thesis.

    A locally embedded autoencoder saves the network with its own weights. A model that is compiled with this loss
    saves the network without its weights: compile it again after loading.

    Args:
        network: A built model from images [n, h, w, c] to features; it is frozen.

    Example:
        >>> network = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.GlobalAveragePooling2D()])
        >>> loss = kae.losses.FeatureError(network)
        >>> images = np.random.default_rng(0).random((2, 4, 4, 1), "float32")
        >>> float(loss(images, images)), abs(float(loss(images, images[:, ::-1]))) < 1e-12
        (0.0, True)
    """

    def __init__(self, network: keras.Model, name: str = "feature_error", **kwargs):
        super().__init__(name=name, **kwargs)
        network.trainable = False
        self.network = network

    def call(self, y_true, y_pred):
        """Returns one value per image, [batch, 1, 1] for images [batch, h, w, c], so that sample weights fit."""
        _check_alike(y_true, y_pred)
        one, other = (ops.cast(self.network(images, training=False), "float32") for images in (y_true, y_pred))
        errors = ops.square(other - one)
        values = ops.mean(ops.reshape(errors, (-1, prod(errors.shape[1:]))), axis=1)
        return ops.reshape(values, (-1, *(1,) * (len(y_pred.shape) - 2)))

    def get_config(self):
        return {**super().get_config(), "network": keras.saving.serialize_keras_object(self.network)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "network": keras.saving.deserialize_keras_object(config["network"])})


def _check_alike(y_true, y_pred) -> None:
    """Rejects shapes that would be broadcast: images whose known sides differ, the batch aside."""
    one, other = tuple(y_true.shape[1:]), tuple(y_pred.shape[1:])
    if not shapes_agree(one, other):
        raise InputError(f"images of {one} to compare with {other}", "the same shape")


# From windows [n, h, w, c] in float32 and their reconstructions to a scalar. Reducing all values at once is
# several times as fast as reducing each of many small windows first.
WINDOW_LOSSES = {
    "sum_squared_error": lambda x, y: ops.mean(ops.square(y - x)) * prod(x.shape[1:]),
    "mse": lambda x, y: ops.mean(ops.square(y - x)),
    "mae": lambda x, y: ops.mean(ops.abs(y - x)),
    "log_loss": lambda x, y: ops.mean(ops.binary_crossentropy(x, y)),
}


def window_loss(loss: "str | keras.losses.Loss", windows, reconstructions):
    """The loss of windows [n, h, w, c] in float32: one of `WINDOW_LOSSES`, or any of Keras, averaged; a scalar.

    Example:
        >>> windows, reconstructions = np.zeros((2, 1, 3, 1), "float32"), np.ones((2, 1, 3, 1), "float32")
        >>> float(kae.losses.window_loss("sum_squared_error", windows, reconstructions))
        3.0
        >>> float(kae.losses.window_loss(kae.losses.SumSquaredError(), windows, reconstructions))
        3.0
    """
    if isinstance(loss, str):
        return WINDOW_LOSSES[loss](windows, reconstructions)
    # Not the loss itself, which under tf.distribute would divide by the replicas, as the model does later.
    return ops.mean(ops.cast(loss.call(windows, reconstructions), "float32"))


def loss_per_image(loss: "str | keras.losses.Loss", images, reconstructions):
    """The loss, one of Keras by name or an object, of each image [n, h, w, c], averaged over its values: [n].

    Raises:
        InputError: If it is not one loss, but several or none.

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
    """One weight per image in a shape that multiplies the values of images; all else as it is.

    Keras would broadcast [batch] over the images' columns.

    Args:
        weights: [batch], [batch, 1], …, a weight per image; [batch, height, width], a weight per pixel; or None.
        rank: Number of axes of the images' tensor, the batch's included.

    Example:
        >>> tuple(weights_of_images(ops.ones((5,)), rank=4).shape)
        (5, 1, 1)
    """
    if weights is None or rank < 3 or any(side != 1 for side in weights.shape[1:]):
        return weights
    return ops.reshape(weights, (-1,) + (1,) * (rank - 2))

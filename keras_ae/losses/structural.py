"""1 − SSIM as a loss."""

import keras
import numpy as np
from keras import ops

from keras_ae.losses.values import check_alike

SSIM_WINDOW, SSIM_SIGMA = 11, 1.5
SSIM_K1, SSIM_K2 = 0.01, 0.03


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
        check_alike(y_true, y_pred)
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
    """Returns 1 − SSIM at every window position, as `ssim_map` returns the SSIM.

    Example:
        >>> images = np.random.default_rng(0).random((1, 16, 12, 1), "float32")
        >>> abs(float(ops.max(kae.losses.dissimilarity_map(images, images)))) < 1e-5
        True
    """
    # Subtract before transposing: LiteRT flips the sign of a constant minus a transposed tensor.
    return ops.transpose(1.0 - _ssim_channels_first(images, reconstructions), (0, 2, 3, 1))


def _ssim_channels_first(images, reconstructions):
    # Channels come first for plain matrix products: LiteRT cannot run an einsum for batches of any size.
    x, y = (ops.transpose(ops.cast(values, "float32"), (0, 3, 1, 2)) for values in (images, reconstructions))
    rows, columns = (ops.convert_to_tensor(window_means(side), "float32") for side in x.shape[2:])
    # Variances use differences from each image's mean: far from 0, rounding would hide small ones.
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

    The window is Gaussian (σ = 1.5), 11 pixels wide and wholly inside the image; on shorter sides its width is the
    largest odd number that fits.

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

"""Reconstruction quality: error, PSNR, SSIM and MS-SSIM, one value per image, of floats in [0, 1] or uint8."""

from dataclasses import dataclass, fields

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.image_arrays import image_pairs, in_unit
from keras_ae.evaluation.inference import reconstructions
from keras_ae.losses import SSIM_K1, SSIM_K2, SSIM_WINDOW, window_means

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of MS-SSIM, largest scale first
HIGHEST_PSNR = 100.0  # dB; without it, a single image without error would make the mean infinite


def mse(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Returns each image's mean squared error over pixels and channels: [n, h, w, c] twice → float64 [n].

    Example:
        >>> images = np.zeros((1, 16, 16, 1))
        >>> kae.evaluation.mse(images, images + 0.5).tolist()
        [0.25]
    """
    images, reconstructions = _pair(images, reconstructions)
    return np.mean(np.square(images - reconstructions), axis=(1, 2, 3))


def rmse(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Returns the root of each image's mean squared error: [n, h, w, c] twice → float64 [n].

    Example:
        >>> images = np.zeros((1, 16, 16, 1))
        >>> kae.evaluation.rmse(images, images + 0.5).tolist()
        [0.5]
    """
    return np.sqrt(mse(images, reconstructions))


def psnr(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Returns each image's peak signal-to-noise ratio in dB, for a peak of 1: −10·log₁₀ MSE; infinite at MSE 0.

    Example:
        >>> images = np.zeros((1, 16, 16, 1))
        >>> kae.evaluation.psnr(images, images + 0.1).round(6).tolist()
        [20.0]
    """
    with np.errstate(divide="ignore"):
        return -10.0 * np.log10(mse(images, reconstructions))


def ssim(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Returns the structural similarity of each image, 1 for equal images: [n, h, w, c] twice → float64 [n].

    Windows are Gaussian (σ = 1.5) of 11×11 pixels, wholly inside the image; K₁ = 0.01, K₂ = 0.03, and the data
    range is 1. The SSIM is averaged over positions and channels. On sides shorter than the window, the window has
    the largest odd width that fits. Source: Wang, Bovik, Sheikh & Simoncelli, 2004, eq. 13 and section III-C.

    Example:
        >>> images = np.random.default_rng(0).random((1, 16, 16, 1))
        >>> kae.evaluation.ssim(images, images).round(6).tolist()
        [1.0]
    """
    luminance, contrast = _ssim_terms(*_pair(images, reconstructions))
    return np.mean(luminance * contrast, axis=(1, 2, 3))


def ms_ssim(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Returns the multi-scale structural similarity, 1 for equal images: [n, h, w, c] twice → float64 [n].

    Contrast and structure are compared at five scales, each half as large as the one before (means of 2×2 pixels;
    an odd last row or column is doubled), luminance at the smallest one: the product of their means, each to the
    power of its scale's weight; negative means count as 0. Channels are averaged. Images with a side below 161
    pixels have as many scales as the window of 11 pixels fits into, at least one, with weights that add up to 1;
    their values do not compare with those of other sizes. Source: Wang, Simoncelli & Bovik, 2003, eq. 7 and
    section 3.2.

    Example:
        >>> images = np.random.default_rng(0).random((1, 176, 176, 1))
        >>> kae.evaluation.ms_ssim(images, images).round(6).tolist()
        [1.0]
    """
    x, y = _pair(images, reconstructions)
    scales = _scales(x.shape[1:3])
    weights = np.array(SCALE_WEIGHTS[:scales])  # all five as published, though they add up to 1.0001
    weights = weights if scales == len(SCALE_WEIGHTS) else weights / weights.sum()
    product = np.ones((len(x), x.shape[-1]))
    for scale, weight in enumerate(weights, start=1):
        luminance, contrast = _ssim_terms(x, y)
        term = luminance * contrast if scale == scales else contrast
        product *= np.maximum(term.mean(axis=(1, 2)), 0) ** weight
        x, y = _halved(x), _halved(y)
    return product.mean(axis=1)


def _ssim_terms(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns luminance, and contrast times structure, at every window position: float64 [n, h', w', c] each."""
    rows, columns = (window_means(side) for side in x.shape[1:3])

    def blur(values):
        return np.einsum("rh,nhwc,vw->nrvc", rows, values, columns, optimize=True)

    mean_x, mean_y = blur(x), blur(y)
    variance_x, variance_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    covariance = blur(x * y) - mean_x * mean_y
    c1, c2 = SSIM_K1**2, SSIM_K2**2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance, (2 * covariance + c2) / (variance_x + variance_y + c2)


def _scales(size: tuple[int, int]) -> int:
    """Returns the number of scales that the window fits into."""
    side, scales = min(size), 1
    while scales < len(SCALE_WEIGHTS) and -(-side // 2) >= SSIM_WINDOW:
        side, scales = -(-side // 2), scales + 1
    return scales


def _halved(images: np.ndarray) -> np.ndarray:
    """Returns means of 2×2 pixels; an odd last row or column is doubled."""
    n, height, width, channels = images.shape
    even = np.pad(images, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return even.reshape(n, -(-height // 2), 2, -(-width // 2), 2, channels).mean(axis=(2, 4))


def trivial_errors(training_images: np.ndarray, images: np.ndarray) -> dict[str, float]:
    """Returns the mean squared errors of reconstructions without a model: one with larger errors learned nothing.

    Args:
        training_images: [m, h, w, c] in [0, 1] or uint8; their mean is one of the reconstructions.
        images: [n, h, w, c], the images to reconstruct.

    Returns:
        "mean image": the error of the training images' mean; "mean colour": that of each image's own mean colour.

    Example:
        >>> dark, light = np.zeros((1, 4, 4, 1)), np.ones((1, 4, 4, 1))
        >>> kae.evaluation.trivial_errors(np.concatenate([dark, light]), light)
        {'mean image': 0.25, 'mean colour': 0.0}
    """
    training_images, images = in_unit(training_images, np.float64), in_unit(images, np.float64)
    mean = np.broadcast_to(training_images.mean(axis=0), images.shape)
    colour = np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), images.shape)
    return {"mean image": float(mse(images, mean).mean()), "mean colour": float(mse(images, colour).mean())}


def _pair(images, reconstructions) -> tuple[np.ndarray, np.ndarray]:
    """Returns both as float64 [n, h, w, c]; uint8 becomes [0, 1]."""
    x, y = in_unit(images, np.float64), in_unit(reconstructions, np.float64)
    if x.ndim != 4 or x.shape != y.shape:
        received = f"images of {x.shape} and reconstructions of {y.shape}"
        raise InputError(received, "two arrays [n, height, width, channels] of one shape", "reshape them")
    return x, y


@dataclass(frozen=True)
class ReconstructionScores:
    """Reconstruction scores: one value per image, in the order of the images.

    Example:
        >>> one, two = np.ones(2), np.array([0.0, 0.5])
        >>> kae.evaluation.ReconstructionScores(mse=two, rmse=two, psnr=one, ssim=one).summary()["mse"]
        0.25
    """

    mse: np.ndarray
    rmse: np.ndarray
    psnr: np.ndarray
    ssim: np.ndarray

    def summary(self) -> dict[str, float]:
        """Returns the means over the images, and the standard error of the mean squared error.

        PSNRs above 100 dB, including those of images without error, count as 100. "rmse" is the mean of the
        images' roots; the RMSE over all pixels and images is the root of "mse".
        """
        means = {field.name: float(np.mean(getattr(self, field.name))) for field in fields(self)}
        means["psnr"] = float(np.mean(np.minimum(self.psnr, HIGHEST_PSNR)))
        n = len(self.mse)
        error = float(np.std(self.mse, ddof=1) / np.sqrt(n)) if n > 1 else 0.0
        return {**means, "mse_standard_error": error, "images": n}


def measure_reconstruction(model, images) -> ReconstructionScores:
    """Reconstructs images batch by batch and scores each of them.

    Args:
        model: An `Autoencoder`.
        images: An array [n, h, w, c], batches (labels are dropped), or one image; floats in [0, 1] or uint8. In
            pairs (noisy images, images), the first are reconstructed and scored against the second.

    Raises:
        InputError: If the images have another shape or range, or there are none.

    Example:
        >>> model = kae.architectures.fully_connected((8, 8, 1), (2,), hidden=(8,))
        >>> scores = kae.evaluation.measure_reconstruction(model, np.zeros((3, 8, 8, 1), "uint8"))
        >>> scores.ssim.shape, scores.summary()["images"]
        ((3,), 3)
    """
    metrics = {"mse": mse, "rmse": rmse, "psnr": psnr, "ssim": ssim}
    scores: dict[str, list[np.ndarray]] = {name: [] for name in metrics}
    for given, expected in image_pairs(model, images):
        restored = reconstructions(model, given)
        for name, metric in metrics.items():
            scores[name].append(metric(expected, restored))
    return ReconstructionScores(**{name: np.concatenate(parts) for name, parts in scores.items()})

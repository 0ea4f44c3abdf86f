"""Training losses that Keras does not have."""

from keras_ae.losses.features import FeatureDissimilarity, FeatureError
from keras_ae.losses.structural import (
    SSIM_K1,
    SSIM_K2,
    SSIM_WINDOW,
    StructuralDissimilarity,
    dissimilarity_map,
    ssim_map,
    window_means,
)
from keras_ae.losses.sums import GaussianLikelihood, SumSquaredError
from keras_ae.losses.values import WINDOW_LOSSES, loss_per_image, weights_of_images, window_loss

__all__ = [
    "FeatureDissimilarity",
    "FeatureError",
    "GaussianLikelihood",
    "StructuralDissimilarity",
    "SumSquaredError",
    "dissimilarity_map",
    "loss_per_image",
    "ssim_map",
    "window_loss",
    "window_means",
]
# Names for other packages of the library.
_SHARED = {
    "SSIM_K1": SSIM_K1,
    "SSIM_K2": SSIM_K2,
    "SSIM_WINDOW": SSIM_WINDOW,
    "WINDOW_LOSSES": WINDOW_LOSSES,
    "weights_of_images": weights_of_images,
}

"""What the last layer costs: instance normalisation gives every reconstruction the same mean and contrast."""

import numpy as np


def normalization_floor(images: np.ndarray) -> float:
    """The MSE that a perfect code would leave behind the network's last unit.

    Its instance normalisation brings each channel of every image to one mean and one standard deviation, which its
    scale and offset set for all images alike. The best ones are the averages over the images, and the error that
    is left is the variance of the images' means and deviations (the ReLU behind it is left out of account).

    Args:
        images: [n, height, width, channels] in [0, 1].
    """
    means, deviations = images.mean(axis=(1, 2)), images.std(axis=(1, 2))
    return float((means.var(axis=0) + deviations.var(axis=0)).mean())

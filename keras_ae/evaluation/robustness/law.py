"""Compares an autoencoder's number of parameters with the number that smoothness requires."""

from dataclasses import dataclass

import numpy as np

from keras_ae.autoencoder import Autoencoder


@dataclass(frozen=True)
class ParameterBounds:
    """Numbers of parameters of encoder and decoder, and the bounds that a smooth fit of the images requires.

    Bubeck & Sellke, "A universal law of robustness via isoperimetry", 2021 (theorem 1): a smooth network that fits
    n samples of dimension d has on the order of n·d parameters, up to constants. d is at most the number of values
    in an image, and smaller if images fill only part of their space.

    Example:
        >>> bounds = kae.evaluation.ParameterBounds(encoder=10, decoder=10, lower=1_000, upper=90_000)
        >>> bounds.orders()
        (3, 5)
    """

    encoder: int
    """With the bottleneck."""
    decoder: int
    lower: int
    """n · effective dimension."""
    upper: int
    """n · values of an image."""

    def orders(self) -> tuple[int, int]:
        """Returns the exponents of the powers of ten nearest to the lower and upper bounds."""
        return round(np.log10(self.lower)), round(np.log10(self.upper))


def parameter_bounds(model: Autoencoder, images: int, effective_dimension: int | None = None) -> ParameterBounds:
    """Returns an autoencoder's parameter counts with the bounds of the universal law of robustness.

    Daly et al., section 5, print 10⁷ to 10⁸ for CIFAR-10 and 10⁷ to 10⁹ for CelebA "depending on the reduced
    dimensionality of the data", which they do not state; their code lengths, 128 and 64, give these orders of
    magnitude.

    Args:
        model: The autoencoder, trained or not.
        images: Number of training images.
        effective_dimension: Effective dimension of the images; the number of code values by default.

    Example:
        >>> model = kae.architectures.fully_connected((8, 8, 1), (2,), hidden=(4,))
        >>> bounds = kae.evaluation.parameter_bounds(model, images=100)
        >>> bounds.lower, bounds.upper  # 100 · 2 code values, 100 · 64 pixels
        (200, 6400)
    """
    code = int(np.prod(model.code_shape))
    return ParameterBounds(
        encoder=model.encoder.count_params() + model.bottleneck.count_params(),
        decoder=model.decoder.count_params(),
        lower=images * (effective_dimension or code),
        upper=images * int(np.prod(model.image_shape)),
    )

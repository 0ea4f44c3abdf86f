"""How many parameters an autoencoder has beside how many it needs to be smooth."""

from dataclasses import dataclass

import numpy as np

from keras_ae.autoencoder import Autoencoder


@dataclass(frozen=True)
class ParameterBounds:
    """Parameters of encoder and decoder, and the numbers that smooth fits of as many images take.

    Bubeck & Sellke, "A universal law of robustness via isoperimetry", 2021 (theorem 1): a network that fits n
    samples of dimension d and is smooth has in the order of n·d parameters. It is an order of magnitude, without
    its constants. d is at most the number of an image's values, and less where images fill less of their space.
    """

    encoder: int
    """With the bottleneck."""
    decoder: int
    lower: int
    """n · effective dimension."""
    upper: int
    """n · values of an image."""

    def orders(self) -> tuple[int, int]:
        """The nearest powers of ten of the lower and the upper bound, as exponents."""
        return round(np.log10(self.lower)), round(np.log10(self.upper))


def parameter_bounds(model: Autoencoder, images: int, effective_dimension: int | None = None) -> ParameterBounds:
    """The parameters of an autoencoder beside the bounds that the universal law of robustness gives.

    Daly et al., section 5, print 10⁷ to 10⁸ for CIFAR-10 and 10⁷ to 10⁹ for CelebA "depending on the reduced
    dimensionality of the data" and do not say which; their codes' lengths, 128 and 64, give these orders.

    Args:
        model: The autoencoder, trained or not.
        images: How many it is trained on.
        effective_dimension: Of the images; the number of code values by default.
    """
    code = int(np.prod(model.code_shape))
    return ParameterBounds(
        encoder=model.encoder.count_params() + model.bottleneck.count_params(),
        decoder=model.decoder.count_params(),
        lower=images * (effective_dimension or code),
        upper=images * int(np.prod(model.image_shape)),
    )

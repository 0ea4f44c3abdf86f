"""The bottleneck of the entropic autoencoder (Ghose et al., 2020)."""

from math import prod

import keras
from keras import ops

from keras_ae import numerics
from keras_ae.bottlenecks.dense import Dense
from keras_ae.catalogue import Example
from keras_ae.errors import InputError


@keras.saving.register_keras_serializable(package="keras_ae")
class Entropic(Dense):
    """A batch-normalised code that is spread out: of all codes of mean 0 and variance 1, N(0, I) has most entropy.

    The normalisation has no scale and shift. The entropy of the d values of an image's code is estimated from the
    distances Rᵢ to the nearest code in the batch of n: Ĥ = (d/n)·Σ log Rᵢ + constants (Kozachenko & Leonenko,
    1987). Added to the loss is

        weight · (½d·log(2dn / (n − 1)) − (d/n)·Σ log Rᵢ),

    which is −weight · Ĥ raised by what normalised codes could reach at most, if all were equally far from each
    other: so it is in nats, and never negative in training. Of a batch of more than 1,024 codes, as windows make
    them, n = 1,024 are taken (`keras_ae.numerics.rows_to_pair`). Source: Ghose et al., "Batch norm with entropic
    regularization turns deterministic autoencoders into generative models".

    Args:
        units: Length of the code (at each position).
        weight: Weight of the penalty, a sum over the code: with a loss that is a *mean* over pixels it acts as
            strongly as weight · pixels does with a sum. The default is not the authors'.
        **kwargs: As of `Dense`, but for the normalisation.

    Raises:
        InputError: For another normalisation than "standard".
    """

    penalizes = True

    def __init__(self, units: int, weight: float = 1e-3, **kwargs):
        super().__init__(units, **{"normalization": "standard", **kwargs})
        if self.normalization != "standard":
            raise InputError(f"normalization {self.normalization!r} of entropic codes", "'standard'", "drop it")
        self.weight = weight

    def regularize(self, code, training):
        values = prod(code.shape[1:])
        distances = numerics.log_nearest_distances(numerics.rows_to_pair(ops.reshape(code, (-1, values))))
        n = ops.cast(ops.shape(distances)[0], "float32")
        most = 0.5 * ops.log(2.0 * values * n / ops.maximum(n - 1.0, 1.0))
        gap = values * (most - ops.mean(distances))
        self.add_loss(self.weight * ops.where(n > 1.0, gap, 0.0))  # One image alone has no nearest one.

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}

    @classmethod
    def examples(cls):
        return [Example({"units": 4}, (12,)), Example({"units": 2, "weight": 0.1}, (2, 3, 4))]

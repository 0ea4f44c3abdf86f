"""The bottleneck of the entropic autoencoder (Ghose et al., 2020)."""

from math import prod

import keras
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.dense import Dense
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative


@keras.saving.register_keras_serializable(package="keras_ae")
class Entropic(Dense):
    """A batch-normalised code of high entropy: among codes of mean 0 and variance 1, N(0, I) has the most.

    The normalisation has no scale or shift. The entropy of the d values of an image's code is estimated from the
    distances Rᵢ to the nearest code in the batch of n: Ĥ = (d/n)·Σ log Rᵢ + constants (Kozachenko & Leonenko,
    1987). The bottleneck adds to the loss

        weight · (½d·log(2dn / (n − 1)) − (d/n)·Σ log Rᵢ),

    the gap between Ĥ and its maximum for normalised codes, which equidistant codes would reach: it is in nats, and
    never negative in training. A batch of more than 1,024 codes, common with windows, is reduced to n = 1,024
    (`keras_ae.numerics.rows_to_pair`). Source: Ghose et al., "Batch norm with entropic regularization turns
    deterministic autoencoders into generative models".

    Args:
        units: Length of the code (at each position).
        weight: Weight of the penalty, which is summed over the code. Beside a loss that is a *mean* over pixels it
            acts as strongly as weight · pixels beside a sum. The default is not the authors'.
        **kwargs: Options of `Dense`, except the normalisation.

    Raises:
        InputError: If a normalisation other than "standard" is given, or `weight` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.Entropic(units=2)
        >>> codes = bottleneck(np.random.default_rng(0).normal(size=(64, 5)), training=True)
        >>> np.round(np.var(ops.convert_to_numpy(codes), axis=0), 1).tolist()
        [1.0, 1.0]
    """

    penalizes = True

    def __init__(self, units: int, weight: float = 1e-3, **kwargs):
        super().__init__(units, **{"normalization": "standard", **kwargs})
        if self.normalization != "standard":
            raise InputError(f"normalization {self.normalization!r} of entropic codes", "'standard'", "drop it")
        not_negative(weight=weight)
        self.weight = weight

    def regularize(self, code, training):
        values = prod(code.shape[1:])
        distances = numerics.log_nearest_distances(numerics.rows_to_pair(ops.reshape(code, (-1, values))))
        n = ops.cast(ops.shape(distances)[0], "float32")
        largest = 0.5 * ops.log(2.0 * values * n / ops.maximum(n - 1.0, 1.0))
        gap = values * (largest - ops.mean(distances))
        self.add_loss(self.weight * ops.where(n > 1.0, gap, 0.0))  # A single image has no neighbour.

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}

    @classmethod
    def examples(cls):
        return [Example({"units": 4}, (12,)), Example({"units": 2, "weight": 0.1}, (2, 3, 4))]

"""The variational bottleneck with a mixture of posteriors as prior (VampPrior: Tomczak & Welling, 2018)."""

import keras
import numpy as np
from keras import ops

from keras_ae import numerics
from keras_ae.bottlenecks.variational import INFERENCE_SEED, Posterior, Variational
from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_number


@keras.saving.register_keras_serializable(package="keras_ae")
class VampPrior(Variational):
    """A variational code whose prior p(z) = (1/K)·Σₖ q(z | uₖ) is the mean of the posteriors of learned inputs uₖ.

    The penalty is β · (log q(z | x) − log p(z)) of one code drawn for each image, in nats, averaged over the
    images; at inference the noise is fixed. Codes to decode are sampled from the prior itself: see `prior` and
    `keras_ae.density.prior_of`. Source: Tomczak & Welling, "VAE with a VampPrior", eq. 9. A choice made here: the
    learned inputs are features (the bottleneck's inputs), not images.

    Args:
        units: Length of the code (at each position).
        components: Number K of learned inputs; the paper uses 500.
        **kwargs: Options of `Variational`.

    Example:
        >>> bottleneck = kae.bottlenecks.VampPrior(units=3, components=8, seed=1)
        >>> _ = bottleneck(np.ones((4, 5), "float32"))
        >>> weights, means, stds = bottleneck.prior()
        >>> weights.shape, means.shape, stds.shape
        ((8,), (8, 3), (8, 3))
    """

    def __init__(self, units: int, components: int = 32, **kwargs):
        super().__init__(units, **kwargs)
        self.components = whole_number("components", components)

    def build(self, input_shape):
        super().build(input_shape)
        self.inputs_of_prior = self.add_weight(
            shape=(self.components, *input_shape[1:]),
            initializer=keras.initializers.RandomNormal(stddev=1.0, seed=self.seed),
            name="inputs_of_prior",
        )

    def components_of_prior(self) -> Posterior:
        """Returns the posteriors of the learned inputs: [K, d] each, d the values in an image's code."""
        inputs = ops.cast(ops.convert_to_tensor(self.inputs_of_prior), self.compute_dtype)
        return Posterior(*(numerics.rows_per_image(part) for part in self.posterior(inputs)))

    def prior(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns the mixture that is the prior: weights [K], means [K, d] and standard deviations [K, d]."""
        means, log_stds = (ops.convert_to_numpy(part).astype("float64") for part in self.components_of_prior())
        return np.full(len(means), 1 / len(means)), means, np.exp(log_stds)

    def regularize_posterior(self, posterior, code, training):
        code = code if training else self.sample(posterior, INFERENCE_SEED)
        rows, means, log_stds = (numerics.rows_per_image(part) for part in (code, *posterior))
        own = ops.sum(numerics.normal_log_density(rows, means, log_stds), axis=1)
        components = (part[None] for part in self.components_of_prior())
        of_each = ops.sum(numerics.normal_log_density(rows[:, None], *components), axis=2)
        prior = ops.logsumexp(of_each, axis=1) - ops.log(float(self.components))
        self.add_loss(self.schedulable.beta * ops.mean(own - prior))

    def get_config(self):
        return {**super().get_config(), "components": self.components}

    @classmethod
    def examples(cls):
        return [Example({"units": 4, "seed": 1}, (12,)), Example({"units": 2, "components": 3}, (2, 3, 4))]

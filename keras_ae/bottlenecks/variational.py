"""The variational bottleneck (Kingma & Welling, 2014; β: Higgins et al., 2017)."""

from typing import NamedTuple

import keras
from keras import ops

from keras_ae import numerics
from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative, whole_number


class Posterior(NamedTuple):
    """A diagonal Gaussian over the code: its mean and log standard deviation, [batch, ..., units].

    Example:
        >>> posterior = kae.bottlenecks.Variational(3).posterior(np.ones((2, 5), "float32"))
        >>> tuple(posterior.log_std.shape)
        (2, 3)
    """

    mean: keras.KerasTensor
    log_std: keras.KerasTensor


INFERENCE_SEED = 0  # seed of the draws that penalties need at inference


@keras.saving.register_keras_serializable(package="keras_ae")
class Variational(Bottleneck):
    """A code sampled from N(μ(x), σ(x)²) in training, its mean at inference; penalty β · KL to N(0, I), in nats.

    Features [batch, ..., channels] → code [batch, ..., units]. The KL is summed over the code and averaged over
    the images: beside a loss that is a *mean* over pixels, β acts as strongly as β · pixels beside a sum. For a
    warm-up, use a `VariableSchedule` on `schedulable.beta`.

    With β = 1 and a sum over pixels this is eq. 2.25 of Penhouët's thesis, ½·KL + RL. There KL lacks the factor ½,
    so the β of its eq. 2.26 is half of the one here.

    Args:
        units: Length of the code (at each position).
        beta: Weight β of the KL divergence; 1 with a summed log-likelihood is the VAE. It is the initial value of
            the variable `schedulable.beta`.
        seed: Seed for the sampling.

    Raises:
        InputError: If `beta` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.Variational(units=3, beta=0.5, seed=1)
        >>> tuple(bottleneck(np.ones((2, 5), "float32"), training=True).shape)
        (2, 3)
        >>> float(bottleneck.schedulable.beta)
        0.5
    """

    penalizes = True

    def __init__(self, units: int, beta: float = 1.0, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        not_negative(beta=beta)
        self.units, self.beta, self.seed = whole_number("units", units), beta, seed
        self.mean = keras.layers.Dense(self.units, dtype=self.dtype_policy, name="mean")
        self.log_std = keras.layers.Dense(self.units, dtype=self.dtype_policy, name="log_std")
        self.noise = keras.random.SeedGenerator(seed)
        self.make_schedulable(beta=beta)

    def build(self, input_shape):
        self.mean.build(input_shape)
        self.log_std.build(input_shape)

    def posterior(self, features) -> Posterior:
        """Returns the distribution of the code given the encoder's features."""
        return Posterior(self.mean(features), self.log_std(features))

    def call(self, features, training=False):
        posterior = self.posterior(features)
        code = self.sample(posterior) if training else posterior.mean
        self.regularize_posterior(posterior, code, training)
        return code

    def sample(self, posterior: Posterior, seed=None):
        """Returns a code drawn from each posterior; an integer `seed` always gives the same noise."""
        mean, log_std = posterior
        seed = self.noise if seed is None else seed
        return mean + ops.exp(log_std) * keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=seed)

    def regularize_posterior(self, posterior: Posterior, code, training):
        """Adds the penalty of the posteriors and of the code, [batch, ..., units] each: here that of the KL."""
        self.regularize(numerics.standard_normal_kl(*posterior), training)

    def regularize(self, divergence, training):
        """Adds the penalty of a divergence in nats, [batch, ..., units]."""
        self.penalize(divergence, self.schedulable.beta)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "beta": self.beta, "seed": self.seed}

    @classmethod
    def examples(cls):
        return [Example({"units": 4, "seed": 1}, (12,)), Example({"units": 2, "beta": 0.1}, (2, 3, 4))]

"""A density of codes by a second variational autoencoder: the two-stage VAE (Dai & Wipf, 2019)."""

from typing import Self

import keras
import numpy as np
from keras import ops

from keras_ae import numerics
from keras_ae._support.execution import MANY_STEPS, most_steps_a_call, require_tensorflow
from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Variational
from keras_ae.code_shapes import whole_number
from keras_ae.density.base import Density, standardized
from keras_ae.losses import GaussianLikelihood
from keras_ae.optimizers import Adam

FEWEST = 2  # codes; a useful fit takes some hundreds
BATCH = 256
DRAWS = 32  # draws of the second code, for the bound on the log density
LAYERS = 3  # layers of encoder and decoder each


class TwoStage(Density):
    """A density of codes z by a second VAE with as many latent values u: u ~ N(0, I), z ~ N(decoder(u), γ²I).

    The second VAE is an `Autoencoder` with dense layers, a `Variational` bottleneck and the loss
    `GaussianLikelihood`, fitted to codes with each value standardised to mean 0 and variance 1; γ is its remaining
    error. Its aggregate posterior is closer to N(0, I) than that of the first VAE, because codes fill their space.
    It also samples between clusters that lie far apart (`FlowMatching` hardly does). Log densities are lower
    bounds: importance-weighted ones (Burda et al., 2016, eq. 8) with 32 draws of fixed noise. Source: Dai & Wipf,
    "Diagnosing and enhancing VAE models", section 4; there the second stage is fitted to draws from the first
    one's posteriors, here to codes.

    Args:
        steps: Training steps, of 256 codes each.
        hidden: Width of the hidden layers, two in the encoder and two in the decoder.
        learning_rate: Initial learning rate, with a cosine decay to 0.
        seed: Seed of the network's weights and of its training.

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(200, 2))
        >>> density = kae.density.TwoStage(steps=20, hidden=8).fit(codes)
        >>> density.sample(5).shape, density.log_prob(codes).shape
        ((5, 2), (200,))
    """

    name, title = "two_stage", "two-stage VAE"

    def __init__(self, steps: int = 4000, hidden: int = 128, learning_rate: float = 1e-3, seed: int = 0):
        self.steps, self.hidden = whole_number("steps", steps), whole_number("hidden", hidden)
        self.learning_rate, self.seed = learning_rate, seed

    def fewest(self, dimensions: int) -> int:
        return FEWEST

    def _fit(self, codes: np.ndarray) -> Self:
        center, scale, whole = standardized(codes)
        return self._set({"center": center, "scale": scale, **_fitted(whole, self)})

    def _arrays(self):
        return self.arrays

    @classmethod
    def from_arrays(cls, arrays):
        return cls()._set(arrays)

    def _set(self, arrays) -> Self:
        self.arrays = {name: np.asarray(array, np.float32) for name, array in arrays.items()}
        self.length = len(self.arrays["center"])
        return self

    def _network(self, name: str, inputs):
        """Returns the outputs [n, m] of the dense layers of "encoder" or "decoder"."""
        for i in range(LAYERS):
            inputs = ops.matmul(inputs, self.arrays[f"{name}_kernel_{i}"]) + self.arrays[f"{name}_bias_{i}"]
            inputs = inputs if i == LAYERS - 1 else ops.silu(inputs)
        return inputs

    def _log_prob(self, codes):
        values = (codes - self.arrays["center"]) / self.arrays["scale"]
        mean, log_std = ops.split(self._network("encoder", values), 2, axis=1)
        noise = np.random.default_rng(0).normal(size=(DRAWS, 1, len(self.arrays["center"]))).astype(np.float32)
        log_deviation, weights = ops.log(self.arrays["deviation"]), []
        for each in noise:
            second = mean + ops.exp(log_std) * each
            decoded = self._network("decoder", second)
            weight = numerics.normal_log_density(values, decoded, log_deviation)
            weight = weight + numerics.normal_log_density(second, 0.0, 0.0)
            weights.append(ops.sum(weight - numerics.normal_log_density(second, mean, log_std), axis=1))
        total = ops.logsumexp(ops.stack(weights, axis=1), axis=1) - float(np.log(DRAWS))
        return total - float(np.log(self.arrays["scale"]).sum())

    def sampler(self):
        import tensorflow as tf

        def draw(count, seed):
            second, noise = (tf.random.stateless_normal((count, self.length), tf.stack([seed, i])) for i in (1, 2))
            values = self._network("decoder", second) + self.arrays["deviation"] * noise
            return self.arrays["center"] + self.arrays["scale"] * values

        return draw


def _fitted(codes: np.ndarray, settings: TwoStage) -> dict[str, np.ndarray]:
    """Returns the arrays of a variational autoencoder fitted to codes [n, d] of mean 0 and variance 1."""
    require_tensorflow("fit this density")
    import tensorflow as tf

    d, seed = codes.shape[1], int(np.random.default_rng(settings.seed).integers(2**30))
    seeds = iter(range(seed, seed + 10))

    def dense(width, activation=None):
        initializer = keras.initializers.GlorotUniform(next(seeds))
        return keras.layers.Dense(width, activation, kernel_initializer=initializer, dtype="float32")

    hidden = [dense(settings.hidden, "silu") for _ in range(2)]
    back = [dense(settings.hidden, "silu") for _ in range(2)] + [dense(d)]
    encoder = keras.Sequential([keras.Input((1, 1, d)), keras.layers.Flatten(), *hidden])
    decoder = keras.Sequential([keras.Input((d,)), *back, keras.layers.Reshape((1, 1, d))])
    bottleneck = Variational(d, seed=next(seeds), dtype="float32")
    for layer in (bottleneck.mean, bottleneck.log_std):
        layer.kernel_initializer = keras.initializers.GlorotUniform(next(seeds))
    model = Autoencoder(encoder, bottleneck, decoder, dtype="float32")
    rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, settings.steps)
    per_call = most_steps_a_call(MANY_STEPS, [settings.steps])
    loss = GaussianLikelihood()
    model.compile(Adam(rate), loss, jit_compile=False, steps_per_execution=per_call)
    data = tf.constant(codes[:, None, None])

    def batch(step):
        where = tf.stack([seed, tf.cast(step, tf.int32)])
        return tf.gather(data, tf.random.stateless_uniform((BATCH,), where, 0, len(codes), tf.int32))

    model.fit(tf.data.Dataset.range(settings.steps).map(batch).prefetch(8), shuffle=False, verbose=0)
    features = encoder.predict(codes[:, None, None], batch_size=4096, verbose=0)
    drawn = bottleneck.sample(bottleneck.posterior(features), seed=0)
    errors = ops.convert_to_numpy(decoder(drawn)).reshape(codes.shape) - codes
    parts = [layer.get_weights() for layer in (bottleneck.mean, bottleneck.log_std)]
    last = [np.concatenate(pair, axis=-1) for pair in zip(*parts, strict=True)]
    layers = {"encoder": [*(layer.get_weights() for layer in hidden), last]}
    layers["decoder"] = [layer.get_weights() for layer in back]
    arrays = {"deviation": np.sqrt(np.mean(np.square(errors)) + 1e-12)}
    for name, stack in layers.items():
        for i, (kernel, bias) in enumerate(stack):
            arrays |= {f"{name}_kernel_{i}": kernel, f"{name}_bias_{i}": bias}
    return arrays

"""A density of codes learned by flow matching (Lipman et al., 2023): noise is carried to codes along a field."""

from math import log, pi
from typing import Self

import numpy as np
from keras import ops

from keras_ae._support.execution import MANY_STEPS, most_steps_a_call, require_tensorflow
from keras_ae.code_shapes import whole_number
from keras_ae.density.base import Density, standardized, steps_for

FEWEST = 2  # codes; a useful fit takes some hundreds
STEPS = 64  # steps of the midpoint rule, from noise to code
LAYERS = 4  # layers of the network
FREQUENCIES = (2.0 ** np.arange(4) * np.pi).astype(np.float32)  # of the network's time features
BATCH = 256
STEPS_BY_DEFAULT = 100, 4_000, 16_000  # passes over the codes, fewest and most steps


class FlowMatching(Density):
    """A density of any shape: a learned velocity field carries normal noise at time 0 to codes at time 1.

    The field v(z, t) is a network with three hidden layers that minimises the mean of ‖v(z_t, t) − (z₁ − z₀)‖²,
    where z₀ is noise, z₁ a code (each value standardised to mean 0 and variance 1), and z_t = (1 − t)·z₀ + t·z₁.
    Codes are sampled by the midpoint rule in 64 steps. Log densities are exact up to the error of these steps: the
    divergence of the field along the path is computed, not estimated. Source: Lipman et al., "Flow matching for
    generative modeling", section 4.1 (optimal transport, σ = 0); log densities: Chen et al., "Neural ordinary
    differential equations", 2018, eq. 8.

    Args:
        steps: Training steps, of 256 codes each; by default 100 passes over the codes, clipped to between 4,000
            and 16,000 steps (10 to 40 seconds). With many codes, more steps improve samples further, especially in
            a wider network.
        hidden: Width of the hidden layers.
        learning_rate: Initial learning rate, with a cosine decay to 0.
        seed: Seed of the network's weights and of its training.

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(200, 2))
        >>> density = kae.density.FlowMatching(steps=20, hidden=8).fit(codes)
        >>> density.sample(5).shape, density.log_prob(codes).shape
        ((5, 2), (200,))
    """

    name, title = "flow_matching", "flow matching"

    def __init__(self, steps: int | None = None, hidden: int = 128, learning_rate: float = 5e-3, seed: int = 0):
        self.steps = None if steps is None else whole_number("steps", steps)
        self.hidden = whole_number("hidden", hidden)
        self.learning_rate, self.seed = learning_rate, seed

    def fewest(self, dimensions: int) -> int:
        return FEWEST

    def _fit(self, codes: np.ndarray) -> Self:
        center, scale, whole = standardized(codes)
        return self._set(center, scale, _fitted_layers(whole, self))

    def _arrays(self):
        parts = {f"kernel_{i}": kernel for i, (kernel, _) in enumerate(self.layers)}
        parts |= {f"bias_{i}": bias for i, (_, bias) in enumerate(self.layers)}
        return {"center": self.center, "scale": self.scale, **parts}

    @classmethod
    def from_arrays(cls, arrays):
        layers = [(arrays[f"kernel_{i}"], arrays[f"bias_{i}"]) for i in range(LAYERS)]
        return cls()._set(arrays["center"], arrays["scale"], layers)

    def _set(self, center, scale, layers) -> Self:
        self.center, self.scale, self.length = center.astype(np.float32), scale.astype(np.float32), len(center)
        self.layers = [(kernel.astype(np.float32), bias.astype(np.float32)) for kernel, bias in layers]
        return self

    def _log_prob(self, codes):
        values, total = (codes - self.center) / self.scale, 0.0
        for i in range(STEPS):  # backwards, from codes to noise
            halfway = values - 0.5 / STEPS * self._velocity(values, 1 - i / STEPS)
            velocity, divergence = self._velocity(halfway, 1 - (i + 0.5) / STEPS, divergence=True)
            values, total = values - velocity / STEPS, total + divergence / STEPS
        normal = -0.5 * ops.sum(ops.square(values), axis=1) - 0.5 * len(self.scale) * log(2 * pi)
        return normal - total - float(np.log(self.scale).sum())

    def sampler(self):
        import tensorflow as tf

        def draw(count, seed):
            values = tf.random.stateless_normal((count, self.length), tf.stack([seed, 1]))

            def step(values, i):
                time = tf.cast(i, tf.float32) / STEPS
                halfway = values + 0.5 / STEPS * self._velocity(values, time)
                return values + self._velocity(halfway, time + 0.5 / STEPS) / STEPS, i + 1

            loop = (lambda values, i: i < STEPS), step, (values, tf.constant(0))
            values, _ = tf.while_loop(*loop)
            return self.center + self.scale * values

        return draw

    def _velocity(self, values, time, divergence: bool = False):
        """Returns v(z, t) at values [n, d], and with `divergence` also ∇·v [n]."""
        waves = ops.concatenate([ops.sin(FREQUENCIES * time), ops.cos(FREQUENCIES * time)])
        waves = ops.cast(waves, "float32")[None] * ops.ones_like(values[:, :1])
        hidden, slopes = ops.concatenate([values, waves], axis=1), None
        for i, (kernel, bias) in enumerate(self.layers):
            last = i == len(self.layers) - 1
            before = ops.matmul(hidden, kernel) + bias
            if divergence:  # The derivatives of each unit with respect to z: [n, d, units].
                slopes = kernel[None, : self.length] if slopes is None else ops.matmul(slopes, kernel)
                gate = ops.sigmoid(before)
                slopes = slopes if last else slopes * (gate * (1.0 + before * (1.0 - gate)))[:, None]
            hidden = before if last else before * ops.sigmoid(before)
        if not divergence:
            return hidden
        return hidden, ops.sum(ops.diagonal(slopes, axis1=1, axis2=2), axis=1)


def _fitted_layers(codes: np.ndarray, settings: FlowMatching) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns the kernels and biases of the field's network, fitted to codes [n, d] of mean 0 and variance 1."""
    import keras

    require_tensorflow("fit this density")
    import tensorflow as tf

    steps = settings.steps or steps_for(codes, BATCH, *STEPS_BY_DEFAULT)
    dimensions, (first, second) = codes.shape[1], np.random.default_rng(settings.seed).integers(2**30, size=2)
    data = tf.constant(codes)

    def pair(step):
        seed = tf.stack([int(first), tf.cast(step, tf.int32)])
        which = tf.random.stateless_uniform((BATCH,), seed, 0, len(codes), tf.int32)
        noise = tf.random.stateless_normal((BATCH, dimensions), seed + 1)
        time = tf.random.stateless_uniform((BATCH, 1), seed + 2)
        ends = tf.gather(data, which)
        waves = time * tf.constant(FREQUENCIES[None], tf.float32)
        return tf.concat([(1 - time) * noise + time * ends, tf.sin(waves), tf.cos(waves)], 1), ends - noise

    widths = (*[settings.hidden] * (LAYERS - 1), dimensions)
    layers = [
        keras.layers.Dense(
            width,
            None if i == LAYERS - 1 else "silu",
            kernel_initializer=keras.initializers.GlorotUniform(int(second) + i),
            dtype="float32",
        )
        for i, width in enumerate(widths)
    ]
    model = keras.Sequential([keras.Input((dimensions + 2 * len(FREQUENCIES),)), *layers])
    rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    per_call = most_steps_a_call(MANY_STEPS, [steps])
    model.compile(keras.optimizers.Adam(rate), "mse", jit_compile=False, steps_per_execution=per_call)
    model.fit(tf.data.Dataset.range(steps).map(pair).prefetch(8), shuffle=False, verbose=0)
    return [tuple(layer.get_weights()) for layer in layers]

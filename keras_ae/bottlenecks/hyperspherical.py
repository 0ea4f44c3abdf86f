"""The hyperspherical variational bottleneck (Davidson et al., 2018)."""

from math import pi

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative, whole_number

ANGLES = 512  # at which the density of the angle to the mean is tabulated


@keras.saving.register_keras_serializable(package="keras_ae")
class Hyperspherical(Bottleneck):
    """A code on the unit sphere: drawn from a von Mises–Fisher distribution in training, else its mean direction.

    q(z | x) ∝ exp(κ(x) · μ(x)ᵀz), at each position; the prior is uniform on the sphere. The penalty is β · KL, in
    nats, summed over the positions and averaged over the images. Source: Davidson et al., "Hyperspherical
    variational auto-encoders", eq. 4 to 7. Instead of Bessel functions and rejection sampling, the density of the
    angle to μ, ∝ sin^(d−2)θ · exp(κ cos θ), is tabulated at 512 angles: the KL is a sum over them, and inverting
    the distribution function draws the angle, so that draws have a gradient. Accurate up to a κ of about 10⁴.

    Args:
        units: Length d of the code (at each position), 2 or more: the sphere has one dimension less.
        beta: Weight β of the KL; the initial value of the variable `schedulable.beta`.
        seed: Seed for the sampling.

    Raises:
        InputError: If the code has only one value, or `beta` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.Hyperspherical(units=3, seed=1)
        >>> code = bottleneck(np.random.default_rng(0).normal(size=(4, 5)), training=True)
        >>> np.linalg.norm(ops.convert_to_numpy(code), axis=1).round(4).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    penalizes = True

    def __init__(self, units: int, beta: float = 1.0, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        not_negative(beta=beta)
        self.units, self.beta, self.seed = whole_number("units", units), beta, seed
        if units < 2:
            raise InputError("a hyperspherical code of 1 value", "2 or more")
        self.direction = keras.layers.Dense(units, dtype=self.dtype_policy, name="direction")
        self.concentration = keras.layers.Dense(1, dtype=self.dtype_policy, name="concentration")
        self.noise = keras.random.SeedGenerator(seed)
        self.make_schedulable(beta=beta)
        self.angles = ((np.arange(ANGLES) + 0.5) * pi / ANGLES).astype(np.float32)
        self.log_base = ((units - 2) * np.log(np.sin(self.angles))).astype(np.float32)

    def build(self, input_shape):
        self.direction.build(input_shape)
        self.concentration.build(input_shape)

    def call(self, features, training=False):
        mean = _on_sphere(ops.cast(self.direction(features), "float32"))
        # At least 1, as in the authors' implementation: a uniform posterior has no mean direction.
        concentration = 1.0 + ops.softplus(ops.cast(self.concentration(features), "float32"))
        logits = self.log_base + concentration * np.cos(self.angles)
        shares = ops.softmax(logits)
        of_angles = float(np.log(np.exp(self.log_base.astype("float64")).sum()))
        log_ratio = ops.sum(shares * concentration * np.cos(self.angles), axis=-1, keepdims=True)
        self.penalize(log_ratio - ops.logsumexp(logits, axis=-1, keepdims=True) + of_angles, self.schedulable.beta)
        code = self._drawn(mean, shares) if training else mean
        return ops.cast(code, self.compute_dtype)

    def _drawn(self, mean, shares):
        """Draws a code around each mean direction [..., d], given the shares [..., angles] of the angle to it."""
        shape = ops.shape(mean)
        level = keras.random.uniform((*shape[:-1], 1), dtype="float32", seed=self.noise)
        # The distribution function rises linearly within an angle's share: this is its inverse at the level.
        rise = (level - (ops.cumsum(shares, axis=-1) - shares)) / ops.maximum(shares, 1e-12)
        angle = ops.sum(ops.clip(rise, 0.0, 1.0), axis=-1, keepdims=True) * (pi / ANGLES)
        tangent = keras.random.normal((*shape[:-1], self.units - 1), dtype="float32", seed=self.noise)
        pole = ops.concatenate([ops.cos(angle), ops.sin(angle) * _on_sphere(tangent)], axis=-1)
        # The reflection that maps the first axis, around which the code is drawn, to the mean direction.
        axis = _on_sphere(np.eye(self.units, dtype="float32")[0] - mean)
        return pole - 2.0 * axis * ops.sum(axis * pole, axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "beta": self.beta, "seed": self.seed}

    @classmethod
    def examples(cls):
        return [Example({"units": 4, "seed": 1}, (12,)), Example({"units": 2, "beta": 0.1}, (2, 3, 4))]


def _on_sphere(values):
    """Divides values by their norm along the last axis; 0 stays 0."""
    return values * ops.rsqrt(ops.maximum(ops.sum(ops.square(values), axis=-1, keepdims=True), 1e-12))

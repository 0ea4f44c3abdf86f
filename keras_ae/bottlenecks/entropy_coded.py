"""The bottleneck of learned compression: rounded values that cost bits (Ballé et al., 2017 and 2018)."""

from math import log, prod

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.bottlenecks.dense import Dense
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative
from keras_ae.layers import FactorizedPrior

RELAXATIONS = ("noise", "straight_through")
LEAST_WEIGHT = 1e-6  # least weight of the bits that `gain` assumes: it would grow without bound


@keras.saving.register_keras_serializable(package="keras_ae")
class EntropyCoded(Dense):
    """A dense code rounded to multiples of a step; the penalty is its size in bits after entropy coding.

    In training, uniform noise as wide as the step replaces rounding. The penalty is weight · bits per pixel, where
    the bits are −log₂ of the multiples' probability under a prior learned for each channel
    (`keras_ae.layers.FactorizedPrior`). `keras_ae.compression.Codec` writes such codes as files. Source: Ballé et
    al., "End-to-end optimized image compression", section 3, and "Variational image compression with a scale
    hyperprior", appendix 6.1.

    Beside `mse` on images in [0, 1], a weight w corresponds to λ = 1 / (255²·w) in these papers, which weight the
    distortion instead: 1e-3 is their 0.015.

    Args:
        units: Length of the code (at each position).
        weight: Weight of the bits per pixel. It is the initial value of the variable `schedulable.weight`.
        step: Step to whose multiples values are rounded; 1 in the papers. The optimum costs the same bits with any
            step, but a layer's initial outputs are of the order of 1, and rounding them to multiples of 1 leaves
            little: 0.125 trains faster.
        relaxation: Substitute for rounding in training: "noise", or "straight_through", which rounds and passes
            gradients as if it did not. The latter gives the true bits of values that are nearly always rounded to
            0, where noise overestimates them; use it for low rates and with a dead zone. An encoder trained with
            it can drift to ever finer codes, as rounding hides their cost, so it suits a fixed encoder
            (`keras_ae.architectures.cosine_blocks`).
        dead_zone: Fraction of a step by which the interval rounded to 0 extends further on either side, and every
            other one begins later; 0 to below 0.5. At 1/6, common in video codecs, files are smaller at equal
            errors.
        **kwargs: Options of `Dense` except its Gaussian `noise`; `seed` applies to the uniform noise.

    Raises:
        InputError: If `noise` is given, the relaxation is unknown, the weight is negative, the step is not above
            0, or the dead zone is out of range or combined with training noise.

    Example:
        >>> bottleneck = kae.bottlenecks.EntropyCoded(2, step=0.25)
        >>> codes = ops.convert_to_numpy(bottleneck(np.random.default_rng(0).random((3, 5))))
        >>> bool((4 * codes == (4 * codes).round()).all()), tuple(bottleneck.bits(codes).shape)
        (True, (3, 2))
    """

    penalizes = True
    # With a squared error of 1e-3 and as little for the bits, gradients of single weights are far below Adam's
    # usual ε of 1e-7, which would dominate them and slow training down.
    adam_epsilon = 1e-12

    def __init__(
        self,
        units: int,
        weight: float = 1e-3,
        step: float = 1.0,
        relaxation: str = "noise",
        dead_zone: float = 0.0,
        **kwargs,
    ):
        super().__init__(units, **kwargs)
        if self.noise:
            raise InputError(f"noise={self.noise}", "none: the width of the noise is that of rounding")
        not_negative(weight=weight)
        if not 0 < step < float("inf"):
            raise InputError(f"step={step}", "a number above 0")
        if relaxation not in RELAXATIONS:
            raise unknown_name("relaxation", relaxation, RELAXATIONS)
        if not 0 <= dead_zone < 0.5:
            raise InputError(f"dead_zone={dead_zone}", "a part of a step, 0 to below 0.5")
        if dead_zone and relaxation == "noise":
            advice = 'give relaxation="straight_through"'
            raise InputError(f"dead_zone={dead_zone} in training with noise", "rounding in training", advice)
        self.weight, self.step, self.relaxation, self.dead_zone = weight, step, relaxation, dead_zone
        self.pixels = 1.0  # of an image for each position of the code
        self.draws = keras.random.SeedGenerator(self.seed)
        self.make_schedulable(weight=weight)
        self.prior = FactorizedPrior(dtype=self.dtype_policy, name="prior")

    @property
    def rounding_noise(self) -> float:
        return self.step / 12**0.5

    def gain(self, image_channels):
        """Returns the gain for which, at high rates, an error of step²/12 is worth its bits.

        That is the case if (step / gain)² = 6·weight·channels / ln 2.
        """
        return self.step * (log(2) / 6 / max(self.weight, LEAST_WEIGHT) / image_channels) ** 0.5

    def pass_on(self, deviations, gain=1.0):
        super().pass_on(deviations, gain)
        self.expect(np.asarray(deviations) * gain / self.step)

    def expect(self, deviations):
        """Initialises the prior for codes with these standard deviations [units], in steps."""
        self.prior.expect(deviations)

    def attach(self, image_shape, features_shape):
        self.pixels = prod(image_shape[:2]) / prod(features_shape[:-1])

    def build(self, input_shape):
        super().build(input_shape)
        self.build_prior((*input_shape[:-1], self.units))

    def build_prior(self, code_shape):
        """Builds the probability model of codes [batch, ..., units]."""
        self.prior.build(code_shape)

    def values(self, features, training=False):
        """Returns the code before rounding: [batch, ..., channels] → float32 [batch, ..., units]."""
        return ops.cast(super().call(features, training=training), "float32")

    def call(self, features, training=False):
        code = self.rounded(self.values(features, training), training)
        self.charge(self.bits(code, training))
        return ops.cast(code, self.compute_dtype)

    def rounded(self, values, training):
        """Returns float32 values rounded to multiples of the step, or in training the relaxation of that."""
        if not training:
            return self.multiples(values, self.step) * self.step
        if self.relaxation == "noise":
            return self.with_noise(values, self.step)
        return values + ops.stop_gradient(self.multiples(values, self.step) * self.step - values)

    def multiples(self, values, step: float):
        """Returns the multiple of a step that each value is rounded to, a whole number in float32."""
        if not self.dead_zone:
            return ops.round(values / step)
        return ops.sign(values) * ops.floor(ops.abs(values / step) + (0.5 - self.dead_zone))

    def with_noise(self, values, step: float):
        """Returns values with uniform noise as wide as a step."""
        return values + keras.random.uniform(ops.shape(values), -step / 2, step / 2, "float32", seed=self.draws)

    def bits(self, code, training=False):
        """Returns the bits of each value of a code, float32 [batch, ..., units], under the prior."""
        return self.prior.bits(ops.cast(code, "float32") / self.step, training)

    def charge(self, bits, positions=None):
        """Adds the penalty for bits [batch, ..., n].

        Args:
            bits: Bits of each value.
            positions: Sides of the code map that they are charged to; those of `bits` by default.
        """
        count = prod(ops.shape(bits)[1:-1] if positions is None else positions)
        pixels = self.pixels * ops.cast(count, "float32")
        self.penalize(bits / pixels, self.schedulable.weight)

    def get_config(self):
        return {
            **super().get_config(),
            "weight": self.weight,
            "step": self.step,
            "relaxation": self.relaxation,
            "dead_zone": self.dead_zone,
        }

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4}, (12,)),
            Example({"units": 3, "weight": 0.1, "step": 0.125, "seed": 1}, (2, 3, 4)),
            Example({"units": 4, "relaxation": "straight_through", "dead_zone": 0.2}, (2, 3, 4)),
        ]

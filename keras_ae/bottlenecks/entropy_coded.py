"""The bottleneck of learned compression: rounded values that cost bits (Ballé et al., 2017 and 2018)."""

from math import prod

import keras
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.dense import Dense
from keras_ae.catalogue import Example
from keras_ae.layers import FactorizedPrior


@keras.saving.register_keras_serializable(package="keras_ae")
class EntropyCoded(Dense):
    """A dense code rounded to multiples of a step; the penalty is what an entropy coder would need for it.

    In training uniform noise as wide as the step takes the place of rounding. The penalty is weight · bits per
    pixel, the bits being −log₂ of the multiples' probability under a prior of each channel that is learned with it
    (`keras_ae.layers.FactorizedPrior`). `keras_ae.compression.Codec` writes such codes as files. Source: Ballé et
    al., "End-to-end optimized image compression", section 3, and "Variational image compression with a scale
    hyperprior", appendix 6.1.

    Beside `mse` on images in [0, 1], a weight w is the λ = 1 / (255²·w) of these papers, who weigh the distortion
    instead: 1e-3 is their 0.015.

    Args:
        units: Length of the code (at each position).
        weight: Weight of the bits per pixel. It is the initial value of the variable `schedulable.weight`.
        step: What values are rounded to multiples of; 1 in the papers. An optimum has the same bits with any step,
            but what a layer makes at first is of the order of 1, of which rounding to 1 leaves little: 0.125
            trains faster.
        **kwargs: Options of `Dense`; `seed` is that of the noise. Its own Gaussian `noise` is refused.

    Raises:
        InputError: If `noise` is given, the weight is negative or the step is not above 0.

    Example:
        >>> bottleneck = kae.bottlenecks.EntropyCoded(2, step=0.25)
        >>> codes = ops.convert_to_numpy(bottleneck(np.random.default_rng(0).random((3, 5))))
        >>> bool((4 * codes == (4 * codes).round()).all()), tuple(bottleneck.bits(codes).shape)
        (True, (3, 2))
    """

    penalizes = True

    def __init__(self, units: int, weight: float = 1e-3, step: float = 1.0, **kwargs):
        super().__init__(units, **kwargs)
        if self.noise:
            raise InputError(f"noise={self.noise}", "none: the width of the noise is that of rounding")
        if weight < 0:
            raise InputError(f"weight={weight}", "0 or more")
        if not 0 < step < float("inf"):
            raise InputError(f"step={step}", "a number above 0")
        self.weight, self.step = weight, step
        self.pixels = 1.0  # of an image for each position of the code
        self.draws = keras.random.SeedGenerator(self.seed)
        self.make_schedulable(weight=weight)
        self.prior = FactorizedPrior(dtype=self.dtype_policy, name="prior")

    def attach(self, image_shape, features_shape):
        self.pixels = prod(image_shape[:2]) / prod(features_shape[:-1])

    def build(self, input_shape):
        super().build(input_shape)
        self.build_prior((*input_shape[:-1], self.units))

    def build_prior(self, code_shape):
        """Builds what gives probabilities of codes [batch, ..., units]."""
        self.prior.build(code_shape)

    def values(self, features, training=False):
        """Returns the code before it is rounded: [batch, ..., channels] → float32 [batch, ..., units]."""
        return ops.cast(super().call(features, training=training), "float32")

    def call(self, features, training=False):
        code = self.disturbed(self.values(features, training), training)
        self.charge(self.bits(code))
        return ops.cast(code, self.compute_dtype)

    def disturbed(self, values, training, step: float | None = None):
        """Returns float32 values with noise in training, else rounded to multiples of a step."""
        step = self.step if step is None else step
        if not training:
            return ops.round(values / step) * step
        return values + keras.random.uniform(ops.shape(values), -step / 2, step / 2, "float32", seed=self.draws)

    def bits(self, code):
        """Returns the bits of each value of a code, float32 [batch, ..., units], under the prior."""
        return self.prior.bits(ops.cast(code, "float32") / self.step)

    def charge(self, bits, positions=None):
        """Adds the penalty of bits [batch, ..., n] of codes of so many positions, by default their own."""
        count = prod(ops.shape(bits)[1:-1] if positions is None else positions)
        pixels = self.pixels * ops.cast(count, "float32")
        self.penalize(bits / pixels, self.schedulable.weight)

    def get_config(self):
        return {**super().get_config(), "weight": self.weight, "step": self.step}

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4}, (12,)),
            Example({"units": 3, "weight": 0.1, "step": 0.125, "seed": 1}, (2, 3, 4)),
        ]

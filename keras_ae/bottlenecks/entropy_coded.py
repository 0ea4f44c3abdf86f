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
    """A dense code rounded to whole numbers; the penalty is what an entropy coder would need for it.

    In training uniform noise of width 1 takes the place of rounding. The penalty is weight · bits per pixel, the
    bits being −log₂ of the code's probability under a prior of each channel that is learned with it
    (`keras_ae.layers.FactorizedPrior`). `keras_ae.compression.Codec` writes such codes as files. Source: Ballé et
    al., "End-to-end optimized image compression", section 3, and "Variational image compression with a scale
    hyperprior", appendix 6.1.

    Beside `mse` on images in [0, 1], a weight w is the λ = 1 / (255²·w) of these papers, who weigh the distortion
    instead: 1e-3 is their 0.015.

    Args:
        units: Length of the code (at each position).
        weight: Weight of the bits per pixel. It is the initial value of the variable `schedulable.weight`.
        **kwargs: Options of `Dense`; `seed` is that of the noise. Its own Gaussian `noise` is refused.

    Raises:
        InputError: If `noise` is given, or the weight is negative.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), bottleneck=kae.bottlenecks.EntropyCoded(2))
        >>> codes = ops.convert_to_numpy(model.encode(np.random.default_rng(0).random((3, 4, 4, 1))))
        >>> bool((codes == codes.round()).all()), tuple(model.bottleneck.bits(codes).shape)
        (True, (3, 2))
    """

    penalizes = True

    def __init__(self, units: int, weight: float = 1e-3, **kwargs):
        super().__init__(units, **kwargs)
        if self.noise:
            raise InputError(f"noise={self.noise}", "none: the width of the noise is that of rounding")
        if weight < 0:
            raise InputError(f"weight={weight}", "0 or more")
        self.weight = weight
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

    def disturbed(self, values, training):
        """Returns float32 values with noise in training, else rounded."""
        if not training:
            return ops.round(values)
        return values + keras.random.uniform(ops.shape(values), -0.5, 0.5, dtype="float32", seed=self.draws)

    def bits(self, code):
        """Returns the bits of each value of a code, float32 [batch, ..., units], under the prior."""
        return self.prior.bits(code)

    def charge(self, bits, positions=None):
        """Adds the penalty of bits [batch, ..., n] of codes of so many positions, by default their own."""
        count = prod(ops.shape(bits)[1:-1] if positions is None else positions)
        pixels = self.pixels * ops.cast(count, "float32")
        self.penalize(bits / pixels, self.schedulable.weight)

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}

    @classmethod
    def examples(cls):
        return [Example({"units": 4}, (12,)), Example({"units": 3, "weight": 0.1, "seed": 1}, (2, 3, 4))]

"""A dense code."""

import keras

from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_number
from keras_ae.errors import InputError, unknown_name
from keras_ae.layers import SpectralNormalization, activation_layer
from keras_ae.layers.batch_normalization import MOMENTUM

NORMALIZATIONS = ("batch", "standard", "layer", "spectral")


@keras.saving.register_keras_serializable(package="keras_ae")
class Dense(Bottleneck):
    """One dense layer on the last axis: the deterministic autoencoder's code layer.

    Features [batch, ..., channels] → code [batch, ..., units]. On feature maps this is a 1×1 convolution.
    Normalised, noisy or frozen it is a model of Daly et al., section 3 (Table 1) and section 4.

    Args:
        units: Length of the code (at each position).
        activation: Name of the code's activation, or the negative slope of a LeakyReLU; linear by default.
        initializer: Of the kernel.
        normalization: Of the code, before the activation: "batch"; "standard", which is "batch" without the
            trained scale and shift, so that codes keep mean 0 and variance 1 (Ghose et al., 2020); "layer"; of the
            kernel: "spectral" (`keras_ae.layers.SpectralNormalization`); or None.
        noise: Standard deviation of Gaussian noise on what the decoder gets, in training only; 0 to 1.
        frozen: Whether kernel and bias stay as they were initialised.
        seed: Seed of the noise.
        momentum: Momentum of the moving averages, if `normalization` is "batch" or "standard".

    Raises:
        InputError: For an unknown normalisation or noise out of range.
    """

    def __init__(
        self,
        units: int,
        activation=None,
        initializer="glorot_uniform",
        normalization: str | None = None,
        noise: float = 0.0,
        frozen: bool = False,
        seed: int | None = None,
        momentum: float = MOMENTUM,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if normalization not in (None, *NORMALIZATIONS):
            raise unknown_name("normalization", normalization, NORMALIZATIONS)
        if not 0 <= noise <= 1:  # as Keras's layer has it
            raise InputError(f"noise={noise}", "a standard deviation, 0 to 1", "correct it, or scale the code")
        self.units, self.activation = whole_number("units", units), activation
        self.initializer = keras.initializers.get(initializer)
        self.normalization, self.noise, self.frozen, self.seed = normalization, noise, frozen, seed
        self.momentum = momentum
        self.code = self._code_layer()
        self.code.trainable = not frozen
        self.normalize = self._normalization_layer()
        self.activate = activation_layer(activation, dtype=self.dtype_policy, name="activation")
        # Only where there is noise: a layer of noise brings a random state, which checkpoints keep.
        options = {"seed": seed, "dtype": self.dtype_policy, "name": "disturb"}
        self.disturb = keras.layers.GaussianNoise(noise, **options) if noise else None

    def _code_layer(self) -> keras.layers.Layer:
        by_batch = self.normalization in ("batch", "standard")  # They subtract every bias.
        options = {"kernel_initializer": self.initializer, "use_bias": not by_batch, "dtype": self.dtype_policy}
        layer = keras.layers.Dense(self.units, **options, name="code")
        return SpectralNormalization(layer, name="code") if self.normalization == "spectral" else layer

    def _normalization_layer(self) -> keras.layers.Layer | None:
        options = {"dtype": self.dtype_policy, "name": "normalize"}
        if self.normalization == "layer":
            return keras.layers.LayerNormalization(**options)
        if self.normalization in ("batch", "standard"):
            trained = self.normalization == "batch"
            return keras.layers.BatchNormalization(
                momentum=self.momentum, center=trained, scale=trained, **options
            )
        return None

    def build(self, input_shape):
        self.code.build(input_shape)
        if self.normalize is not None:
            self.normalize.build(self.compute_output_shape(input_shape))

    def call(self, features, training=False):
        code = self.code(features)
        if self.normalize is not None:
            code = self.normalize(code, training=training)
        code = self.activate(code)
        self.regularize(code, training)
        return code if self.disturb is None else self.disturb(code, training=training)

    def regularize(self, code, training):
        """Add the penalty of a code [batch, ..., units], before the noise; a dense code has none."""

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation,
            "initializer": keras.initializers.serialize(self.initializer),
            "normalization": self.normalization,
            "noise": self.noise,
            "frozen": self.frozen,
            "seed": self.seed,
            "momentum": self.momentum,
        }

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4}, (12,)),
            Example({"units": 3, "activation": 0.3}, (2, 3, 4)),
            Example({"units": 3, "normalization": "batch", "noise": 0.1, "seed": 1}, (2, 3, 4)),
            Example({"units": 3, "normalization": "standard", "activation": "relu"}, (12,)),
            Example({"units": 3, "normalization": "layer", "frozen": True}, (12,)),
            Example({"units": 3, "normalization": "spectral"}, (2, 3, 4)),
        ]

"""The dense bottleneck."""

from types import FunctionType

import keras
from keras import ops

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_number
from keras_ae.layers import MOMENTUM, SpectralNormalization, activation_layer

NORMALIZATIONS = ("batch", "standard", "layer", "spectral")


@keras.saving.register_keras_serializable(package="keras_ae")
class Dense(Bottleneck):
    """One dense layer on the last axis: the code layer of the deterministic autoencoder.

    Features [batch, ..., channels] → code [batch, ..., units]. On feature maps this is a 1×1 convolution.
    The normalised, noisy and frozen variants are models of Daly et al., section 3 (Table 1) and section 4.

    Args:
        units: Length of the code (at each position).
        activation: Name of the code's activation, or the negative slope of a LeakyReLU; linear by default.
        initializer: Initializer of the kernel.
        normalization: Normalisation of the code before the activation: "batch"; "standard", which is "batch"
            without the trained scale and shift, so that codes keep mean 0 and variance 1 (Ghose et al., 2020);
            "layer"; or None. "spectral" normalises the kernel (`keras_ae.layers.SpectralNormalization`).
        noise: Standard deviation of Gaussian noise on the decoder's input, in training only; 0 to 1.
        frozen: Whether kernel and bias keep their initial values.
        seed: Seed for the noise.
        momentum: Momentum of the moving averages if `normalization` is "batch" or "standard".

    Raises:
        InputError: If the normalisation is unknown or the noise out of range.

    Example:
        >>> bottleneck = kae.bottlenecks.Dense(units=4, activation="relu")
        >>> tuple(bottleneck(np.ones((1, 3, 3, 8), "float32")).shape)  # A code map from feature maps.
        (1, 3, 3, 4)
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
        if not 0 <= noise <= 1:  # the range of Keras's layer
            raise InputError(f"noise={noise}", "a standard deviation, 0 to 1", "correct it, or scale the code")
        self.units, self.activation = whole_number("units", units), _named(activation)
        self.initializer = keras.initializers.get(initializer)
        self.normalization, self.noise, self.frozen, self.seed = normalization, noise, frozen, seed
        self.momentum = momentum
        self.code = self._code_layer()
        self.code.trainable = not frozen
        self.normalize = self._normalization_layer()
        self.activate = activation_layer(self.activation, dtype=self.dtype_policy, name="activation")
        # Only with noise, since a noise layer has a random state that checkpoints keep.
        options = {"seed": seed, "dtype": self.dtype_policy, "name": "disturb"}
        self.disturb = keras.layers.GaussianNoise(noise, **options) if noise else None

    @property
    def trainable(self) -> bool:
        """Whether the weights are trained; those of a frozen code never are."""
        return keras.layers.Layer.trainable.fget(self)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        keras.layers.Layer.trainable.fset(self, value)  # sets those of the layers inside, too
        if getattr(self, "frozen", False) and hasattr(self, "code"):
            self.code.trainable = False

    def _code_layer(self) -> keras.layers.Layer:
        cancels_bias = self.normalization in ("batch", "standard")
        options = {
            "kernel_initializer": self.initializer,
            "use_bias": not cancels_bias,
            "dtype": self.dtype_policy,
        }
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

    def pass_on(self, deviations, gain: float = 1.0):
        kernel = getattr(self.code, "kernel", None)
        if kernel is not None and kernel.shape[0] == kernel.shape[1]:
            kernel.assign(gain * ops.eye(self.units))
            self.frozen, self.code.trainable = True, False

    def call(self, features, training=False):
        code = self.code(features)
        if self.normalize is not None:
            code = self.normalize(code, training=training)
        code = self.activate(code)
        self.regularize(code, training)
        return code if self.disturb is None else self.disturb(code, training=training)

    def regularize(self, code, training):
        """Adds the penalty of a code [batch, ..., units], before the noise; a dense code has none."""

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


def _named(activation):
    """The name of one of Keras's own activations; others, names and slopes as they are."""
    if isinstance(activation, dict):
        activation = keras.activations.get(activation)
    if not isinstance(activation, FunctionType):
        return activation
    name = keras.activations.serialize(activation)
    return name if isinstance(name, str) else activation

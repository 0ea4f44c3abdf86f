"""The decorrelated bottleneck."""

from typing import Any

import keras

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.bottlenecks.dense import Dense
from keras_ae.bottlenecks.variational import Variational
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative
from keras_ae.layers import Decorrelation


@keras.saving.register_keras_serializable(package="keras_ae")
class Decorrelated(Bottleneck):
    """A dense code, or that of another bottleneck, with a penalty on the covariances of its features.

    For a `Variational` bottleneck the penalty is on the mean. Source: the decorrelated-bottleneck paper, eq. 3.

    Args:
        units: Length of a dense code; alternatively give `of`.
        alpha: Weight α of the penalty.
        form: "squared", "absolute", "signed" or "correlation"; see `keras_ae.layers.Decorrelation`, which warns
            against "signed".
        features: What counts as a feature of a code map: "channels" or "values".
        activation: Activation of the dense code.
        initializer: Kernel initializer of the dense code.
        of: The bottleneck whose code is decorrelated, instead of a dense one.

    Raises:
        InputError: If not exactly one of `units` and `of` is given, `of` is not a bottleneck, or `alpha` is
            negative.

    Example:
        >>> bottleneck = kae.bottlenecks.Decorrelated(units=4, alpha=0.005)
        >>> tuple(bottleneck(np.ones((2, 12), "float32")).shape)
        (2, 4)
    """

    penalizes = True

    def __init__(
        self,
        units: int | None = None,
        alpha: float = 0.005,
        form: str = "squared",
        features: str = "channels",
        activation=None,
        initializer="glorot_uniform",
        of: Bottleneck | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        not_negative(alpha=alpha)
        if (units is None) == (of is None):
            raise InputError(f"units={units} and of={of}", "one of the two")
        if units is not None:
            of = Dense(units, activation, initializer, dtype=self.dtype_policy, name="of")
        if not isinstance(of, Bottleneck):
            raise InputError(f"of={of!r}", "a bottleneck, such as Variational(32)")
        self.of: Any = of  # a bottleneck
        self.sizes, self.measured = of.sizes, of.measured
        self.samples, self.adam_epsilon = of.samples, of.adam_epsilon
        self.decorrelation = Decorrelation(alpha, form, features, dtype=self.dtype_policy, name="decorrelation")

    @property
    def prior(self):
        """The prior of the bottleneck that is decorrelated; None if it has none."""
        return getattr(self.of, "prior", None)

    def attach(self, image_shape, features_shape):
        self.of.attach(image_shape, features_shape)

    @property
    def rounding_noise(self):
        return self.of.rounding_noise

    def gain(self, image_channels):
        return self.of.gain(image_channels)

    def pass_on(self, deviations, gain=1.0):
        self.of.pass_on(deviations, gain)

    def weigh(self, losses):
        return self.of.weigh(losses)

    def build(self, input_shape):
        if not self.of.built:  # A deserialised bottleneck is already built.
            self.of.build(input_shape)

    def call(self, features, training=False):
        code = self.of(features, training=training)
        sampled = training and isinstance(self.of, Variational)
        self.decorrelation(self.of.posterior(features).mean if sampled else code)
        return code

    def measures(self):
        return self.of.measures()

    def indices(self, code):
        return self.of.indices(code)

    def codes(self, indices):
        return self.of.codes(indices)

    def as_codes(self, codes):
        return self.of.as_codes(codes)

    def compute_output_shape(self, input_shape):
        return self.of.compute_output_shape(input_shape)

    def get_config(self):
        penalty = self.decorrelation.get_config()
        kept = {key: penalty[key] for key in ("alpha", "form", "features")}
        of = keras.saving.serialize_keras_object(self.of)
        return {**super().get_config(), **kept, "units": None, "activation": None, "initializer": None, "of": of}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "of": keras.saving.deserialize_keras_object(config["of"])})

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4}, (12,)),
            Example({"of": Variational(3, seed=1), "form": "absolute"}, (2, 3, 4)),
        ]

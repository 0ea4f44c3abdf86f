"""The contractive bottleneck (Rifai et al., 2011)."""

import keras
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.dense import Dense
from keras_ae.bottlenecks.variational import INFERENCE_SEED
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative

# Derivative of each activation as a function of its output.
SLOPES = {
    None: ops.ones_like,
    "linear": ops.ones_like,
    "relu": lambda code: ops.cast(code > 0, code.dtype),
    "sigmoid": lambda code: code * (1.0 - code),
    "tanh": lambda code: 1.0 - ops.square(code),
}
STEP = 1e-2  # of the finite differences (ε)


@keras.saving.register_keras_serializable(package="keras_ae")
class Contractive(Dense):
    """A dense code that changes little with the features x: adds weight · ‖∂z/∂x‖²_F, averaged over the images.

    For z = a(Wx + b) with a linear, ReLU, sigmoid or tanh activation, the squared norm Σⱼ a′(sⱼ)² Σᵢ W²ᵢⱼ is
    exact. For other activations it is estimated by ‖z(x + εv) − z(x)‖²/ε² with v ~ N(0, I) (Hutchinson's
    estimator with finite differences, ε = 0.01). On feature maps it is summed over the positions. Source: Rifai
    et al., "Contractive auto-encoders", eq. 5 and 7; there x are the images, and this layer is the whole encoder.

    Args:
        units: Length of the code (at each position).
        weight: Weight of the penalty. Beside a loss that is a *mean* over pixels it acts as strongly as
            weight · pixels beside a sum. The default is not the authors'.
        **kwargs: Options of `Dense`, except the normalisation.

    Raises:
        InputError: If a normalisation or the slope of a LeakyReLU is given, or `weight` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.Contractive(units=2, weight=1.0, initializer="ones")
        >>> _ = bottleneck(np.array([[1.0, 2.0, 3.0]], "float32"))  # ∂z/∂x is six ones.
        >>> float(bottleneck.losses[0])
        6.0
    """

    penalizes = True

    def __init__(self, units: int, weight: float = 1e-4, **kwargs):
        super().__init__(units, **kwargs)
        if self.normalization is not None:
            raise InputError(f"normalization {self.normalization!r} of contractive codes", "none", "drop it")
        if isinstance(activation := self.activation, int | float):
            raise InputError(f"a LeakyReLU of slope {activation} of contractive codes", "an activation by name")
        not_negative(weight=weight)
        self.weight = weight
        self.probes = keras.random.SeedGenerator(self.seed)

    def call(self, features, training=False):
        code = super().call(features, training=training)
        kernel, bias = (ops.cast(ops.convert_to_tensor(w), "float32") for w in (self.code.kernel, self.code.bias))
        exact = ops.cast(features, "float32")

        def of(values):
            return keras.activations.get(self.activation)(ops.matmul(values, kernel) + bias)

        if self.activation in SLOPES:
            norms = ops.square(SLOPES[self.activation](of(exact))) * ops.sum(ops.square(kernel), axis=0)
        else:
            seed = self.probes if training else INFERENCE_SEED
            probe = keras.random.normal(ops.shape(exact), dtype="float32", seed=seed)
            norms = ops.square((of(exact + STEP * probe) - of(exact)) / STEP)
        self.penalize(norms, self.weight)
        return code

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4, "activation": "sigmoid"}, (12,)),
            Example({"units": 2, "activation": "gelu", "seed": 1}, (2, 3, 4)),
        ]

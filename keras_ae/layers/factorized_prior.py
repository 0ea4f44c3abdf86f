"""A learned distribution of each channel's values, independent of all others (Ballé et al., 2018)."""

from itertools import pairwise
from math import log, pi

import keras
import numpy as np
from keras import ops

from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_numbers

LOGISTIC_DEVIATION = pi / 3**0.5  # standard deviation of the logistic distribution of scale 1
NARROWEST = 0.1  # least spread: a value that varies less is nearly always rounded to 0


@keras.saving.register_keras_serializable(package="keras_ae")
class FactorizedPrior(keras.layers.Layer):
    """Returns the bits of values [batch, ..., channels] under a learned distribution per channel.

    The cumulative distribution function of a channel is a small increasing network, c = σ(f_K ∘ … ∘ f_1), with
    f_k(x) = H x + b + tanh(a)·tanh(H x + b) and positive H; f_K is linear. A value x, rounded or in training with
    uniform noise, costs −log₂(c(x + ½) − c(x − ½)) bits. Source: Ballé et al., "Variational image compression with
    a scale hyperprior", appendix 6.1. Here the logarithm is taken of σ(u)·σ(−l)·(1 − eˡ⁻ᵘ), the same difference of
    σ(u) and σ(l): unlike the authors' bounded one, it has a gradient everywhere. The networks see values divided
    by the channel's spread, a moving root mean square of the values in training: they learn a distribution's shape
    but not its width, which would take thousands of steps.

    Args:
        hidden: Widths of each channel's network.
        deviation: Initial standard deviation of the values.
        momentum: Momentum of the moving mean of squares.

    Example:
        >>> prior = kae.layers.FactorizedPrior()
        >>> bits = prior(np.array([[0.0], [3.0], [300.0]], "float32"))
        >>> tuple(bits.shape), bool(ops.all(bits > 0))
        ((3, 1), True)
    """

    def __init__(
        self, hidden: tuple[int, ...] = (3, 3, 3), deviation: float = 10.0, momentum: float = 0.95, **kwargs
    ):
        super().__init__(**kwargs)
        self.hidden, self.deviation, self.momentum = whole_numbers("hidden", hidden), deviation, momentum

    def build(self, input_shape):
        channels, widths = input_shape[-1], (1, *self.hidden, 1)
        squares = keras.initializers.Constant(self.deviation**2)
        self.squares = self._weight("squares", (channels,), squares, trainable=False)
        self.matrices, self.biases, self.gates = [], [], []
        for i, (before, after) in enumerate(pairwise(widths)):
            start = keras.initializers.Constant(log(np.expm1(1 / after)))
            self.matrices.append(self._weight(f"matrix_{i}", (channels, after, before), start))
            spread = keras.initializers.RandomUniform(-0.5, 0.5)
            self.biases.append(self._weight(f"bias_{i}", (channels, after, 1), spread))
            if i < len(self.hidden):
                self.gates.append(self._weight(f"gate_{i}", (channels, after, 1), "zeros"))

    def _weight(self, name: str, shape: tuple[int, ...], initializer, trainable: bool = True):
        options = {"dtype": "float32", "autocast": False, "trainable": trainable}
        return self.add_weight(name=name, shape=shape, initializer=initializer, **options)

    def expect(self, deviations):
        """Initialises the distributions for values with these standard deviations [channels]."""
        self.squares.assign(np.square(deviations))

    def factors(self):
        """Returns the factors that scale values for the networks: float32 [channels].

        A logistic distribution of the channel's spread then has scale 1.
        """
        return LOGISTIC_DEVIATION / ops.sqrt(ops.maximum(self.squares, NARROWEST**2))

    def _follow(self, values):
        """Moves the spreads towards those of values [channels, 1, n]."""
        new = ops.mean(ops.square(ops.stop_gradient(values)), axis=(1, 2))
        self.squares.assign(self.momentum * self.squares + (1 - self.momentum) * new)

    def logits(self, values):
        """Returns the log-odds of the cumulative distributions: float32 [channels, 1, n]."""
        values = values * ops.reshape(self.factors(), (-1, 1, 1))
        for i, (matrix, bias) in enumerate(zip(self.matrices, self.biases, strict=True)):
            values = ops.matmul(ops.softplus(matrix), values) + bias
            if i < len(self.gates):
                values = values + ops.tanh(self.gates[i]) * ops.tanh(values)
        return values

    def bits(self, values, training: bool = False):
        """Returns the bits of values, float32 [batch, ..., channels]; in training, updates the spreads."""
        values = ops.cast(values, "float32")
        channels = values.shape[-1]
        rows = ops.expand_dims(ops.transpose(ops.reshape(values, (-1, channels))), 1)
        if training:
            self._follow(rows)
        bits = interval_bits(self.logits(rows - 0.5), self.logits(rows + 0.5))
        return ops.reshape(ops.transpose(bits[:, 0]), ops.shape(values))

    def call(self, values, training=False):
        return ops.cast(self.bits(values, training), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "hidden": self.hidden,
            "deviation": self.deviation,
            "momentum": self.momentum,
        }

    @classmethod
    def examples(cls):
        return [Example({}, (3,)), Example({"hidden": [2], "deviation": 4.0, "momentum": 0.5}, (2, 3, 4))]


def interval_bits(lower, upper):
    """Returns −log₂(σ(upper) − σ(lower)) of log-odds lower < upper, without cancellation.

    Example:
        >>> round(float(interval_bits(ops.convert_to_tensor(-100.0), ops.convert_to_tensor(0.0))), 5)
        1.0
    """
    width = ops.maximum(upper - lower, 1e-6)
    nats = ops.softplus(-upper) + ops.softplus(lower) - ops.log(-ops.expm1(-width))
    return nats / log(2.0)

"""The base class of variational bottlenecks whose posterior is a normalising flow."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.bottlenecks.variational import INFERENCE_SEED
from keras_ae.code_shapes import not_negative, whole_number
from keras_ae.layers import MaskedPerceptron


class FlowPosterior(Bottleneck):
    """A code drawn from N(μ(x), σ(x)²) and transformed by invertible steps; at inference, μ(x) transformed.

    The penalty is β · (log q(z | x) − log N(z; 0, I)) of one draw for each image, in nats, summed over the code
    and averaged over the images: log q is the log-density of the draw before the steps, less their
    log-determinants. At inference the noise of that draw is fixed. Each step has a perceptron that also sees a
    context: the features after a dense layer.

    A subclass defines `step`, and the `degrees` of the values in it (see `MaskedPerceptron`).

    Args:
        units: Length of the code (at each position).
        steps: Number of steps.
        hidden: Width of the context, and of each step's hidden layer.
        beta: Weight β of the penalty; the initial value of the variable `schedulable.beta`.
        seed: Seed for the sampling.

    Raises:
        InputError: If `beta` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.RealNVP(units=4, steps=2, seed=1)
        >>> tuple(bottleneck(np.ones((3, 5), "float32"), training=True).shape)
        (3, 4)
    """

    penalizes = True

    def __init__(
        self, units: int, steps: int = 4, hidden: int = 64, beta: float = 1.0, seed: int | None = None, **kwargs
    ):
        super().__init__(**kwargs)
        self.units, self.steps = whole_number("units", units), whole_number("steps", steps)
        not_negative(beta=beta)
        self.hidden, self.beta, self.seed = whole_number("hidden", hidden), beta, seed
        self.mean = keras.layers.Dense(units, dtype=self.dtype_policy, name="mean")
        self.log_std = keras.layers.Dense(units, dtype=self.dtype_policy, name="log_std")
        self.context = keras.layers.Dense(hidden, "silu", dtype=self.dtype_policy, name="context")
        self.networks = [
            MaskedPerceptron(self.degrees(step), hidden, dtype=self.dtype_policy, name=f"step_{step}")
            for step in range(self.steps)
        ]
        self.noise = keras.random.SeedGenerator(seed)
        self.make_schedulable(beta=beta)

    def degrees(self, step: int) -> tuple[int, ...]:
        """Returns the degrees of the values in a step."""
        raise NotImplementedError

    def step(self, values, shift, scale, degrees):
        """Returns transformed values and the logarithm of each one's derivative, float32 [batch, ..., units] each.

        Args:
            values, shift, scale: [batch, ..., units] each; the perceptron outputs a shift and a scale per value.
            degrees: The `degrees` of the step.
        """
        raise NotImplementedError

    def build(self, input_shape):
        for layer in (self.mean, self.log_std, self.context):
            layer.build(input_shape)
        for network in self.networks:
            network.build((*input_shape[:-1], self.units + self.hidden))

    def flow(self, values, context):
        """Returns values after all steps and the sums of the log-derivatives, [batch, ..., units] each."""
        total = ops.zeros_like(values)
        for network in self.networks:
            inputs = ops.concatenate([ops.cast(values, context.dtype), context], axis=-1)
            shift, scale = ops.split(ops.cast(network(inputs), "float32"), 2, axis=-1)
            values, log_derivatives = self.step(values, shift, scale, network.degrees)
            total = total + log_derivatives
        return values, total

    def call(self, features, training=False):
        mean, log_std = (ops.cast(layer(features), "float32") for layer in (self.mean, self.log_std))
        context = self.context(features)
        seed = self.noise if training else INFERENCE_SEED
        drawn = mean + ops.exp(log_std) * keras.random.normal(ops.shape(mean), dtype="float32", seed=seed)
        code, log_derivatives = self.flow(drawn, context)
        log_ratio = numerics.normal_log_density(drawn, mean, log_std) - log_derivatives
        self.penalize(log_ratio - numerics.normal_log_density(code, 0.0, 0.0), self.schedulable.beta)
        return ops.cast(code if training else self.flow(mean, context)[0], self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        own = {name: getattr(self, name) for name in ("units", "steps", "hidden", "beta", "seed")}
        return {**super().get_config(), **own}

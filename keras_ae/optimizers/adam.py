"""Adam and AdamW whose step is one TensorFlow kernel per variable, instead of the twenty operations of Keras's.

Each of Keras's operations passes over all weights; on small networks, launching them takes most of a training
step. `benchmarks/adam.py` measures both.
"""

from typing import Any, NamedTuple

import keras
from keras import ops

from keras_ae._support import keras_private


class _Rates(NamedTuple):
    """Values that the steps of all variables share; Keras's own step recomputes the powers for each."""

    learning_rate: Any
    beta_1_power: Any
    beta_2_power: Any


class _Fused(keras_private.SharedByAllVariables):
    """Mixin that precedes Keras's class in the bases."""

    def shared_by_all_variables(self, learning_rate) -> _Rates:
        step = ops.cast(self.iterations + 1, "float32")
        powers = (ops.power(ops.cast(beta, "float32"), step) for beta in (self.beta_1, self.beta_2))
        return _Rates(ops.cast(learning_rate, "float32"), *powers)

    def update_step(self, gradient, variable, learning_rate):
        """Same as in Keras: updates one variable."""
        rates = learning_rate
        if not isinstance(rates, _Rates):
            super().update_step(gradient, variable, learning_rate)
        elif self._kernel_suits(gradient, variable):
            self._kernel(gradient, variable, rates)
        else:
            super().update_step(gradient, variable, rates.learning_rate)

    def _kernel_suits(self, gradient, variable) -> bool:
        import tensorflow as tf

        return not self.amsgrad and isinstance(gradient, tf.Tensor) and variable.dtype == tf.float32

    def _kernel(self, gradient, variable, rates: _Rates) -> None:
        import tensorflow as tf

        momentum, velocity = keras_private.adam_moments(self, variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=momentum.handle,
            v=velocity.handle,
            beta1_power=rates.beta_1_power,
            beta2_power=rates.beta_2_power,
            lr=rates.learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )


def is_fused(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether an optimizer, or the one that loss scaling wraps, is one of these.

    Example:
        >>> is_fused(kae.optimizers.Adam()), is_fused(keras.optimizers.Adam())
        (True, False)
    """
    return isinstance(getattr(optimizer, "inner_optimizer", optimizer), _Fused)


@keras.saving.register_keras_serializable(package="keras_ae")
class Adam(_Fused, keras.optimizers.Adam):
    """`keras.optimizers.Adam` whose step is one kernel per variable, on TensorFlow.

    Arguments, variables (their names, order and shapes) and results are Keras's, up to the rounding of float32; a
    model trained or saved with one can continue with the other. Keras's own step applies to variables that are not
    float32, to sparse gradients, with `amsgrad`, and on other backends. Clipping, weight decay, averages of the
    weights, accumulated gradients, loss scaling, `tf.distribute` and XLA are Keras's and work with it.

    Args:
        learning_rate: Number, or a schedule of it.
        **kwargs: Same as for `keras.optimizers.Adam`.

    Example:
        >>> optimizer = kae.optimizers.Adam(0.1)
        >>> weight = keras.Variable([1.0, 2.0])
        >>> optimizer.apply([np.array([3.0, -4.0], "float32")], [weight])
        >>> [round(float(value), 3) for value in weight.numpy()]
        [0.9, 2.1]
    """


@keras.saving.register_keras_serializable(package="keras_ae")
class AdamW(_Fused, keras.optimizers.AdamW):
    """`keras.optimizers.AdamW` whose step is one kernel per variable, on TensorFlow: see `Adam`.

    Weights first shrink by weight_decay · learning rate, a share of themselves (Loshchilov & Hutter, 2019).

    Args:
        learning_rate: Number, or a schedule of it.
        weight_decay: Share by which weights shrink, unless excluded by `exclude_from_weight_decay`.
        **kwargs: Same as for `keras.optimizers.AdamW`.

    Example:
        >>> optimizer = kae.optimizers.AdamW(0.1, weight_decay=0.5)
        >>> weight = keras.Variable([1.0, 2.0])
        >>> optimizer.apply([np.array([3.0, -4.0], "float32")], [weight])
        >>> [round(float(value), 3) for value in weight.numpy()]
        [0.85, 2.0]
    """

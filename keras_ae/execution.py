"""The one place that decides how a model's training steps are executed.

Measured on two CPU cores (`benchmarks/architectures.py` repeats it): XLA slows convolutions down about twice
and makes small dense networks several times faster, more so with many steps an execution, because there the
cost is the dispatch of each step and not its arithmetic. On a GPU XLA fuses normalisation and activation.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import keras

from keras_ae.errors import InputError

DENSE_STEPS = 50


@dataclass(frozen=True)
class Execution:
    """What "auto" came to: whether XLA compiles the step, and how many steps one call of it makes."""

    jit_compile: bool
    steps_per_execution: int


def choose_execution(model: keras.Model, jit_compile="auto", steps_per_execution="auto") -> Execution:
    """Resolve what was left "auto" by device and kind of model.

    Args:
        model: A built model.
        jit_compile: Whether to use XLA, or "auto".
        steps_per_execution: Training steps a call, or "auto".
    """
    dense = all(len(variable.shape) <= 2 for variable in model.variables)
    if jit_compile == "auto":
        jit_compile = _compiles_well(dense)
    if steps_per_execution == "auto":
        steps_per_execution = DENSE_STEPS if dense and keras.backend.backend() == "tensorflow" else 1
    return Execution(bool(jit_compile), int(steps_per_execution))


def _compiles_well(dense: bool) -> bool:
    if keras.backend.backend() != "tensorflow":
        return keras.backend.backend() == "jax"
    import tensorflow as tf

    if tf.distribute.has_strategy():
        return False  # Keras runs each replica's step itself; XLA does not take that.
    return dense or bool(tf.config.get_visible_devices("GPU"))


def on_cpu() -> bool:
    """Whether TensorFlow runs without a GPU; on other backends False."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.get_visible_devices("GPU")


def compiled(function):
    """The function compiled for repeated calls on tensors: a graph on TensorFlow, as it is elsewhere.

    An object's method is compiled once: the object keeps it.
    """
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    owner = getattr(function, "__self__", None)
    if owner is None:
        return tf.function(function, reduce_retracing=True)
    kept = vars(owner).setdefault("_compiled_methods", {})
    if function.__name__ not in kept:
        kept[function.__name__] = tf.function(function, reduce_retracing=True)
    return kept[function.__name__]


def fused_batch_normalization(features, scale, offset, epsilon: float) -> tuple:
    """Feature maps normalised by their own moments in one kernel, with the means and variances; TensorFlow only.

    Args:
        features: [batch, height, width, channels].
        scale: [channels], float32, as is `offset`.
        offset: Added last.
        epsilon: Added to the variance.
    """
    import tensorflow as tf

    outputs, mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(
        x=features, scale=scale, offset=offset, mean=[], variance=[], epsilon=epsilon, is_training=True
    )
    values = tf.cast(tf.size(features) // features.shape[-1], "float32")
    # The kernel tells the sum of squares over n - 1, where Keras's moving average is of that over n.
    return outputs, mean, unbiased * tf.maximum(values - 1.0, 1.0) / values


def require_tensorflow() -> None:
    """Refuse the backends (`InputError`) whose `fit` cannot run what the library adds to it."""
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise InputError(f"the {backend} backend", "TensorFlow to train", "set KERAS_BACKEND=tensorflow")


@contextmanager
def computing_in(policy: str):
    """Keras's global dtype policy while models are built, and the one before it afterwards."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)

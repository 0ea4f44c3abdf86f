"""Decides how a model's training steps are executed.

Measured on two CPU cores (`benchmarks/architectures.py` repeats it): XLA makes convolutions about two times slower
and small dense networks 1.3 times faster. Many steps per execution save about 2 CPU milliseconds a step: as much
again for the latter, a quarter for convolutions of a few thousand weights on 8×8 images, and nothing measurable
once a step takes 40 milliseconds. A dense network on many small windows gains from many steps, but not from XLA,
which on a CPU draws the windows' noise three to five times more slowly. On a GPU, XLA fuses normalisation and
activation.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import keras

from keras_ae._support.errors import InputError
from keras_ae._support.keras_private import sublayers

MANY_STEPS = 50  # per call, of models whose steps are short
SHORT = 2**22  # most weights × positions of a model whose steps are: an upper bound of its convolutions' products
SHUFFLE = 8  # the place of `shuffle` among the arguments of `fit`
FUNCTIONS = ("train_function", "test_function", "predict_function")  # `keras.Model`'s names of compiled functions


@dataclass(frozen=True)
class Execution:
    """The resolved "auto": whether XLA compiles the step, and the number of steps per call."""

    jit_compile: bool
    steps_per_execution: int


def choose_execution(model: keras.Model, jit_compile="auto", steps_per_execution="auto") -> Execution:
    """Resolves "auto" by device, kind of model and the strategy that the model was built under.

    Args:
        model: A built model.
        jit_compile: Whether to use XLA, or "auto".
        steps_per_execution: Training steps per call, or "auto".
    """
    dense = all(len(variable.shape) <= 2 for variable in model.variables)
    distributed = _is_distributed(model)
    if jit_compile == "auto":
        jit_compile = _compiles_well(model, dense) and not distributed
    if steps_per_execution == "auto":
        short = dense or (on_cpu() and _is_small(model))
        several = short and not distributed and keras.backend.backend() == "tensorflow"
        steps_per_execution = MANY_STEPS if several else 1
    return Execution(bool(jit_compile), int(steps_per_execution))


def _is_distributed(model: keras.Model) -> bool:
    """Whether the model was built under a strategy: Keras then runs neither XLA nor several steps per call."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    with model.distribute_strategy.scope():  # the model's own, which need not be the one around this call
        return tf.distribute.has_strategy()


def _compiles_well(model: keras.Model, dense: bool) -> bool:
    if keras.backend.backend() != "tensorflow":
        return keras.backend.backend() == "jax"
    return not on_cpu() or (dense and not _of_windows(model))


def _is_small(model: keras.Model) -> bool:
    """Whether a step is short even if every weight of the model meets every position of its input."""
    inputs: list[keras.KerasTensor] = getattr(model, "inputs", None) or []
    shape = getattr(model, "image_shape", None) or (inputs[0].shape[1:] if len(inputs) == 1 else (None,))
    return None not in shape and model.count_params() * prod(shape[:-1]) <= SHORT


def _of_windows(layer: keras.layers.Layer) -> bool:
    """Whether the layer, or one inside it, declares that it computes on the many windows of an image."""
    return getattr(layer, "of_windows", False) or any(map(_of_windows, sublayers(layer)))


def most_steps_a_call(most: int, counts: Iterable[int]) -> int:
    """Returns the largest number of steps, at most `most`, that divides each of the counts of steps."""
    return next(steps for steps in range(most, 0, -1) if all(count % steps == 0 for count in counts))


if TYPE_CHECKING:
    from keras import Model as _BeforeModel
else:
    _BeforeModel = object


class AutomaticExecution(_BeforeModel):
    """Mixin, before `keras.Model` in the bases, with which `compile` takes "auto" (`choose_execution`).

    Keras makes all steps of a call, even if fewer are left: with 50 steps per call,
    `fit(endless, steps_per_epoch=30)` would make 50 per epoch. If the steps per call are "auto", `fit`, `evaluate`
    and `predict` temporarily lower them to a number that divides their steps (for `fit`, those of validation too).
    An explicit number is kept, as in Keras.

    Keras keeps the function of a step whose tracing failed, which then never runs: here a failing call discards
    the compiled functions.
    """

    steps_per_execution: int  # Keras's

    def compile(self, *args, jit_compile="auto", steps_per_execution="auto", auto_scale_loss=True, **kwargs):
        """Same as `keras.Model.compile`; "auto" is resolved by device and kind of model."""
        execution = choose_execution(self, jit_compile, steps_per_execution)
        resolved = {"jit_compile": execution.jit_compile, "steps_per_execution": execution.steps_per_execution}
        super().compile(*args, **resolved, auto_scale_loss=auto_scale_loss, **kwargs)
        asked = {"jit_compile": jit_compile, "steps_per_execution": steps_per_execution}
        self._asked = {**asked, "auto_scale_loss": auto_scale_loss}
        self._functions: dict[int, dict[str, Any]] = {}  # compiled functions, by their steps per call

    def get_compile_config(self):
        """Same as `keras.Model.get_compile_config`."""
        config = super().get_compile_config()
        # Keep "auto" unresolved: the model may be loaded on another device.
        return {**config, **self._asked} if config else config

    def fit(self, *args, steps_per_epoch=None, validation_steps=None, **kwargs):
        """Same as `keras.Model.fit`."""
        x = args[0] if args else kwargs.get("x")
        if len(args) <= SHUFFLE and hasattr(x, "element_spec"):
            kwargs.setdefault("shuffle", False)  # a pipeline's order is its own, of which Keras else warns
        with self.whole_calls(steps_per_epoch, validation_steps):
            self._build_optimizer()
            steps = {"steps_per_epoch": steps_per_epoch, "validation_steps": validation_steps}
            return super().fit(*args, **steps, **kwargs)

    def evaluate(self, *args, steps=None, **kwargs):
        """Same as `keras.Model.evaluate`."""
        with self.whole_calls(steps):
            return super().evaluate(*args, steps=steps, **kwargs)

    def predict(self, *args, steps=None, **kwargs):
        """Same as `keras.Model.predict`."""
        with self.whole_calls(steps):
            return super().predict(*args, steps=steps, **kwargs)

    def train_on_batch(self, *args, **kwargs):
        """Same as `keras.Model.train_on_batch`."""
        with self.whole_calls():
            self._build_optimizer()
            return super().train_on_batch(*args, **kwargs)

    def _build_optimizer(self) -> None:
        """Creates the optimizer's variables; if the first step created them, it would be traced twice."""
        if self.compiled and self.built and self.optimizer is not None and not self.optimizer.built:
            with self.distribute_strategy.scope() if keras.backend.backend() == "tensorflow" else nullcontext():
                self.optimizer.build(self.trainable_variables)

    @contextmanager
    def whole_calls(self, *counts: int | None):
        """Context in which the steps per call divide all given counts, if they were left "auto"."""
        before = self.steps_per_execution
        if self.compiled and self._asked["steps_per_execution"] == "auto":
            self._call(most_steps_a_call(before, [count for count in counts if count]))
        try:
            yield
        except Exception:
            self._functions = {}
            for name in FUNCTIONS:
                setattr(self, name, None)
            raise
        finally:
            self._call(before)

    def _call(self, steps: int) -> None:
        """Sets the steps per call, and restores the functions compiled for them, if any."""
        if steps == self.steps_per_execution:
            return
        self._functions[self.steps_per_execution] = {name: getattr(self, name) for name in FUNCTIONS}
        for name, function in self._functions.get(steps, dict.fromkeys(FUNCTIONS)).items():
            setattr(self, name, function)
        self.steps_per_execution = steps


def whole_calls(model: keras.Model, *counts: int | None) -> AbstractContextManager:
    """Same as `AutomaticExecution.whole_calls`, for any model; Keras's own models keep their steps per call."""
    return model.whole_calls(*counts) if isinstance(model, AutomaticExecution) else nullcontext()


def on_cpu() -> bool:
    """Whether TensorFlow runs without a GPU; on other backends False."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.get_visible_devices("GPU")


def compiled(function):
    """Compiles a function for repeated calls on tensors: a graph on TensorFlow, unchanged on other backends.

    A method is compiled once per object, which keeps it, and for batches of any size at once: else TensorFlow
    would trace it for the first size, and again for any when the last batch is smaller.
    """
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    owner = getattr(function, "__self__", None)
    if owner is None:
        return tf.function(function, reduce_retracing=True)
    kept = vars(owner).setdefault("_compiled_methods", {})
    if function.__name__ not in kept:
        kept[function.__name__] = _ForAnyBatch(function)
    return kept[function.__name__]


class _ForAnyBatch:
    """A method of one batch [n, ...], compiled for every shape of an item and dtype that it is called with."""

    def __init__(self, method):
        import tensorflow as tf

        self._function, self._items = tf.function(method, reduce_retracing=True), set()

    def __call__(self, batch):
        import tensorflow as tf

        batch = tf.convert_to_tensor(batch)
        item = (batch.dtype, tuple(batch.shape[1:]))
        if item not in self._items:
            self._function.get_concrete_function(tf.TensorSpec((None, *item[1]), item[0]))
            self._items.add(item)
        return self._function(batch)

    @property
    def traces(self) -> int:
        """Number of times it has been compiled."""
        return self._function.experimental_get_tracing_count()


def fused_batch_normalization(features, scale, offset, epsilon: float) -> tuple:
    """Normalises feature maps by their own moments in one TensorFlow kernel; also returns means and variances.

    Args:
        features: [batch, height, width, channels].
        scale: Factor, float32 [channels].
        offset: Added last, float32 [channels].
        epsilon: Added to the variance.
    """
    import tensorflow as tf

    outputs, mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(
        x=features, scale=scale, offset=offset, mean=[], variance=[], epsilon=epsilon, is_training=True
    )
    values = tf.cast(tf.size(features) // features.shape[-1], "float32")
    # The kernel divides the sum of squares by n - 1; Keras's moving average needs the division by n.
    return outputs, mean, unbiased * tf.maximum(values - 1.0, 1.0) / values


def require_tensorflow(purpose: str = "train") -> None:
    """Rejects (`InputError`) backends other than TensorFlow; `purpose`, a verb, says what needs TensorFlow."""
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise InputError(f"the {backend} backend", f"TensorFlow to {purpose}", "set KERAS_BACKEND=tensorflow")


@contextmanager
def computing_in(policy: str):
    """Context that sets Keras's global dtype policy while models are built."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)

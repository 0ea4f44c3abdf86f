"""Small trainings that can be interrupted and gone on with, and what they end with."""

import keras
import numpy as np
import tensorflow as tf

from keras_ae.callbacks import Checkpoint
from keras_ae.layers import LocalObjective
from keras_ae.objectives import MultiObjective

STEPS, EPOCHS = 4, 3


class Interrupted(Exception):  # noqa: N818
    """Stands for a kill: nothing that comes after it is done."""


class Interrupt(keras.callbacks.Callback):
    """Ends training when the hook named is called for the n-th time, n counted from 1."""

    def __init__(self, hook: str, n: int):
        super().__init__()
        self.left = n
        setattr(self, hook, self._count)

    def _count(self, *arguments, **keywords):
        self.left -= 1
        if self.left == 0:
            raise Interrupted


class Restoring(LocalObjective):
    """A code of the input with an objective of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.code, self.restored = keras.layers.Dense(3), keras.layers.Dense(4)

    def call(self, inputs):
        code = self.code(inputs)
        self.add_loss(keras.ops.mean((self.restored(code) - inputs) ** 2))
        return code


def stream(start_step: int, length: int = 10_000):
    """Batches of 8 inputs [4] with a class each; which ones depends on the step alone."""

    def batch(step):
        inputs = tf.random.stateless_uniform((8, 4), tf.stack([step, np.int64(1)]))
        return inputs, tf.cast(tf.reduce_sum(inputs, 1) > 2.0, tf.int32)

    return tf.data.Dataset.range(start_step, start_step + length).map(batch)


def classifier(steps_per_execution=1, jit_compile=False, optimizer=None, units=2, **compilation):
    """A compiled classifier with dropout and a metric; the same each time."""
    keras.utils.set_random_seed(5)
    layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5, seed=1)]
    model = keras.Sequential([*layers, keras.layers.BatchNormalization(), keras.layers.Dense(units)])
    model.compile(
        optimizer or keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
        jit_compile=jit_compile,
        **compilation,
    )
    return model


def two_objectives(**compilation):
    """A compiled model with two objectives, and an optimizer for each; the same each time."""
    keras.utils.set_random_seed(5)
    inputs = keras.Input((4,))
    model = MultiObjective(inputs, keras.layers.Dense(2)(Restoring(name="local")(inputs)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if "mode" not in compilation:
        compilation["objective_optimizers"] = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(keras.optimizers.Adam(0.01), loss, jit_compile=False, steps_per_execution=1, **compilation)
    return model


def train(model, directory, callbacks=(), interrupt=None, **options):
    """Train with a checkpoint at every chance; all that the training ends with, as arrays and logs."""
    checkpoint = Checkpoint(directory, **{"steps": 1, "minutes": None, **options})
    history = checkpoint.fit(
        model,
        stream,
        epochs=EPOCHS,
        steps_per_epoch=STEPS,
        callbacks=[*callbacks, *([interrupt] if interrupt else [])],
        validation_data=stream(5_000, 2),
    )
    return outcome(model), history.history


def outcome(model):
    """Weights, seeds and all optimizers' variables."""
    optimizers = getattr(model, "optimizers", None) or [model.optimizer]
    found = [*model.variables, *(variable for optimizer in optimizers for variable in optimizer.variables)]
    return [keras.ops.convert_to_numpy(variable).copy() for variable in found]


def assert_same(one, other):
    """That two outcomes of `train` are the same to the bit."""
    (arrays, logs), (other_arrays, other_logs) = one, other
    assert logs == other_logs
    assert [a.tobytes() for a in arrays] == [a.tobytes() for a in other_arrays]

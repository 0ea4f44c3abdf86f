"""The private Keras names that the library uses: here and nowhere else.

They are why `pyproject.toml` bounds the Keras version; `tests/objectives/test_keras_names.py` finds missing ones.
"""

from typing import TYPE_CHECKING

import keras
from keras.src.backend.common.variables import AutocastScope

# What `keras.callbacks.ModelCheckpoint` with a `save_freq` in batches counts by.
SAVING_COUNTERS = ("_batches_seen_since_last_saving", "_last_batch_seen")


def compiled_loss(model: keras.Model, y, y_pred, sample_weight):
    """The scalar loss of one batch from the losses given to `compile`, scaled for `tf.distribute`."""
    return model._compile_loss(y, y_pred, sample_weight)


def aggregated(model: keras.Model, loss):
    """One added loss as a scalar, scaled for `tf.distribute` as the compiled losses are."""
    return model._aggregate_additional_loss(loss)


def loss_tracker(model: keras.Model) -> keras.metrics.Mean:
    """The metric that reports `loss`; it exists once the model is compiled."""
    return model._loss_tracker


def sublayers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The layers directly inside any layer (only models have the public `layers`)."""
    return list(layer._flatten_layers(include_self=False, recursive=False))


def added_losses(layer: keras.layers.Layer) -> list:
    """The losses that this very layer passed to `add_loss`: no sublayer's losses, no regularizers."""
    return layer._get_own_losses()


def own_metrics(layer: keras.layers.Layer) -> list[keras.metrics.Metric]:
    """The metrics that are attributes of this very layer, without its sublayers'."""
    return list(layer._metrics)


def stored_values(variables: list) -> list:
    """The stored values of variables, also inside a layer that computes in another type."""
    with AutocastScope(None):
        return [keras.ops.convert_to_tensor(variable.value) for variable in variables]


def build_training_state(model: keras.Model, batch) -> None:
    """Create the variables of the optimizer and the compiled metrics, as Keras otherwise does in the first step.

    Args:
        model: A compiled model.
        batch: A batch that it will be trained on, or its TensorFlow specification.
    """
    # The specification of a batch spread over replicas has one for each replica.
    batch = keras.tree.map_structure(lambda value: getattr(value, "_value_specs", [value])[0], batch)
    model._symbolic_build(data_batch=batch)


if TYPE_CHECKING:
    from keras import Model as _BeforeModel
    from keras.optimizers import Optimizer as _BeforeOptimizer
else:
    _BeforeOptimizer = _BeforeModel = object


class SharedByAllVariables(_BeforeOptimizer):
    """Mixin, before an optimizer in the bases, that computes once, on TensorFlow, what all variables' steps share.

    `update_step` then gets what `shared_by_all_variables` made of the learning rate, in its place.
    """

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        if keras.backend.backend() == "tensorflow":
            learning_rate = self.shared_by_all_variables(learning_rate)
        super()._backend_update_step(grads, trainable_variables, learning_rate)


def adam_moments(optimizer: keras.optimizers.Adam, variable) -> tuple:
    """TensorFlow's variables for the momentum and velocity of a variable that Adam updates."""
    place = optimizer._get_variable_index(variable)
    return optimizer._momentums[place].value, optimizer._velocities[place].value


class AcrossWorkers(_BeforeModel):
    """Mixin, before `keras.Model` in the bases, that lets a model train under MultiWorkerMirroredStrategy too.

    Keras 3.15 fails there twice: to build loss and metrics before the first step, it averages a batch over the
    replicas as if it were one tensor; and it averages a step's results over axis 0, which a scalar lacks.
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        if iterator is not None and across_workers(self):
            _, _, batches = next(iter(iterator))
            data_batch, iterator = _one_replica(next(batches), self.distribute_strategy), None
        super()._maybe_symbolic_build(iterator=iterator, data_batch=data_batch)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        logs = super().compute_metrics(x, y, y_pred, sample_weight)
        if not across_workers(self):
            return logs
        return {name: keras.ops.expand_dims(value, 0) for name, value in logs.items()}


def across_workers(model: keras.Model) -> bool:
    """Whether the model was built for training by several processes."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return isinstance(model.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy)


def _one_replica(batch, strategy):
    """The first replica's part of a batch spread over this process's replicas."""
    return keras.tree.map_structure(lambda value: strategy.experimental_local_results(value)[0], batch)

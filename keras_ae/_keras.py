"""The private Keras names that the library uses: here and nowhere else.

They are why `pyproject.toml` bounds the Keras version; `tests/objectives/test_keras_names.py` says which is gone.
"""

import keras


def compiled_loss(model: keras.Model, y, y_pred, sample_weight):
    """The scalar that the losses given to `compile` make of one batch, scaled for `tf.distribute`."""
    return model._compile_loss(y, y_pred, sample_weight)


def aggregated(model: keras.Model, loss):
    """One added loss as a scalar, scaled for `tf.distribute` as the compiled losses are."""
    return model._aggregate_additional_loss(loss)


def loss_tracker(model: keras.Model) -> keras.metrics.Mean:
    """The metric that reports `loss`; it exists once the model is compiled."""
    return model._loss_tracker


def sublayers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The layers directly inside one, of any layer (only models have the public `layers`)."""
    return list(layer._flatten_layers(include_self=False, recursive=False))


def added_losses(layer: keras.layers.Layer) -> list:
    """What this very layer passed to `add_loss`: no sublayer's losses, no regularizers."""
    return layer._get_own_losses()


def own_metrics(layer: keras.layers.Layer) -> list[keras.metrics.Metric]:
    """The metrics that are attributes of this very layer, without its sublayers'."""
    return list(layer._metrics)


def build_metrics(model: keras.Model, batch) -> None:
    """Make the variables of the compiled metrics, which Keras otherwise does within the first training step."""
    model._symbolic_build(data_batch=batch)


def reducible(logs: dict) -> dict:
    """What a step returns, in a shape that Keras can average over several workers.

    Under MultiWorkerMirroredStrategy it takes the mean over axis 0 of each value, which a scalar does not have.
    """
    if keras.backend.backend() != "tensorflow":
        return logs
    import tensorflow as tf

    if not isinstance(tf.distribute.get_strategy(), tf.distribute.MultiWorkerMirroredStrategy):
        return logs
    return {name: tf.expand_dims(value, 0) for name, value in logs.items()}

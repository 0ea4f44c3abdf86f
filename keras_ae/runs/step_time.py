"""How long a training step takes on the device at hand."""

import time

import keras

from keras_ae._support.execution import computing_in
from keras_ae.features import frozen_features
from keras_ae.runs.config import RunConfig
from keras_ae.runs.tasks import compile_model, task_of

TIMED_STEPS = 5


def step_seconds(config: RunConfig, model_config, image_shape) -> float:
    """Measured seconds of one training step.

    Args:
        config: Configuration of the training.
        model_config: Configuration of the model.
        image_shape: (height, width, channels).
    """
    import tensorflow as tf

    with computing_in(config.training.precision):
        model = model_config.build(image_shape)
    compile_model(model, config.training)
    batch = config.training.batch_size
    features = frozen_features(model)
    shape = image_shape if features is None else features.map_shape  # made once, before training
    images = keras.random.uniform((batch, *shape), seed=0)
    data = (images, keras.ops.zeros(batch, "int32")) if task_of(model).labels else (images,)
    untuned = tf.data.Options()
    untuned.autotune.enabled = False  # as in `keras_ae.data`: a tuned one can take seconds to end
    endless = tf.data.Dataset.from_tensors(data if len(data) > 1 else data[0]).repeat().with_options(untuned)
    steps = TIMED_STEPS * model.steps_per_execution
    model.fit(endless, steps_per_epoch=steps, verbose=0, shuffle=False)  # compiles
    started = time.perf_counter()
    model.fit(endless, steps_per_epoch=steps, verbose=0, shuffle=False)
    seconds = (time.perf_counter() - started) / steps
    keras.utils.clear_session()
    return seconds

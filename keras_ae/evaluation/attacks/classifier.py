"""Adapts a Keras classifier to the attacks: a function of tensors that returns logits."""

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.execution import require_tensorflow

_BOUNDS = (0.0, 1.0)
_ENOUGH = 1e-3  # how far a sum of probabilities in half precision may differ from 1


def as_foolbox(classifier: keras.Model):
    """Wraps a Keras classifier of images in [0, 1] as a compiled `foolbox.TensorFlowModel`, in inference mode.

    Args:
        classifier: A classifier with one logit per class; a final softmax is left out (see `logits_model`).

    Raises:
        InputError: On a backend other than TensorFlow, or if the output is not one number per class.
    """
    require_tensorflow("attack")
    import tensorflow as tf

    from keras_ae.evaluation.attacks.changed_pixels import ChangedPixels, FollowingModel
    from keras_ae.evaluation.attacks.local_network import local_network

    model = logits_model(classifier)

    @tf.function(reduce_retracing=True)
    def logits(images):
        return tf.cast(model(images, training=False), tf.float32)

    on_gpu = bool(tf.config.get_visible_devices("GPU"))
    device = "/GPU:0" if on_gpu else "/CPU:0"  # Foolbox asks in a deprecated way
    attacked = FollowingModel(logits, bounds=_BOUNDS, device=device)
    network = None if on_gpu else local_network(model)  # on a GPU, whole images are as fast
    attacked.changed_pixels = ChangedPixels(network) if network else None
    return attacked


def logits_model(classifier: keras.Model) -> keras.Model:
    """Returns the classifier without a softmax that is its last layer or that layer's activation.

    Attacks follow the logits: the logarithm of a saturated softmax has no gradient, and in terms of probabilities,
    distances to decision boundaries differ. The weights are the classifier's current ones.

    Args:
        classifier: A functional or sequential model, or any other whose output is logits.

    Raises:
        InputError: If the output is not [n, classes] with at least two classes.
    """
    outputs = getattr(classifier, "outputs", None)
    if outputs is None:  # a subclass of Model: its outputs are seen when it is called
        return classifier
    shape = outputs[0].shape
    if len(outputs) != 1 or len(shape) != 2 or shape[1] is None or shape[1] < 2:
        received = f"a classifier with outputs of {', '.join(str(output.shape) for output in outputs)}"
        raise InputError(
            received, "one output with a logit for each of at least 2 classes", "attack another model"
        )
    last = classifier.layers[-1]
    if last.output is not outputs[0]:  # an operation that is not a layer follows it
        return classifier
    image = classifier.inputs[0] if len(classifier.inputs) == 1 else classifier.inputs
    if isinstance(last, keras.layers.Softmax):
        return keras.Model(image, last.input)
    if getattr(last, "activation", None) is not keras.activations.softmax:
        return classifier
    linear = type(last).from_config(last.get_config() | {"activation": "linear", "name": f"{last.name}_logits"})
    model = keras.Model(image, linear(last.input))
    linear.set_weights(last.get_weights())
    return model


def refuse_probabilities(outputs: np.ndarray) -> None:
    """Refuses outputs [n, classes] that are all probability distributions instead of logits (`InputError`)."""
    if np.all(outputs >= 0) and np.allclose(outputs.sum(axis=1), 1.0, atol=_ENOUGH):
        raise InputError(
            "a classifier whose outputs are probabilities",
            "logits",
            "give a model that ends before its softmax",
        )

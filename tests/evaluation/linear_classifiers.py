"""Classifiers of which one can tell by hand what an attack has to do."""

import numpy as np


def linear_classifier(weights, margin: float, at, label: int = 0):
    """A Foolbox model of two classes: of an image x the other class's logit is w·(x − at) − margin, the label's 0.

    Args:
        weights: w, [h, w, c].
        margin: By which the image `at` is classified as `label`.
        at: [h, w, c].
        label: 0 or 1.
    """
    import tensorflow as tf

    weights, at = (tf.constant(np.broadcast_to(x, np.shape(weights)), tf.float32) for x in (weights, at))

    def other(images):
        return tf.reduce_sum((images - at) * weights, axis=(1, 2, 3)) - margin

    return binary_classifier(other, label)


def binary_classifier(other, label: int = 0):
    """A Foolbox model of two classes, the label's logit 0 and the other's a function of images."""
    import foolbox
    import tensorflow as tf

    def logits(images):
        z = other(images)
        return tf.stack([tf.zeros_like(z), z] if label == 0 else [z, tf.zeros_like(z)], axis=1)

    return foolbox.TensorFlowModel(logits, bounds=(0, 1), device="/CPU:0")


def attacked(attack, model, images, label: int = 0):
    """Attacked images of one label, and whether they are misclassified."""
    import tensorflow as tf

    images = tf.constant(images, tf.float32)
    made, _, success = attack(model, images, tf.fill([len(images)], tf.constant(label, tf.int64)), epsilons=None)
    return made.numpy(), success.numpy()


def mean_squares(made, images):
    return np.mean(np.square(np.float64(made) - images), axis=(1, 2, 3))

"""Leaves images without a label out of the main objective."""

import keras
from keras import ops

from keras_ae._support.labels import UNLABELLED


def may_lack_labels(y, y_pred) -> bool:
    """Whether labels can mark an image as unlabelled: integers, [batch] or [batch, k], for a single output."""
    if not (hasattr(y, "dtype") and hasattr(y_pred, "shape")):
        return False
    return "int" in keras.backend.standardize_dtype(y.dtype) and 1 <= len(y.shape) <= 2


def labelled_only(y, y_pred, sample_weight=None):
    """Returns labels, outputs and weights of a batch's labelled images; all of them if no image can be unlabelled.

    A label of −1 marks an image as unlabelled; an image with several labels needs all of them.

    Args:
        y: Labels, [batch] or [batch, k].
        y_pred: Outputs, [batch, ...].
        sample_weight: Weights, [batch, ...], or None.
    """
    if not may_lack_labels(y, y_pred):
        return y, y_pred, sample_weight
    import tensorflow as tf  # only TensorFlow trains several objectives

    rows = tf.where(_known(y))[:, 0]
    weights = None if sample_weight is None else tf.gather(sample_weight, rows)
    return tf.gather(y, rows), tf.gather(y_pred, rows), weights


def count_labelled(y, y_pred):
    """Returns the number of images over which the main objective averages: int32 scalar."""
    if may_lack_labels(y, y_pred):
        return ops.sum(ops.cast(_known(y), "int32"))
    return batch_size(y_pred)


def batch_size(y_pred):
    """Returns the number of images in a batch: int32 scalar."""
    return ops.shape(keras.tree.flatten(y_pred)[0])[0]


def _known(y):
    known = ops.not_equal(y, UNLABELLED)
    return known if len(y.shape) == 1 else ops.all(known, axis=1)

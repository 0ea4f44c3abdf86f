"""Images without a label: the main objective leaves them out."""

import keras
from keras import ops

from keras_ae._support.labels import UNLABELLED


def may_lack_labels(y, y_pred) -> bool:
    """Whether labels can say of an image that it has none: integers, [batch] or [batch, k], of a single output."""
    if not (hasattr(y, "dtype") and hasattr(y_pred, "shape")):
        return False
    return "int" in keras.backend.standardize_dtype(y.dtype) and 1 <= len(y.shape) <= 2


def labelled_only(y, y_pred, sample_weight=None):
    """The labels, outputs and weights of the images of a batch that have a label; all where labels cannot lack.

    A label of −1 says that there is none; of several labels an image needs all.

    Args:
        y: Labels, [batch] or [batch, k].
        y_pred: Outputs, [batch, ...].
        sample_weight: Weights, [batch, ...], or None.
    """
    if not may_lack_labels(y, y_pred):
        return y, y_pred, sample_weight
    import tensorflow as tf  # Only TensorFlow trains several objectives.

    rows = tf.where(_known(y))[:, 0]
    weights = None if sample_weight is None else tf.gather(sample_weight, rows)
    return tf.gather(y, rows), tf.gather(y_pred, rows), weights


def count_labelled(y, y_pred):
    """Number of images of a batch that the main objective is a mean of: int32 scalar."""
    if may_lack_labels(y, y_pred):
        return ops.sum(ops.cast(_known(y), "int32"))
    return batch_size(y_pred)


def batch_size(y_pred):
    """Number of images of a batch: int32 scalar."""
    return ops.shape(keras.tree.flatten(y_pred)[0])[0]


def _known(y):
    known = ops.not_equal(y, UNLABELLED)
    return known if len(y.shape) == 1 else ops.all(known, axis=1)

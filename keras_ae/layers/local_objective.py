"""Layers that own an objective."""

import keras

from keras_ae import _keras


class LocalObjective(keras.layers.Layer):
    """A layer trained on a loss of its own, beside the loss of the model that it stands in.

    Its objective is the sum of its `losses`: what it and the layers inside it pass to `add_loss` in `call`
    (float32 scalars, each a mean over the batch), and their weights' regularizers. In mode "alternate" its
    trainable variables are what this objective moves, and nothing else moves them. A subclass does nothing about
    gradients: `call` adds its loss and returns its output without stopping any, and `MultiObjective` keeps the
    objectives apart.

    Layers inside it are its own business, other local objectives included: their losses are part of its objective.
    """

    @property
    def metrics(self):
        """Its own metrics; those of a model inside it are hidden, since they report another way of training."""
        return _keras.own_metrics(self)

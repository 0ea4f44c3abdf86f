"""Layers that own an objective."""

import keras

from keras_ae._support import keras_private


class LocalObjective(keras.layers.Layer):
    """A layer trained on its own loss, beside the loss of the model that contains it.

    Its objective is the sum of its `losses`: what it and the layers inside it pass to `add_loss` in `call`
    (float32 scalars, each a mean over the batch), and their weights' regularizers. In mode "alternate" this
    objective alone trains the layer's variables. A subclass need not stop gradients: `call` adds
    its loss and returns its output, and `MultiObjective` keeps the objectives apart.

    Losses of nested layers belong to this objective, including those of nested local objectives.

    Example:
        >>> class Small(kae.layers.LocalObjective):
        ...     def call(self, features):
        ...         self.add_loss(ops.mean(ops.square(features)))
        ...         return features
        >>> layer = Small()
        >>> _ = layer(np.array([[1.0, 3.0]], "float32"))
        >>> float(layer.losses[0])
        5.0
    """

    @property
    def metrics(self):
        """Its own metrics, without those of a nested model, which report another way of training."""
        return keras_private.own_metrics(self)

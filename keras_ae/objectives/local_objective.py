"""Layers that own an objective, and how a model's layers divide among the objectives."""

from typing import NamedTuple

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


class Division(NamedTuple):
    """A model's layers by the objective they belong to.

    main: The model and its layers outside any local objective, at any depth.
    local: The outermost layers that own an objective, in the order of the model's layers.
    """

    main: list[keras.layers.Layer]
    local: list[LocalObjective]


def divide(model: keras.Model) -> Division:
    """Divide a model's layers among its objectives; a layer that is used in several places counts once."""
    main, local, seen = [], [], set()

    def visit(layer):
        if id(layer) in seen:
            return
        seen.add(id(layer))
        if isinstance(layer, LocalObjective):
            local.append(layer)
            return
        main.append(layer)
        for inner in _keras.sublayers(layer):
            visit(inner)

    visit(model)
    return Division(main, local)

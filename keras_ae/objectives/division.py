"""Divides a model's layers among its objectives."""

from typing import NamedTuple

import keras

from keras_ae._support import keras_private
from keras_ae.layers import LocalObjective


class Division(NamedTuple):
    """A model's layers by the objective to which they belong.

    Attributes:
        main: The model and its layers outside any local objective, at any depth.
        local: The outermost layers that own an objective, in the order of the model's layers.
    """

    main: list[keras.layers.Layer]
    local: list[LocalObjective]


def divide(model: keras.Model) -> Division:
    """Divides a model's layers among its objectives; a layer used in several places counts once."""
    main, local, seen = [], [], set()

    def visit(layer):
        if id(layer) in seen:
            return
        seen.add(id(layer))
        if isinstance(layer, LocalObjective):
            local.append(layer)
            return
        main.append(layer)
        for inner in keras_private.sublayers(layer):
            visit(inner)

    visit(model)
    return Division(main, local)

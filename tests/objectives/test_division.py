"""How a model's layers divide among its objectives."""

import keras
import pytest
import windowed_network as net

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Variational
from keras_ae.layers import LocalObjective
from keras_ae.objectives import MultiObjective
from keras_ae.objectives.division import divide


@keras.saving.register_keras_serializable(package="tests")
class Wrapped(LocalObjective):
    """A local objective around another layer."""

    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x):
        self.add_loss(keras.ops.mean(x**2))
        return self.inner(x)


def names(layers):
    return [layer.name for layer in layers]


def test_layers_inside_a_local_objective_are_its_own():
    division = divide(net.network())
    assert names(division.local) == ["lea1", "lea2"]
    assert {"conv1", "conv2", "logits"} <= set(names(division.main))
    assert "pixels" in names(division.local[0].autoencoder.decoder.layers)
    assert "pixels" not in names(division.main)


def test_local_objectives_are_found_inside_nested_models():
    inputs = keras.Input((net.SIZE, net.SIZE, 1))
    inner = keras.Model(inputs, net.windows(1, "deep")(inputs), name="inner")
    model = MultiObjective(inputs, keras.layers.Flatten()(inner(inputs)))
    assert names(divide(model).local) == ["deep"]
    assert model.get_layer("inner") in divide(model).main


def test_a_layer_used_twice_is_one_objective_with_both_losses():
    inputs = keras.Input((4,))
    twice = Wrapped(keras.layers.Dense(4), name="twice")
    model = MultiObjective(inputs, twice(twice(inputs)))
    assert names(divide(model).local) == ["twice"]
    model(keras.ops.ones((2, 4)))
    assert len(twice.losses) == 2


def test_the_outermost_of_nested_local_objectives_counts():
    inputs = keras.Input((4,))
    inner = Wrapped(keras.layers.Dense(4), name="inside")
    outer = Wrapped(inner, name="outside")
    model = MultiObjective(inputs, outer(inputs))
    assert names(divide(model).local) == ["outside"]
    model(keras.ops.ones((2, 4)))
    assert len(outer.losses) == 2


def test_metrics_of_an_inner_model_are_hidden():
    layer = net.windows(1, "lea", Variational(3))
    assert names(layer.autoencoder.metrics) == ["penalty"]
    assert layer.metrics == []
    layer.share = keras.metrics.Mean(name="share")
    assert names(layer.metrics) == ["share"]
    model = net.network(variational=True)
    assert names(model.metrics) == ["lea1_loss", "lea2_loss"]


def test_a_model_without_local_objective_is_refused():
    inputs = keras.Input((4,))
    with pytest.raises(InputError, match=r"no layer owns an objective.*use keras\.Model"):
        MultiObjective(inputs, keras.layers.Dense(1)(inputs))


def test_two_local_objectives_of_one_name_are_refused():
    inputs = keras.Input((4,))
    inner = keras.Model(inputs, Wrapped(keras.layers.Dense(4), name="same")(inputs))
    with pytest.raises(InputError, match="same, same"):
        MultiObjective(inputs, Wrapped(keras.layers.Dense(1), name="same")(inner(inputs)))

"""Weights of losses follow the step, without tracing anew, also when training is interrupted."""

import keras
import numpy as np
import pytest

import keras_ae
from keras_ae import schedules
from keras_ae._support.errors import InputError

pytestmark = pytest.mark.tensorflow
resumed = pytest.importorskip("resumed_training", exc_type=ImportError)


class Traced(keras_ae.Autoencoder):
    """Counts how often its training step is traced."""

    traces = 0

    def compute_loss(self, *arguments, **keywords):
        type(self).traces += 1
        return super().compute_loss(*arguments, **keywords)


def variational(beta=1.0, kind=keras_ae.Autoencoder, **compilation):
    keras.utils.set_random_seed(2)
    encoder = keras_ae.networks.fully_connected_encoder((4, 4, 1), hidden=(6,))
    decoder = keras_ae.networks.fully_connected_decoder((2,), (4, 4, 1), hidden=(6,))
    model = kind(encoder, keras_ae.bottlenecks.Variational(2, beta=beta, seed=1), decoder)
    model.compile(keras.optimizers.SGD(0.01), **compilation)
    return model


IMAGES = np.random.default_rng(0).random((40, 4, 4, 1), "float32")


class Record(keras.callbacks.Callback):
    """Keeps a variable's value after each call of the training step."""

    def __init__(self, variable):
        super().__init__()
        self.variable, self.values = variable, []

    def on_train_batch_end(self, batch, logs=None):
        self.values.append(float(self.variable.numpy()))


def fit(model, schedule, **options):
    beta = model.bottleneck.schedulable.beta
    record = Record(beta)
    callbacks = [keras_ae.callbacks.VariableSchedule(beta, schedule), record]
    model.fit(IMAGES, batch_size=8, verbose=0, shuffle=False, callbacks=callbacks, **options)
    return record.values


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_weight_follows_the_step_without_tracing_anew(jit_compile):
    Traced.traces = 0
    model = variational(kind=Traced, jit_compile=jit_compile, steps_per_execution=1)
    assert fit(model, schedules.linear(0.0, 1.0, 8), epochs=1) == pytest.approx([0, 1 / 8, 2 / 8, 3 / 8, 4 / 8])
    once = Traced.traces
    assert fit(model, schedules.linear(0.0, 1.0, 8), epochs=1) == pytest.approx([5 / 8, 6 / 8, 7 / 8, 1, 1])
    assert Traced.traces == once == 1


def test_the_weight_reaches_the_loss():
    """At weight w the penalty is w times the one at weight 1: nothing else differs in the first step."""
    penalties = []
    for weight in (0.25, 1.0):
        model = variational(jit_compile=False, steps_per_execution=1)
        fit(model, lambda step, weight=weight: weight, epochs=1, steps_per_epoch=1)
        penalties.append(model.penalty.result())
    assert float(penalties[0]) == pytest.approx(0.25 * float(penalties[1]), rel=1e-6)


def test_the_weight_is_state_and_no_weight():
    model = variational(beta=0.5)
    beta = model.bottleneck.schedulable.beta
    assert float(beta.numpy()) == 0.5
    assert any(variable is beta for variable in model.variables)
    assert not any(variable is beta for variable in model.weights)
    beta.assign(0.1)
    assert model.bottleneck.get_config()["beta"] == 0.5


def test_joint_weights_can_be_scheduled():
    model = resumed.two_objectives(mode="joint")
    callback = keras_ae.callbacks.VariableSchedule(model.joint_weights.local, schedules.linear(0.0, 4.0, 4))
    model.fit(resumed.stream(0, 3), shuffle=False, verbose=0, callbacks=[callback])
    assert model.joint_weights.numbers() == pytest.approx([1.0, 2.0])  # set before the third step


def test_an_objective_with_nothing_to_train_does_not_stop_the_schedule():
    inputs = keras.Input((4,))
    local = resumed.Restoring(name="local")
    outputs = keras.layers.GlobalAveragePooling1D()(keras.layers.Reshape((1, 3))(local(inputs)))
    model = keras_ae.MultiObjective(inputs, outputs)
    model.compile(
        "sgd",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
        steps_per_execution=1,
    )
    assert model.variable_groups()[0] == []
    variable = keras.Variable(-1.0, trainable=False)
    callback = keras_ae.callbacks.VariableSchedule(variable, lambda step: float(step))
    model.fit(resumed.stream(0, 3), shuffle=False, verbose=0, callbacks=[callback])
    assert float(variable.numpy()) == 2.0  # set before the third step


@pytest.mark.thorough
def test_a_schedule_goes_on_where_it_was(tmp_path):
    def train(directory, interrupt=None):
        model = resumed.two_objectives(mode="joint")
        ramp = keras_ae.callbacks.VariableSchedule(model.joint_weights.local, schedules.linear(0.0, 1.0, 9))
        return resumed.train(model, directory, [ramp], interrupt)

    with pytest.raises(resumed.Interrupted):
        train(tmp_path / "killed", resumed.Interrupt("on_train_batch_begin", 7))
    resumed.assert_same(train(tmp_path / "killed"), train(tmp_path / "alone"))


def test_what_is_no_variable_or_no_schedule_is_refused():
    beta = variational().bottleneck.schedulable.beta
    with pytest.raises(InputError, match=r"1.0 to schedule; expected a variable"):
        keras_ae.callbacks.VariableSchedule(1.0, schedules.linear(0.0, 1.0, steps=5))
    with pytest.raises(InputError, match="a function of the number of steps"):
        keras_ae.callbacks.VariableSchedule(beta, 0.5)

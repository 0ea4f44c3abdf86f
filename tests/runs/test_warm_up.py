"""Penalties that rise: which number of which bottleneck, how far, and that a resumed run goes on with it."""

import keras
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, RunDirectory, TrainingConfig, train
from keras_ae.runs.history import RunHistory
from keras_ae.runs.warm_up import penalty_warm_ups

pytestmark = pytest.mark.tensorflow


def _config(bottleneck="capacity_controlled", **training):
    options = {"steps": 12, "evaluations": 3, "learning_rate": 5e-3, "jit_compile": "no", "steps_per_execution": 1}
    model = ModelConfig("window_autoencoder", "4", bottleneck, ("bottleneck.seed=1",))
    options |= {"penalty_warmup_steps": 8, "loss": "sum_squared_error", "checkpoint_steps": 1}
    return RunConfig(DataConfig("digits", limit=200), model, TrainingConfig(**options | training))


def _watched(variable):
    """A callback that notes a variable after each step."""
    seen = []
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(float(variable)))
    return seen, note


@pytest.mark.parametrize(
    ("bottleneck", "name", "highest"), [("capacity_controlled", "capacity", 25.0), ("variational", "beta", 1.0)]
)
def test_it_rises_linearly_to_its_value(bottleneck, name, highest):
    model = kae.architectures.window_autoencoder((2, 2, 1), (3,), bottleneck=bottleneck)
    model.compile("adam", "mse", jit_compile=False, steps_per_execution=1)
    seen, watch = _watched(getattr(model.bottleneck.schedulable, name))
    images = keras.ops.zeros((6, 2, 2, 1))
    model.fit(images, batch_size=1, epochs=1, verbose=0, callbacks=[*penalty_warm_ups(model, 4), watch])
    assert seen == pytest.approx([highest * part for part in (0, 0.25, 0.5, 0.75, 1, 1)])


def test_each_lea_has_its_own():
    model = kae.architectures.cnn_lea(
        (8, 8, 1), (3,), 2, window=2, strides=2, filters=(2, 2), units=4, bottleneck="capacity_controlled"
    )
    found = penalty_warm_ups(model, 10)
    variables = [model.get_layer(name).autoencoder.bottleneck.schedulable.capacity for name in ("lea1", "lea2")]
    assert {id(warm_up.variable) for warm_up in found} == set(map(id, variables))
    assert penalty_warm_ups(model, 0) == []


def test_what_cannot_rise_is_refused(tmp_path):
    training = TrainingConfig(penalty_warmup_steps=8)
    dense = RunConfig(DataConfig("digits", limit=200), ModelConfig("window_autoencoder", "4"), training)
    with pytest.raises(InputError, match=r"penalty_warmup_steps 8 .* variational or capacity_controlled"):
        train(dense, tmp_path / "run", progress=False)
    with pytest.raises(InputError, match="penalty_warmup_steps -1"):
        TrainingConfig(penalty_warmup_steps=-1)


def _outcome(run):
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in run.directory.history()]
    return rows, [array.tobytes() for array in keras.saving.load_model(run.directory.model_path).get_weights()]


@pytest.mark.slow
def test_a_run_killed_while_it_rises_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    undisturbed = train(_config(), tmp_path / "undisturbed", progress=False)
    record = undisturbed.directory.read("run")
    assert record["config"]["training"]["penalty_warmup_steps"] == 8
    rows = undisturbed.directory.history()
    pixels = 8 * 8
    assert rows[-1]["val_loss"] > pixels * rows[-1]["val_mse"]  # a sum over pixels, and the divergence

    class Interrupted(Exception):  # noqa: N818
        pass

    def interrupted(self, epoch, logs=None):
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(RunHistory, "on_epoch_end", interrupted)
        with pytest.raises(Interrupted):
            train(_config(), tmp_path / "run", progress=False)
    assert not RunDirectory(tmp_path / "run").is_finished
    assert _outcome(train(_config(), tmp_path / "run", resume=True, progress=False)) == _outcome(undisturbed)

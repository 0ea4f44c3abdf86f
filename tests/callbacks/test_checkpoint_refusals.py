"""Training does not go on where it would come to other bits: damage, other conditions, another training."""

import shutil

import keras
import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.callbacks import Checkpoint, checkpoint

pytestmark = pytest.mark.tensorflow
resumed = pytest.importorskip("resumed_training", exc_type=ImportError)


@pytest.fixture(scope="module")
def two_checkpoints(tmp_path_factory):
    directory = tmp_path_factory.mktemp("interrupted")
    with pytest.raises(resumed.Interrupted):
        resumed.train(resumed.classifier(), directory, interrupt=resumed.Interrupt("on_train_batch_begin", 3))
    assert len(list(directory.iterdir())) == 2
    return directory


@pytest.fixture
def interrupted(two_checkpoints, tmp_path):
    """A directory with two checkpoints, after one step and after two."""
    return shutil.copytree(two_checkpoints, tmp_path / "interrupted")


@pytest.mark.thorough
def test_a_damaged_checkpoint_is_told_once_and_the_one_before_it_used(interrupted, tmp_path, caplog):
    newest = max(interrupted.iterdir())
    content = bytearray(newest.read_bytes())
    content[-5] ^= 1
    newest.write_bytes(content)
    alone = resumed.train(resumed.classifier(), tmp_path / "alone")
    resumed.assert_same(resumed.train(resumed.classifier(), interrupted), alone)
    assert [record.message for record in caplog.records if "damaged" in record.message] == [
        f"{newest} is damaged; going on from the one before it"
    ]


def test_without_a_sound_checkpoint_nothing_is_guessed(interrupted):
    for path in interrupted.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"every checkpoint is damaged.*remove the directory"):
        resumed.train(resumed.classifier(), interrupted)
    assert len(list(interrupted.iterdir())) == 2


@pytest.mark.parametrize(
    "name",
    [
        *("python", "keras", "tensorflow", "numpy", "keras-ae", "device", "precision", "TF_ENABLE_ONEDNN_OPTS"),
        *("threads within an operation", "threads between operations"),
    ],
)
def test_other_conditions_are_refused_by_name(name, interrupted, monkeypatch):
    conditions = checkpoint.conditions
    monkeypatch.setattr(checkpoint, "conditions", lambda model: conditions(model) | {name: "another"})
    with pytest.raises(InputError, match=f"{name} another; expected .*--allow-inexact"):
        resumed.train(resumed.classifier(), interrupted)


def test_another_compilation_is_refused(interrupted):
    with pytest.raises(InputError, match="jit_compile True; expected False"):
        resumed.train(resumed.classifier(jit_compile=True), interrupted)


def test_other_threads_are_seen(monkeypatch):
    model = resumed.classifier()
    before = checkpoint.conditions(model)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "7")
    assert checkpoint.differences(before, checkpoint.conditions(model)) == [
        ("threads within an operation", before["threads within an operation"], 7)
    ]


def test_allow_inexact_goes_on_and_remembers(interrupted, monkeypatch):
    conditions = checkpoint.conditions
    monkeypatch.setattr(checkpoint, "conditions", lambda model: conditions(model) | {"numpy": "3"})
    going_on = {"steps": 1, "minutes": None, "allow_inexact": True}
    last = resumed.Interrupt("on_train_batch_begin", 2)
    with pytest.raises(resumed.Interrupted):
        resumed.train(resumed.classifier(), interrupted, interrupt=last, **going_on)
    again = Checkpoint(interrupted, steps=1, minutes=None)
    again.fit(resumed.classifier(), resumed.stream, epochs=1, steps_per_epoch=resumed.STEPS)
    assert again.inexact == (f"numpy: {np.__version__}, then 3",)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ({"units": 3}, {}, "a model whose model variables"),
        ({"optimizer": "sgd"}, {}, "a model whose optimizers variables"),
        ({}, {"steps_per_epoch": 5}, "steps_per_epoch=5; expected 4"),
        (
            {},
            {"callbacks": [keras.callbacks.EarlyStopping()]},
            "callbacks EarlyStopping, History; expected History",
        ),
        ({"steps_per_execution": 3}, {}, "a multiple of steps_per_execution=3"),
    ],
)
def test_another_training_is_refused(model, options, message, interrupted):
    if isinstance(model.get("optimizer"), str):
        model = {"optimizer": keras.optimizers.get(model["optimizer"])}
    options = {"epochs": 2, "steps_per_epoch": 4} | options
    with pytest.raises(InputError, match=message):
        Checkpoint(interrupted).fit(resumed.classifier(**model), resumed.stream, **options)


def test_plain_fit_saves_and_refuses_to_mix_trainings(tmp_path):
    saving = Checkpoint(tmp_path, steps=1, minutes=None)
    with pytest.raises(resumed.Interrupted):
        resumed.classifier().fit(
            resumed.stream(0),
            epochs=resumed.EPOCHS,
            steps_per_epoch=resumed.STEPS,
            callbacks=[resumed.Interrupt("on_train_batch_begin", 7), saving],
            shuffle=False,
            verbose=0,
        )
    assert saving.exists
    with pytest.raises(InputError, match=r"go on with `Checkpoint.fit`"):
        resumed.classifier().fit(
            resumed.stream(0), steps_per_epoch=4, shuffle=False, callbacks=[Checkpoint(tmp_path)]
        )


def test_batches_in_the_place_of_a_pipeline_are_refused(tmp_path):
    with pytest.raises(InputError, match="a list as pipeline; expected a function"):
        Checkpoint(tmp_path).fit(resumed.classifier(), [], epochs=1, steps_per_epoch=1)

"""Training interrupted wherever it can be goes on to the same bits; what would lead to others is refused."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import keras
import numpy as np
import pytest

from keras_ae.callbacks import Checkpoint, checkpoint
from keras_ae.errors import InputError

pytestmark = pytest.mark.tensorflow
resumed = pytest.importorskip("resumed_training", exc_type=ImportError)
SLOW = pytest.mark.slow


def stopping():
    """Callbacks that remember: one ends training after the second epoch, one changes the learning rate then."""
    early = keras.callbacks.EarlyStopping("val_loss", patience=1, min_delta=10.0, restore_best_weights=True)
    return [early, keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=10.0)]


TRAININGS = {
    "dropout": (resumed.classifier, list),
    "two optimizers": (resumed.two_objectives, list),
    "several steps a call": (lambda: resumed.classifier(steps_per_execution=2, jit_compile=True), list),
    "averaged weights": (lambda: resumed.classifier(optimizer=keras.optimizers.Adam(0.01, use_ema=True)), list),
    "early stopping": (resumed.classifier, stopping),
}
MOMENTS = {
    "before any step": ("on_train_batch_begin", 1),
    "within an epoch": ("on_train_batch_begin", 6),  # the second one, or with two steps a call the third
    "in validation": ("on_test_batch_begin", 2),
    "at an epoch's end": ("on_epoch_end", 1),
    "as training ends": ("on_train_end", 1),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The outcome of each training left alone, made when it is first asked for."""
    found = {}

    def of(name):
        if name not in found:
            model, callbacks = TRAININGS[name]
            found[name] = resumed.train(model(), tmp_path_factory.mktemp("alone"), callbacks())
        return found[name]

    return of


FAST = [("dropout", moment) for moment in MOMENTS] + [(name, "within an epoch") for name in list(TRAININGS)[1:]]
FAST.append(("early stopping", "as training ends"))
ALL = [
    pytest.param(name, moment, marks=[] if (name, moment) in FAST else [SLOW])
    for name in TRAININGS
    for moment in MOMENTS
]


@pytest.mark.parametrize(("name", "moment"), ALL)
def test_an_interrupted_training_ends_with_the_same_bits(name, moment, undisturbed, tmp_path):
    model, callbacks = TRAININGS[name]
    with pytest.raises(resumed.Interrupted):
        resumed.train(model(), tmp_path, callbacks(), resumed.Interrupt(*MOMENTS[moment]))
    with contextlib.suppress(resumed.Interrupted):  # Soon after going on, if training goes on at all.
        resumed.train(model(), tmp_path, callbacks(), resumed.Interrupt("on_train_batch_begin", 2))
    resumed.assert_same(resumed.train(model(), tmp_path, callbacks()), undisturbed(name))


def test_the_early_stopping_above_does_stop_early(undisturbed):
    _, logs = undisturbed("early stopping")
    assert len(logs["loss"]) == 2 < resumed.EPOCHS


def test_a_training_is_one_to_its_callbacks(tmp_path):
    """Though `fit` is called twice: nothing ends in between, and batches have their numbers in the epoch."""

    class Watch(keras.callbacks.Callback):
        seen: ClassVar = []

        def on_train_begin(self, logs=None):
            self.seen.append("begin")

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append(batch)

        def on_train_end(self, logs=None):
            self.seen.append("end")

    with pytest.raises(resumed.Interrupted):
        resumed.train(resumed.classifier(), tmp_path, interrupt=resumed.Interrupt("on_train_batch_begin", 3))
    resumed.train(resumed.classifier(), tmp_path, [Watch()])
    assert Watch.seen == ["begin", 2, 3, *range(4), *range(4), "end"]


def test_an_interrupted_write_leaves_the_checkpoint_before_it(undisturbed, tmp_path, monkeypatch):
    replace, left = os.replace, [3]

    def interrupted(source, target):
        left[0] -= 1
        if left[0] == 0:
            raise resumed.Interrupted
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("keras_ae.files.os.replace", interrupted)
        with pytest.raises(resumed.Interrupted):
            resumed.train(resumed.classifier(), tmp_path)
    (tmp_path / ".unfinished-abc.checkpoint").write_bytes(b"half")  # as SIGKILL leaves it
    resumed.assert_same(resumed.train(resumed.classifier(), tmp_path), undisturbed("dropout"))
    assert all(path.suffix == ".checkpoint" and path.name[0] != "." for path in tmp_path.iterdir())


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


def test_a_damaged_checkpoint_is_told_once_and_the_one_before_it_used(interrupted, undisturbed, caplog):
    newest = max(interrupted.iterdir())
    content = bytearray(newest.read_bytes())
    content[-5] ^= 1
    newest.write_bytes(content)
    resumed.assert_same(resumed.train(resumed.classifier(), interrupted), undisturbed("dropout"))
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


@pytest.mark.parametrize(
    ("options", "saved"),
    [
        ({"steps": None, "minutes": None}, 0),
        ({"steps": None, "minutes": 1000.0}, 0),
        pytest.param({"steps": None, "minutes": 1e-9}, 2, marks=pytest.mark.slow),
        ({"steps": 12, "minutes": None}, 1),
        ({"steps": 13, "minutes": None}, 0),
    ],
)
def test_steps_and_minutes_say_when(options, saved, tmp_path):
    resumed.train(resumed.classifier(), tmp_path, **options)
    assert len(list(tmp_path.iterdir())) == saved


ON_TWO_DEVICES = """
import sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import resumed_training as resumed

def train(directory, interrupt=None):
    with strategy.scope():
        model = resumed.classifier()
    return resumed.train(model, directory, interrupt=interrupt)

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
alone = train(sys.argv[1])
try:
    train(sys.argv[2], resumed.Interrupt("on_train_batch_begin", 6))
except resumed.Interrupted:
    resumed.assert_same(train(sys.argv[2]), alone)
    print("the same")
"""


@SLOW
def test_two_replicas_go_on_to_the_same_bits(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", ON_TWO_DEVICES, str(tmp_path / "alone"), str(tmp_path / "killed")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "the same", done.stderr

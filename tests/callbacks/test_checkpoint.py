"""Training interrupted wherever it can be goes on to the same bits."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import keras
import pytest

import keras_ae
from keras_ae.callbacks import Checkpoint

tf = pytest.importorskip("tensorflow")
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


@pytest.mark.thorough
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


def test_models_are_saved_at_the_same_batches_after_an_interruption(tmp_path):
    def saving(name):
        path = tmp_path / name / "{epoch}-{batch}.weights.h5"
        return [keras.callbacks.ModelCheckpoint(path, save_weights_only=True, save_freq=3)]

    interrupt = resumed.Interrupt("on_train_batch_begin", 6)
    with pytest.raises(resumed.Interrupted):
        resumed.train(resumed.classifier(), tmp_path / "checkpoint", saving("resumed"), interrupt)
    resumed.train(resumed.classifier(), tmp_path / "checkpoint", saving("resumed"))
    resumed.train(resumed.classifier(), tmp_path / "alone", saving("undisturbed"))
    names = [{file.name for file in (tmp_path / name).iterdir()} for name in ("resumed", "undisturbed")]
    assert names[0] == names[1] == {f"{name}.weights.h5" for name in ("1-3", "2-2", "3-1", "3-4")}


def test_an_interrupted_write_leaves_the_checkpoint_before_it(undisturbed, tmp_path, monkeypatch):
    replace, left = os.replace, [3]

    def interrupted(source, target):
        left[0] -= 1
        if left[0] == 0:
            raise resumed.Interrupted
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("keras_ae._support.files.os.replace", interrupted)
        with pytest.raises(resumed.Interrupted):
            resumed.train(resumed.classifier(), tmp_path)
    (tmp_path / ".unfinished-abc.checkpoint").write_bytes(b"half")  # as SIGKILL leaves it
    resumed.assert_same(resumed.train(resumed.classifier(), tmp_path), undisturbed("dropout"))
    assert all(path.suffix == ".checkpoint" and path.name[0] != "." for path in tmp_path.iterdir())


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


def test_a_call_does_not_run_past_the_end_of_an_epoch(tmp_path):
    model = keras_ae.architectures.fully_connected((2, 2, 1), (2,), hidden=(3,))
    model.compile(jit_compile=False)  # 50 steps a call
    images = tf.data.Dataset.from_tensors(tf.zeros((8, 2, 2, 1))).repeat()
    Checkpoint(tmp_path, steps=1).fit(model, lambda steps: images, epochs=2, steps_per_epoch=6)
    assert int(model.optimizer.iterations) == 12


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

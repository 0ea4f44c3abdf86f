"""Runs that were interrupted go on to what undisturbed ones end with; runs that stop early; what is refused."""

import json
import resource
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_ae import cli
from keras_ae._support.errors import InputError
from keras_ae.callbacks import checkpoint
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, RunDirectory, TrainingConfig, export_run, train
from keras_ae.runs.history import RunHistory

pytestmark = [pytest.mark.tensorflow, pytest.mark.thorough]


class Interrupted(Exception):  # noqa: N818
    """Stands for a kill: nothing that comes after it is done."""


def _config(data=None, **training):
    options = {"steps": 12, "evaluations": 3, "learning_rate": 5e-3, "jit_compile": "no", "steps_per_execution": 1}
    data = data or DataConfig("digits", limit=300)
    model = ModelConfig("fully_connected", "4", options=("hidden=(16,)",))
    return RunConfig(data, model, TrainingConfig(**options | {"checkpoint_steps": 1} | training))


def _train(path, config=None, **options):
    return train(config or _config(), path, progress=False, **options)


def _outcome(run):
    """All that a run leaves but the times."""
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in run.directory.history()]
    metrics = json.loads((run.directory.path / "metrics.json").read_text())
    metrics = {key: value for key, value in metrics.items() if "seconds" not in key}
    saved = keras.saving.load_model(run.directory.model_path)
    weights = [*saved.get_weights(), *(v.numpy() for v in saved.optimizer.variables)]
    return rows, metrics, [array.tobytes() for array in weights]


def _interrupt(monkeypatch, owner, name, n):
    """Let the n-th call of a method fail, and everything after it."""
    method, left = getattr(owner, name), [n]

    def interrupted(*arguments, **keywords):
        left[0] -= 1
        if left[0] <= 0:
            raise Interrupted
        return method(*arguments, **keywords)

    monkeypatch.setattr(owner, name, interrupted)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return _train(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """A run that was killed in its second evaluation."""
    with monkeypatch.context() as patch:
        _interrupt(patch, RunHistory, "on_epoch_end", 2)
        with pytest.raises(Interrupted):
            _train(tmp_path / "run")
    return tmp_path / "run"


WRITES = {
    "before the first file": ("write_json", 1),
    "before the environment": ("write_json", 3),
    "before the model": ("save_model", 1),
    "before the measurements": ("write_json", 4),
    "before the checkpoint is removed": ("remove", 1),
}


@pytest.mark.parametrize("moment", WRITES)
def test_a_run_killed_while_it_writes_goes_on(moment, undisturbed, tmp_path, monkeypatch):
    from keras_ae.runs import directory as run_directory

    name, n = WRITES[moment]
    owners = {"write_json": run_directory, "save_model": RunDirectory, "remove": checkpoint.Checkpoint}
    with monkeypatch.context() as patch:
        _interrupt(patch, owners[name], name, n)
        with pytest.raises(Interrupted):
            _train(tmp_path / "run")
    (tmp_path / "run").mkdir(exist_ok=True)
    (tmp_path / "run" / ".unfinished-abc.json").touch()  # as SIGKILL leaves it
    assert _outcome(_train(tmp_path / "run", resume=True)) == _outcome(undisturbed)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        *("run.json", "environment.json", "history.csv", "metrics.json", "model.keras", "logs")
    }


def test_an_unfinished_run_is_gone_on_with_only_when_asked(interrupted, undisturbed):
    with pytest.raises(InputError, match=r"an unfinished run.*--resume.*or remove the directory"):
        _train(interrupted)
    rows = RunDirectory(interrupted).history()
    assert _outcome(_train(interrupted, resume=True)) == _outcome(undisturbed)
    assert RunDirectory(interrupted).history()[0] == rows[0]  # its time too: it was not trained again
    assert not (interrupted / "checkpoint").exists()


def test_a_run_without_a_checkpoint_starts_again(undisturbed, tmp_path, monkeypatch):
    config = _config(checkpoint_steps=None)
    with monkeypatch.context() as patch:
        _interrupt(patch, RunHistory, "on_epoch_end", 2)
        with pytest.raises(Interrupted):
            _train(tmp_path / "run", config)
    assert _outcome(_train(tmp_path / "run", config)) == _outcome(undisturbed)


def test_other_conditions_are_refused_unless_allowed(interrupted, monkeypatch):
    conditions = checkpoint.conditions
    monkeypatch.setattr(checkpoint, "conditions", lambda model: conditions(model) | {"keras": "4.0"})
    with pytest.raises(InputError, match=r"keras 4.0; expected 3"):
        _train(interrupted, resume=True)
    run = _train(interrupted, resume=True, allow_inexact=True)
    assert run.metrics["resumed_inexactly"] == [f"keras: {keras.__version__}, then 4.0"]


def test_other_images_and_settings_are_refused(interrupted):
    with pytest.raises(InputError, match=r"config.training.schedule 'cosine'"):
        _train(interrupted, _config(schedule="cosine"), resume=True)
    with pytest.raises(InputError, match=r"config.data.limit 200"):
        _train(interrupted, _config(DataConfig("digits", limit=200)), resume=True)


@pytest.mark.slow
def test_patience_stops_early_and_keeps_the_best(tmp_path):
    run = _train(tmp_path / "run", _config(steps=400, evaluations=100, patience=2, learning_rate=0.1))
    rows = run.directory.history()
    losses = [row["val_loss"] for row in rows]
    best = int(np.argmin(losses))
    assert len(rows) < 100
    assert best == len(rows) - 3  # two evaluations were not better
    assert run.metrics["steps"] == rows[-1]["step"] == 4 * len(rows)
    assert run.metrics["best_step"] == rows[best]["step"]
    stopped_by = run.load_data().images("validation")[::2]
    assert np.mean(_squared_errors(run.model, stopped_by)) == pytest.approx(losses[best], rel=1e-4)


def test_a_threshold_is_not_set_by_images_that_training_stopped_by(tmp_path):
    """Of a run of mixed precision it is set in float32, as is exported."""
    config = _config(
        DataConfig("digits", limit=300, validation_fraction=0.2), patience=1, precision="mixed_bfloat16"
    )
    run = _train(tmp_path / "run", config)
    exported = export_run(tmp_path / "run", tmp_path / "out", score="mse", false_positive_rate=0.3)
    assert exported.promise.calibration_images == 30
    exact = config.model.build((8, 8, 1))
    exact.set_weights(run.model.get_weights())
    scores = _squared_errors(exact, run.load_data().images("validation")[1::2])
    assert exported.promise.threshold == pytest.approx(np.sort(scores)[21], rel=1e-5)  # ⌈31 · 0.7⌉ = 22
    parity = exported.parity
    decided = {name for name in parity if name.startswith("predict")}
    assert max(parity[name].difference for name in {*parity} - decided) < 1e-5
    # The images that were compared set the threshold, too: rounding may move a p-value by one of the thirty.
    assert max(parity[name].difference for name in decided) < 1 / 31 + 1e-5


def _squared_errors(model, images):
    return np.mean(np.square(images - model.predict(images, verbose=0)), axis=(1, 2, 3))


def test_patience_needs_validation_images(tmp_path):
    with pytest.raises(InputError, match="patience 2 without validation images"):
        _train(tmp_path / "run", _config(DataConfig("digits", validation_fraction=0.0), patience=2))


def test_a_run_tells_the_steps_it_made(undisturbed):
    assert undisturbed.metrics["steps"] == 12
    assert "best_step" not in undisturbed.metrics


def test_the_schedule_reaches_the_optimizer(tmp_path):
    run = _train(tmp_path / "run", _config(schedule="piecewise", decay_at=(4,), warmup_steps=2))
    rates = run.model.optimizer.get_config()["learning_rate"]
    schedule = keras.saving.deserialize_keras_object(rates)
    assert [float(schedule(step)) for step in range(6)] == pytest.approx(
        [5e-3 / 3, 1e-2 / 3, 5e-3, 5e-3, 5e-4, 5e-4]
    )


FULL_DISK = [
    *("train", "--data", "digits", "--limit", "200", "--architecture", "fully_connected", "--code", "8"),
    *("--steps", "12", "--evaluations", "3", "--checkpoint-steps", "1", "--patience", "3", "--jit-compile", "no"),
    *("--steps-per-execution", "1", "--json"),
]


@pytest.mark.slow
def test_a_disk_that_fills_up_leaves_the_last_good_checkpoint(tmp_path, capsys):
    """With the first evaluation the best weights come into the checkpoint, which then exceeds the limit."""

    def trained(out, *more):
        assert cli.main([*FULL_DISK, "--out", str(out), *more]) == 0
        metrics = json.loads(capsys.readouterr().out)
        return {key: value for key, value in metrics.items() if "seconds" not in key and key != "run"}

    alone = trained(tmp_path / "alone")
    limit = int(3.5 * 4 * alone["parameters"])
    full = subprocess.run(
        [sys.executable, "-m", "keras_ae", *FULL_DISK, "--out", str(tmp_path / "run")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert full.returncode == 2, full.stderr
    last = full.stderr.strip().splitlines()[-1]
    assert last.startswith(f"keras-ae: cannot write {tmp_path}/run/checkpoint/epoch-00000001-step-0000000000")
    assert "Traceback" not in full.stderr
    kept = sorted(path.name for path in (tmp_path / "run" / "checkpoint").iterdir())
    assert kept == [f"epoch-00000000-step-000000000{step}.checkpoint" for step in (2, 3)]
    assert trained(tmp_path / "run", "--resume") == alone

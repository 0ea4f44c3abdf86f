"""Runs: what they leave on disk, that they repeat, what they refuse."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.runs import (
    DataConfig,
    ModelConfig,
    RunConfig,
    TrainingConfig,
    TrainingDivergedError,
    evaluate_run,
    train,
)
from keras_ae.runs.fitting import MONITORED

pytestmark = pytest.mark.tensorflow


def _config(model=None, **training):
    training = {"steps": 12, "evaluations": 3, "learning_rate": 5e-3} | training
    model = model or ModelConfig("fully_connected", "4", options=("hidden=(16,)",))
    return RunConfig(DataConfig("digits"), model, TrainingConfig(**training))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(_config(), tmp_path_factory.mktemp("runs") / "run", progress=False)


@pytest.mark.thorough
def test_a_run_leaves_what_repeats_and_describes_it(run):
    path = run.directory.path
    assert {file.name for file in path.iterdir()} == {
        *("run.json", "environment.json", "history.csv", "metrics.json", "model.keras", "logs")
    }
    record = json.loads((path / "run.json").read_text())
    assert record["model"]["architecture"] == "fully_connected"
    assert record["model"]["keywords"]["hidden"] == [16]
    assert record["execution"] == {"jit_compile": True, "steps_per_execution": 4}
    assert set(record["data"]) == {"fingerprint", "image_shape", "sizes"}
    assert "keras" in json.loads((path / "environment.json").read_text())["packages"]


def test_the_history_has_a_row_an_evaluation_and_falls(run):
    rows = run.directory.history()
    assert [row["step"] for row in rows] == [4, 8, 12]
    assert rows[-1]["val_loss"] < rows[0]["val_loss"]
    assert run.metrics["final_loss"] == rows[-1]["loss"]


def test_the_metrics_are_those_of_the_saved_model(run):
    model = keras.saving.load_model(run.directory.model_path)
    data = _config().load_data(progress=False)
    images = data.images("test")
    expected = np.mean((model.predict(images, verbose=0) - images) ** 2)
    assert run.metrics["test"]["mse"] == pytest.approx(expected, rel=1e-4)
    assert run.metrics["test"]["images"] == len(images)
    assert run.metrics["parameters"] == model.count_params()
    assert (run.metrics["code_values"], run.metrics["compression"]) == (4, 4 / 64)


def test_evaluating_again_gives_the_same(run):
    again = evaluate_run(run.directory.path, progress=False)
    assert again["test"] == pytest.approx(run.metrics["test"])


@pytest.mark.thorough
def test_the_same_configuration_trains_the_same_bits(run, tmp_path):
    again = train(_config(), tmp_path / "again", progress=False)
    for a, b in zip(run.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    other = train(_config(seed=1), tmp_path / "other", progress=False)
    assert np.any(run.model.get_weights()[0] != other.model.get_weights()[0])


def test_a_finished_run_is_read_back_and_not_trained_again(run):
    before = run.directory.model_path.stat().st_mtime_ns
    again = train(_config(), run.directory.path, progress=False)
    assert again.metrics == run.metrics
    assert run.directory.model_path.stat().st_mtime_ns == before


def test_a_directory_of_another_run_is_refused(run):
    with pytest.raises(InputError, match=r"config.training.steps 24"):
        train(_config(steps=24), run.directory.path, progress=False)


@pytest.mark.thorough
def test_training_that_runs_away_leaves_no_result(tmp_path):
    model = ModelConfig("fully_connected", "4", options=("hidden=(16,)", "output_activation='linear'"))
    with pytest.raises(TrainingDivergedError, match="smaller learning rate"):
        train(_config(model, learning_rate=1e30), tmp_path / "run", progress=False)
    assert not (tmp_path / "run" / "metrics.json").exists()
    assert not (tmp_path / "run" / "model.keras").exists()


@pytest.mark.slow
def test_a_penalty_without_lower_bound_leaves_no_result(tmp_path):
    """Eq. 3 of the decorrelated-bottleneck paper as it is written."""
    model = ModelConfig("decorrelated", "8", options=("form='signed'", "alpha=10.0", "hidden=(16,)"))
    with pytest.raises(TrainingDivergedError, match="a penalty has no lower bound"):
        train(_config(model, steps=300, learning_rate=1e-2), tmp_path / "run", progress=False)
    assert not (tmp_path / "run" / "metrics.json").exists()


@pytest.mark.thorough
def test_mixed_precision_is_used_and_undone(tmp_path):
    run = train(_config(precision="mixed_bfloat16"), tmp_path / "run", progress=False)
    assert run.model.encoder.layers[-1].compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    assert np.isfinite(run.metrics["test"]["mse"])


def test_tensorboard_gets_scalars_and_reconstructions(run):
    import tensorflow as tf

    values = {}
    for file in run.directory.logs.rglob("*tfevents*"):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                values.setdefault(value.tag, []).append(value)
    assert {"epoch_loss", "reconstructions"} <= set(values)
    picture = tf.io.decode_png(values["reconstructions"][0].tensor.string_val[2])
    assert picture.shape[:2] == (2 * 8 + 1, 8 * 9 - 1)
    assert sum(file.stat().st_size for file in run.directory.logs.rglob("*") if file.is_file()) < 200_000


def test_two_processes_do_not_train_in_one_directory(run):
    with run.directory.locked(), pytest.raises(InputError, match="another process is training"):
        train(_config(), run.directory.path, progress=False)
    assert train(_config(), run.directory.path, progress=False).metrics == run.metrics


@pytest.mark.slow
def test_a_run_with_noise_learns_to_give_back_clean_images(tmp_path):
    run = train(_config(noise=0.3, steps=400, evaluations=2), tmp_path / "noisy", progress=False)
    data = _config().load_data(progress=False)
    noisy, clean = next(data.pipeline("test", noise=0.3, batch_size=data.sizes["test"]).as_numpy_iterator())
    expected = np.mean((run.model.predict(noisy, verbose=0) - clean) ** 2)
    assert run.metrics["test"]["mse"] == pytest.approx(expected, rel=0.05)  # the noise differs by batch
    assert run.metrics["test"]["mse"] < np.mean((noisy - clean) ** 2)
    assert evaluate_run(run.directory.path, progress=False)["test"]["mse"] == run.metrics["test"]["mse"]


@pytest.mark.thorough
def test_a_run_of_an_earlier_version_is_read_back(tmp_path):
    config = _config()
    train(config, tmp_path / "run", progress=False)
    path = tmp_path / "run" / "run.json"
    record = json.loads(path.read_text())
    del record["config"]["training"]["noise"]  # which that version did not have
    path.write_text(json.dumps(record))
    assert train(config, tmp_path / "run", progress=False).metrics
    with pytest.raises(InputError, match="noise"):
        train(_config(noise=0.1), tmp_path / "run", progress=False)


@pytest.mark.thorough
def test_the_projector_has_a_label_for_each_code_also_next_to_bad_files(tmp_path):
    """330 files, of which every ninth is damaged, streamed: more validation images than are shown."""
    for i in range(330):
        path = tmp_path / "images" / "ab"[i % 2] / f"{i:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(np.full((4, 4), i % 250, np.uint8))
        image.save(path) if i % 9 else path.write_bytes(b"damaged")
    source = f"folder:{tmp_path / 'images'}"
    data = kae.data.load(source, cache=False, skip_bad=True, validation_fraction=0.8, test_fraction=0.05)
    config = replace(_config(steps=3), data=DataConfig(source, skip_bad=True, validation_fraction=0.8))
    train(config, tmp_path / "run", data=data, progress=False)
    projector = tmp_path / "run" / "logs" / "projector"
    labels = np.loadtxt(projector / "labels.tsv", dtype=int)
    assert len(labels) == len(np.loadtxt(projector / "codes.tsv")) == MONITORED
    np.testing.assert_array_equal(labels, np.round(data.images("validation", MONITORED)[:, 0, 0, 0] * 255) % 2)

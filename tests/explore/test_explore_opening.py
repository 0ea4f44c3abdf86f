"""What a path stands for, and what is opened of it."""

import json
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

import keras_ae as kae
from keras_ae._support.directories import write_directory
from keras_ae._support.errors import InputError
from keras_ae.callbacks import LocalReconstructions
from keras_ae.explore import (
    Exploration,
    LocalExploration,
    bundled_model,
    find_sources,
    open_exploration,
    open_explorations,
)
from keras_ae.explore.exported import ExportedModel
from keras_ae.explore.images import explored_images
from keras_ae.explore.local import PICTURES
from keras_ae.explore.scoring import error_scoring
from keras_ae.export import autoencoder_endpoints, write_saved_model

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def opened_twice():
    return open_explorations([bundled_model(), bundled_model()], progress=False)


@pytest.fixture(scope="module")
def bundled(opened_twice):
    return opened_twice[0]


@pytest.fixture(scope="module")
def with_lea():
    """A classifier of 8 × 8 images whose first layer is a LEA of four windows."""
    lea = kae.layers.LocallyEmbeddedAutoencoder(kae.architectures.window_autoencoder((4, 4, 1), (3,)), name="lea")
    image = keras.Input((8, 8, 1))
    return keras.Model(image, keras.layers.Dense(10)(keras.layers.Flatten()(lea(image))))


def _run(directory, model):
    """A finished run on the digits with another model than its record's."""
    shutil.copytree(bundled_model(), directory)
    model.save(directory / "model.keras")
    return directory


def test_the_bundled_model_opens_with_all_that_the_pages_show(bundled):
    assert isinstance(bundled, Exploration)
    assert bundled.images.shown.shape == (359, 8, 8, 1)
    assert bundled.images.label_names == ("label",)
    assert list(bundled.densities) == ["standard_normal", "gaussian", "mixture"]
    assert 0.01 < bundled.scoring.threshold < 0.1
    metrics = json.loads((bundled_model() / "metrics.json").read_text())
    assert bundled.scores.mean() == pytest.approx(metrics["test"]["mse"], rel=1e-3)
    assert sum(each.active for each in bundled.variables) == 7
    assert bundled_model().stat().st_size < 500_000
    assert bundled.notes == ()


def test_sources_are_told_apart(tmp_path):
    bundle = bundled_model()
    assert [each.kind for each in find_sources(bundle)] == ["run"]
    assert [each.kind for each in find_sources(bundle / "model.keras")] == ["file"]
    for name in ("b", "a"):
        shutil.copytree(bundle, tmp_path / "comparison" / "candidates" / name)
    (tmp_path / "comparison" / "candidates" / "broken").mkdir()
    assert [each.name for each in find_sources(tmp_path / "comparison")] == ["a", "b"]
    shutil.copytree(bundle, tmp_path / "detect" / "run")
    (found,) = find_sources(tmp_path / "detect")
    assert (found.name, found.path, found.detector) == ("detect", tmp_path / "detect" / "run", None)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda path: None, "not there"),
        (lambda path: path.write_text("no model"), "a file"),
        (lambda path: path.mkdir(), "no trained model"),
        (lambda path: (path.mkdir(), shutil.copy(bundled_model() / "run.json", path)), "a finished run"),
    ],
    ids=["missing", "file", "empty", "unfinished"],
)
def test_what_has_no_model_is_refused(tmp_path, prepare, message):
    path = tmp_path / "it"
    prepare(path)
    with pytest.raises(InputError, match=message):
        find_sources(path)


def test_a_package_without_its_models_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_AE_MODELS", str(tmp_path / "saved_models"))
    with pytest.raises(InputError, match="give the directory of a run"):
        bundled_model()


def test_a_damaged_model_is_refused(tmp_path):
    (tmp_path / "model.keras").write_text("no model")
    with pytest.raises(InputError, match="save the model again"):
        open_exploration(tmp_path / "model.keras")


def test_a_classifier_without_a_lea_is_refused(tmp_path):
    plain = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)])
    with pytest.raises(InputError, match="without a locally embedded autoencoder"):
        open_exploration(_run(tmp_path / "classifier", plain), progress=False)


def test_a_file_opens_without_images_and_with_given_ones():
    bare = open_exploration(bundled_model() / "model.keras", progress=False)
    assert bare.images is None
    assert bare.scoring is None
    assert list(bare.densities) == ["standard_normal"]
    assert "--data" in bare.notes[0]
    given = open_exploration(bundled_model() / "model.keras", "digits", progress=False)
    assert given.images.source == "digits"


@pytest.mark.parametrize(("changed", "said"), [({"source": "folder:gone"}, "gone"), ({"channels": 3}, "8×8×3")])
def test_images_that_are_gone_or_others_leave_the_model_and_a_note(tmp_path, changed, said):
    run = tmp_path / "run"
    shutil.copytree(bundled_model(), run)
    record = json.loads((run / "run.json").read_text())
    record["config"]["data"] |= changed
    (run / "run.json").write_text(json.dumps(record))
    explored = open_exploration(run, progress=False)
    assert explored.images is None
    assert said in explored.notes[0]


def test_several_runs_share_their_images(opened_twice):
    assert opened_twice[0].images is opened_twice[1].images


@pytest.mark.slow
def test_an_exported_model_answers_as_the_run_does(tmp_path, bundled):
    detector = kae.AnomalyDetector(bundled.model, "mse").calibrate(bundled.images.calibration, 0.1)
    detector.export(tmp_path / "out")
    exported = open_exploration(tmp_path / "out", "digits", progress=False)
    image = bundled.images.shown[4]
    np.testing.assert_allclose(exported.encode(image), bundled.encode(image), atol=1e-5)
    np.testing.assert_allclose(exported.decode(bundled.codes[4]), bundled.decode(bundled.codes[4]), atol=1e-5)
    assert exported.scoring.threshold == pytest.approx(detector.threshold_)
    assert exported.scoring(image[None]) == pytest.approx(detector.anomaly_scores(image[None]), rel=1e-2)
    detector.save(tmp_path / "good" / "detector_keras")
    shutil.copytree(bundled_model(), tmp_path / "good" / "run")
    assert open_exploration(tmp_path / "good", progress=False).scoring.threshold == detector.threshold_


@pytest.mark.parametrize("damage", ["variables", "checksums", "none"])
def test_exported_autoencoders_are_compared_with_their_checksums(damage, tmp_path, bundled):
    write_saved_model(bundled.model, autoencoder_endpoints(bundled.model), tmp_path)
    if damage == "variables":
        file = tmp_path / "variables" / "variables.data-00000-of-00001"
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "checksums":
        (tmp_path / "checksums.json").unlink()
    if damage == "none":
        assert ExportedModel(tmp_path).card is None
    else:
        with pytest.raises(InputError, match=damage):
            ExportedModel(tmp_path)


def test_a_run_with_a_lea_shows_what_it_makes_of_an_image_and_made_of_others(tmp_path, with_lea):
    run = _run(tmp_path / "lea", with_lea)
    callback = LocalReconstructions(np.random.default_rng(0).random((3, 8, 8, 1)).astype("float32"), run / "logs")
    callback.set_model(with_lea)
    callback.set_params({"epochs": 2})
    callback.on_train_begin()
    for epoch in range(2):
        callback.on_epoch_end(epoch)
    callback.on_train_end()
    explored = open_exploration(run, progress=False)
    assert isinstance(explored, LocalExploration)
    assert explored.layers == ["lea"]
    found = explored.pictures("lea", explored.images.shown[:1])
    assert found.keys() == PICTURES.keys()
    made = explored.model.get_layer("lea").reconstruct(explored.images.shown[:1]).images
    expected = np.clip(np.asarray(made)[0], explored.images.shown[0].min(), explored.images.shown[0].max())
    np.testing.assert_allclose(found["reconstructions"][9:], expected / explored.images.shown[0].max(), atol=1e-5)
    assert [each.epoch for each in explored.epochs("lea")] == [0, 1]
    for each in explored.epochs("lea"):
        assert all(each.pictures[name].startswith(b"\x89PNG") for name in PICTURES)
    with pytest.raises(InputError, match="one of lea"):
        explored.pictures("lea2", explored.images.shown[:1])


def test_labels_stay_with_their_images_where_bad_files_are_left_out(tmp_path):
    for i in range(12):
        path = tmp_path / "ab"[i % 2] / f"{i:02}.png"
        path.parent.mkdir(exist_ok=True)
        image = Image.fromarray(np.full((4, 4), i, np.uint8))
        image.save(path) if i % 5 else path.write_bytes(b"damaged")
    images = explored_images(kae.data.load(f"folder:{tmp_path}", cache=False, skip_bad=True, test_fraction=0.6))
    np.testing.assert_array_equal(images.labels[:, 0], np.round(images.shown[:, 0, 0, 0] * 255) % 2)
    assert len(images.shown) == 5
    assert images.class_names == ("a", "b")


def test_no_threshold_is_set_by_images_that_the_model_was_trained_on(bundled):
    """Of 1,797 training images and none else there is no telling how many false alarms others would give."""
    alone = explored_images(kae.data.load("digits", test_fraction=0))
    assert (alone.split, len(alone.shown), len(alone.calibration)) == ("train", 1797, 0)
    scoring = error_scoring(bundled.model, alone.calibration)
    assert scoring.threshold is None
    assert scoring.origin.startswith("0 images that the model was not trained on are too few")
    assert scoring(alone.shown[:3]).shape == (3,)


def test_an_exported_model_whose_files_have_changed_is_refused_before_it_is_loaded(tmp_path):
    def write(path):
        (path / "saved_model.pb").write_bytes(b"nothing that TensorFlow would load")

    write_directory(tmp_path / "plain", write)
    (tmp_path / "plain" / "saved_model.pb").write_bytes(b"changed")
    with pytest.raises(InputError, match=r"saved_model\.pb of 7 bytes"):
        open_exploration(tmp_path / "plain", "digits", progress=False)

"""Detectors of features on the command line: from a folder to files, with maps that are made once."""

import json
import shutil

import keras
import numpy as np
import pytest
from spotted_parts import SIDE, make_spotted_parts

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.cli import main
from keras_ae.features import FeatureMaps
from keras_ae.runs.feature_cache import seen_by

pytestmark = [pytest.mark.tensorflow, pytest.mark.thorough]
MAPS = 4


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A folder of 80 noisy gray images and 12 with a bright spot, and a small network in a file."""
    root = tmp_path_factory.mktemp("parts")
    make_spotted_parts(root)
    return root


def _options(places, out) -> list[str]:
    size = ["--image-size", str(SIDE), str(SIDE), "--map-size", str(MAPS), "--feature-layers", "first", "second"]
    network = ["--features", str(places / "network.keras"), *size]
    return ["--data", f"folder:{places}", "--validation-fraction", "0.4", *network, "--out", str(out)]


@pytest.fixture(scope="module")
def trained(places, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "detector"
    assert main(["detect", "train", *_options(places, out)]) == 0
    return out


def test_a_folder_becomes_a_detector_of_features_that_scores_it(places, trained, tmp_path):
    card = json.loads((trained / "detector" / "card.json").read_text())
    assert card["score"]["name"] == "position_gaussian"
    assert card["about"]["measured"]["test_found"] == 12
    assert card["about"]["measured"]["test_roc_auc"] == 1.0
    assert (
        main(["score", str(trained / "detector"), str(places / "test"), "--out", str(tmp_path / "scores.csv")])
        == 0
    )
    rows = [line.split(",") for line in (tmp_path / "scores.csv").read_text().splitlines()[1:]]
    spots = [float(score) for file, score, *_ in rows if "spot" in file]
    assert min(spots) > card["threshold"]
    images = kae.data.load(f"folder:{places}", image_size=(SIDE, SIDE)).images("test")
    expected = kae.load_detector(trained / "detector_keras").anomaly_scores(images)
    np.testing.assert_allclose([float(score) for _, score, *_ in rows], expected, rtol=1e-4)


def test_an_autoencoder_of_features_is_configured_once(places, tmp_path):
    steps = ["--steps", "2", "--evaluations", "1", "--code", "3", "--score", "mse"]
    assert main(["detect", "train", *_options(places, tmp_path / "out"), *steps]) == 0
    options = kae.runs.Run.open(tmp_path / "out/run").config.model.options
    names = [option.partition("=")[0] for option in options]
    assert len(names) == len(set(names))
    assert "backbone" in names


def test_features_alone_are_shared(trained, tmp_path):
    shared = kae.runs.share_run(trained / "run", tmp_path / "shared")
    assert kae.runs.check_shared(shared).map_shape == (MAPS, MAPS, 14)
    card = (shared / "README.md").read_text()
    assert f", maps {MAPS} × {MAPS} × 14, " in card
    assert "**Training**: none;" in card
    assert not (shared / "history.csv").exists()
    assert "history.csv" not in card


@pytest.mark.parametrize(
    "given", ["--code 3", "--bottleneck dense", "--options filters=(8,)", "--steps 9", "--patience 2"]
)
def test_options_that_features_alone_do_without_are_refused(given, places, tmp_path, capsys):
    assert main(["detect", "train", *_options(places, tmp_path / "out"), *given.split()]) == 2
    error = capsys.readouterr().err
    assert f"received {given.split()[0]} with a score of features alone" in error
    assert error.count("\n") == 1


def test_maps_are_made_once_and_are_those_of_the_graph(places, trained, monkeypatch, capsys):
    def refuse(*_):
        raise AssertionError("maps were made anew")

    monkeypatch.setattr("keras_ae.runs.feature_cache._Cache._make", refuse)
    command = ["detect", "train", *_options(places, trained), "--score", "nearest_patches:max"]
    assert main([*command, "--formats", "savedmodel"]) == 0
    assert "anomalies found: 12 of 12" in capsys.readouterr().out
    run = kae.runs.Run.open(trained / "run")
    images = run.load_data(progress=False)
    maps = seen_by(run.model, images, trained / "run", progress=False)
    assert maps.image_shape == (MAPS, MAPS, 14)
    for split in ("train", "validation", "test"):
        np.testing.assert_allclose(maps.images(split), run.model(images.images(split)), atol=1e-4)
    streamed = np.concatenate(list(maps.pipeline("test").as_numpy_iterator()))
    np.testing.assert_array_equal(streamed, maps.images("test"))
    np.testing.assert_allclose(maps.images("train").mean((0, 1, 2)), 0, atol=1e-4)


def test_interrupted_maps_go_on_and_those_of_other_images_are_made_anew(places, trained, tmp_path):
    run, folder = kae.runs.Run.open(trained / "run"), tmp_path / "features"
    images = run.load_data(progress=False)
    whole = seen_by(run.model, images, trained / "run", progress=False).images("train")
    shutil.copytree(trained / "run" / "features", folder)
    state = json.loads((folder / "features.json").read_text())
    (folder / "features.json").write_text(json.dumps(state | {"done": {"train": 16}}))
    train = np.load(folder / "train.npy", mmap_mode="r+")
    train[16:] = np.nan
    train[:16] += 1  # maps that are there are not made again
    train.flush()
    again = seen_by(run.model, images, tmp_path, progress=False).images("train")
    deviation = np.asarray(run.model.deviation)
    np.testing.assert_allclose(again[:16], whole[:16] + 1 / deviation, atol=1e-4)
    np.testing.assert_allclose(again[16:], whole[16:], atol=1e-5)
    fewer = kae.data.load(f"folder:{places}", image_size=(SIDE, SIDE), limit=10)
    np.testing.assert_allclose(
        seen_by(run.model, fewer, tmp_path, progress=False).images("train"),
        run.model(fewer.images("train")),
        atol=1e-4,
    )


@pytest.mark.slow
def test_other_scores_train_an_autoencoder_of_the_features(places, tmp_path, capsys):
    linear = ["--architecture", "feature_autoencoder", "--code", "2", "--options", "hidden=False"]
    training = ["--score", "standardized_error:max", "--steps", "60", "--learning-rate", "0.01"]
    rest = ["--batch-size", "16", "--evaluations", "2", "--formats", "onnx", "litert"]
    command = ["detect", "train", *_options(places, tmp_path / "out"), *linear, *training, *rest]
    assert main(command) == 0
    assert "anomalies found: 12 of 12" in capsys.readouterr().out
    run = kae.runs.Run.open(tmp_path / "out" / "run")
    assert run.metrics["code_shape"] == [MAPS, MAPS, 2]
    maps = np.asarray(run.model.target(run.load_data(progress=False).images("test")))
    error = np.mean(np.square(np.asarray(run.model.reconstruct(maps)) - maps))
    assert run.metrics["test"]["mse"] == pytest.approx(error, rel=1e-3)
    assert error < 0.9  # of maps whose channels have a variance of 1
    assert {path.name for path in (tmp_path / "out" / "detector").iterdir()} >= {"score.onnx", "score.tflite"}


def test_maps_take_the_place_of_images_in_a_detector():
    pixels = keras.Input((8, 8, 3))
    halves = FeatureMaps(keras.Model(pixels, pixels), np.eye(3), np.zeros(3), (4, 4), channels=1)
    images = np.random.default_rng(0).random((60, 8, 8, 1)).astype("float32")
    maps = np.asarray(halves.adapt(images)(images))
    combined = "position_gaussian+nearest_patches"
    detector = kae.AnomalyDetector(halves, combined, holdout=0).fit(maps).calibrate(maps)
    others = np.random.default_rng(1).random((20, 8, 8, 1)).astype("float32")
    expected = detector.anomaly_scores(others)
    np.testing.assert_allclose(detector.anomaly_scores(halves(others)), expected, rtol=1e-3, atol=1e-3)
    with pytest.raises(InputError, match="feature maps with infinities"):
        detector.anomaly_scores(maps * np.inf)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"map_size": 16}, "map_size without a network"),
        ({"features": "mobilenet_v2"}, "mobilenet_v2 without its weights.*--feature-weights FILE"),
        ({"features": "mobilenet_v2", "feature_weights": "nowhere.h5"}, "nowhere.h5, which is not there"),
        ({"features": "nowhere.keras"}, "nowhere.keras, which is not there"),
        ({"features": "efficientnet_lite0", "map_neighbours": 2}, "odd number"),
        ({"features": "efficientnet_lite0", "map_size": 0}, "at least 1"),
    ],
)
def test_what_features_cannot_be_is_refused_before_anything_is_loaded(given, message):
    with pytest.raises(InputError, match=message):
        kae.runs.FeatureConfig(**given)


def test_codes_and_architectures_that_do_not_suit_features_are_refused():
    features = kae.runs.FeatureConfig("efficientnet_lite0", map_size=16)
    with pytest.raises(InputError, match="code 8x8x4 of maps of 16 x 16; expected 16x16xCHANNELS"):
        features.model(kae.runs.ModelConfig("strided", "8x8x4"), autoencoder=True)
    with pytest.raises(InputError, match="architecture convolutional with features"):
        features.model(kae.runs.ModelConfig("convolutional", "8x8x4"), autoencoder=True)
    assert features.data(kae.runs.DataConfig("folder:parts")).image_size == (256, 256)
    assert features.data(kae.runs.DataConfig("folder:parts", image_size=64)).image_size == (64, 64)


def test_losses_of_values_between_0_and_1_are_refused_for_features():
    model = kae.runs.ModelConfig("feature_autoencoder", "8x8x2", options=("layers=block_0", "weights=None"))
    config = kae.runs.RunConfig(kae.runs.DataConfig("digits"), model, kae.runs.TrainingConfig(loss="ssim"))
    from keras_ae.runs.tasks import compile_model

    with pytest.raises(InputError, match="loss ssim of features"):
        compile_model(config.model.build((32, 32, 1)), config.training)

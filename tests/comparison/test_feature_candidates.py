"""Autoencoders of features in a comparison: what is tried, from maps that are made once, and what is said."""

import numpy as np
import pytest
from PIL import Image
from spotted_parts import SIDE, make_spotted_parts

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae._support.packaged_networks import PackagedNetwork
from keras_ae.cli import main
from keras_ae.comparison import CompareConfig, Comparison, compare, search, write_comparison
from keras_ae.runs import DataConfig, TrainingConfig
from keras_ae.runs.feature_cache import _Cache

MAPS = 4


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Noisy gray images, some with a bright spot, and a small network in a file."""
    root = tmp_path_factory.mktemp("parts")
    make_spotted_parts(root)
    return root


def _config(places, **options):
    data = DataConfig(f"folder:{places}", image_size=(SIDE, SIDE), validation_fraction=0.4)
    training = TrainingConfig(steps=20, evaluations=1, batch_size=16, learning_rate=1e-2, jit_compile="no")
    network = {"features": str(places / "network.keras"), "map_size": MAPS, "feature_layers": ("first", "second")}
    return CompareConfig(data, training, "detect", **network, feature_codes=(4, 1), **options)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_features_of_several_code_sizes_are_compared_with_pixels(places, tmp_path, monkeypatch):
    made, make = [], _Cache._make
    monkeypatch.setattr(
        _Cache,
        "_make",
        lambda cache, *rest: (made.append(cache.folder.relative_to(tmp_path / "out")), make(cache, *rest)),
    )
    config = _config(places, codes=("3",))
    tried = [one for one in config.candidates((SIDE, SIDE, 1)) if one.family != "strided-variational"][1:]
    results = compare(config, tmp_path / "out", candidates=tried, progress=False)
    # Maps of the images once, and once those of the copies with simulated defects, which scores are chosen by.
    assert [str(folder) for folder in made] == ["features", "anomalies/chosen_by/features"]
    names = [one.name for one in results.trained]
    assert names[-2:] == ["feature_autoencoder-4x4x1", "feature_autoencoder-4x4x4"]
    assert names[:-2] == ["fully_connected-dense-3"]
    features = results["feature_autoencoder-4x4x4"]
    assert (features.code_values, features.compression) == (64, pytest.approx(64 / (16 * 14)))
    assert {name.partition(":")[0] for name in features.selection.roc_auc_by_score} == {
        "standardized_error",
        "mse",
    }
    assert features.outcome.roc_auc == 1.0
    run = kae.runs.Run.open(tmp_path / "out" / "candidates" / features.name)
    images = run.load_data(progress=False)
    maps = np.asarray(run.model.target(images.images("test")))
    error = np.mean(np.square(np.asarray(run.model.reconstruct(maps)) - maps))
    assert features.test.mse == pytest.approx(error, rel=1e-3)
    assert features.test.psnr is None
    alone = kae.AnomalyDetector(run.model.features, "position_gaussian", holdout=0).fit(images.train)
    normal, others = (images.images_at("test", images.labels("test") == label) for label in (0, 1))
    scores = [alone.anomaly_scores(each) for each in (normal, others)]
    assert features.outcome.features_alone == pytest.approx(kae.detection.measure_detection(*scores)["roc_auc"])
    assert Comparison.from_json(results.as_json()) == results
    page = write_comparison(tmp_path / "out").read_text()
    assert "Features without any bottleneck" in page
    assert Image.open(run.path / "figures" / "missed.png").size == (10 * 128 + 9, 3 * 128 + 2)
    assert not (run.path / "figures" / "reconstructions.png").exists()
    # What is exported takes the maps of the comparison.
    kae.runs.export_run(run.path, tmp_path / "detector", score=features.outcome.score, progress=False)
    assert len(made) == 2


def test_pixels_can_be_left_out_and_bottlenecks_named(places):
    config = _config(places, pixels=False, bottlenecks=("identity", "variational"))
    names = [one.name for one in config.candidates((SIDE, SIDE, 1))]
    assert names == [
        "feature_autoencoder-identity-4x4x1",
        "feature_autoencoder-identity-4x4x4",
        "feature_autoencoder-variational-4x4x1",
        "feature_autoencoder-variational-4x4x4",
    ]
    assert CompareConfig(
        DataConfig("folder:x"), purpose="detect", features="efficientnet_lite0"
    ).data.image_size == (
        256,
        256,
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"features": None}, "feature_layers without a network"),
        ({"features": None, "map_size": 32, "feature_layers": ()}, "codes of features without a network"),
        ({"feature_codes": (0,)}, r"feature_codes \[0\]"),
        ({"pixels": False, "codes": ("3",)}, "give --feature-codes"),
    ],
)
def test_options_that_do_not_go_together_are_refused(places, given, message):
    config = _config(places)
    options = {name: getattr(config.purpose, name) for name in ("features", "map_size", "feature_layers")}
    options |= {"feature_codes": (1,)} | given
    with pytest.raises(InputError, match=message):
        CompareConfig(config.data, config.training, "detect", **options).candidates((SIDE, SIDE, 1))


@pytest.mark.tensorflow
def test_without_its_weights_a_network_is_refused_in_one_line_before_anything_is_made(
    places, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(PackagedNetwork, "module", "no_package_of_this_name")
    command = ["compare", "--data", f"folder:{places}", "--image-size", "64", "64", "--purpose", "detect"]
    network = ["--features", "efficientnet_lite0", "--validation-fraction", "0.4", "--out", str(tmp_path / "out")]
    assert main([*command, *network]) == 2
    error = capsys.readouterr().err
    assert "pip install 'keras-ae[features]'" in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_a_search_proposes_no_features(places, tmp_path):
    pytest.importorskip("optuna")
    with pytest.raises(InputError, match="take compare, or leave out --features"):
        search(_config(places), tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()

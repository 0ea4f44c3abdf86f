"""A comparison to generate, end to end on the embedded digits."""

import json

import numpy as np
import pytest
from PIL import Image

from keras_ae.commands.compare import print_comparison
from keras_ae.density import load_density
from keras_ae.errors import InputError
from keras_ae.report import write_comparison
from keras_ae.studies import CompareConfig, DataConfig, TrainingConfig, compare

pytestmark = pytest.mark.tensorflow
FID = "fid[digits-classifier]"


@pytest.fixture(scope="module")
def config():
    """Of images whose sides do not divide by 4 only small dense networks are tried."""
    training = TrainingConfig(steps=4, evaluations=2)
    data = DataConfig("digits", limit=200, crop=(6, 6))
    return CompareConfig(data, training, "generate", ("2", "3"), extractor="digits-classifier", samples=40)


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    out = tmp_path_factory.mktemp("generation") / "out"
    return out, compare(config, out, progress=False)


def test_the_candidate_whose_samples_are_nearest_to_the_validation_images_is_recommended(finished):
    _, results = finished
    names = [row["name"] for row in results["candidates"]]
    assert names == ["fully_connected-dense-2", "fully_connected-dense-3"]
    nearest = min(results["candidates"], key=lambda row: row["validation"]["fid"])
    assert results["recommended"] == nearest["name"]
    assert "Fréchet" in results["rule"]


def test_the_columns_of_all_densities_and_of_reconstructions_are_there(finished):
    for row in finished[1]["candidates"]:
        columns = row["generation"]["columns"]
        distances = {name: columns[f"{name}_{FID}"] for name in ("standard_normal", "gaussian", "mixture")}
        assert row["generation"]["fid"] == min(distances.values()) == distances[row["generation"]["best"]]
        assert columns[f"reconstruction_{FID}"] > 0
        assert (columns["generated_images"], columns["real_images"]) == (40, 40)


def test_pictures_and_densities_of_every_candidate_are_left(finished):
    out, results = finished
    for row in results["candidates"]:
        path = out / "candidates" / row["name"]
        assert Image.open(path / "figures" / "samples.png").size == (10 * 7 - 1, 3 * 7 - 1)
        density = load_density(path / "densities" / f"{row['generation']['best']}.npz")
        assert np.isfinite(density.sample(3)).all()


def test_the_report_shows_samples_and_names_the_extractor(finished):
    out, results = finished
    page = write_comparison(out).read_text()
    for heading in ("validation FID", "mixture FID", "N(0, I) FID", "test reconstruction FID", "recall"):
        assert f"{heading} [digits-classifier]" in page
    assert "Recommended to generate" in page
    assert "<h2>Samples</h2>" in page
    assert page.count("<img") == 1 + 3 * len(results["candidates"]) + 2
    best = results["candidates"][0]["generation"]
    assert f"{best['fid']:.4g}" in page


def test_the_table_has_the_distances(finished, capsys):
    out, results = finished
    print_comparison(results, out / "report.html")
    printed = capsys.readouterr().out
    assert "val. FID" in printed
    assert f"{results['candidates'][0]['generation']['fid']:.4g}" in printed


def test_a_finished_one_is_read_back_also_with_a_record_of_an_earlier_version(finished, config):
    out, results = finished
    assert compare(config, out, progress=False) == json.loads(json.dumps(results))
    record = json.loads((out / "comparison.json").read_text())
    other = record | {"config": record["config"] | {"samples": 41}}
    (out / "comparison.json").write_text(json.dumps(other))
    with pytest.raises(InputError, match="samples"):
        compare(config, out, progress=False)


def test_an_extractor_that_is_not_there_is_refused_before_anything_is_trained(tmp_path):
    config = CompareConfig(DataConfig("digits", limit=200), purpose="generate", extractor="digit-classifier")
    with pytest.raises(InputError, match="digits-classifier"):
        compare(config, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="at least 2"):
        CompareConfig(DataConfig("digits"), samples=1)

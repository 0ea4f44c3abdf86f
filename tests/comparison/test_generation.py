"""A comparison to generate: its parts on images of known codes, and end to end on the embedded digits."""

import json
from dataclasses import asdict, dataclass
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

from keras_ae import data
from keras_ae._support.errors import InputError
from keras_ae.commands.compare import print_comparison
from keras_ae.comparison import CompareConfig, compare, open_comparison, write_comparison
from keras_ae.comparison.generate import DENSITY_NAMES, Generate, GenerationSelection
from keras_ae.comparison.samples import (
    candidate_densities,
    choose_density,
    measure_densities,
    samples_picture,
)
from keras_ae.density import ALL_DENSITIES, load_density
from keras_ae.runs import DataConfig, TrainingConfig

pytestmark = pytest.mark.tensorflow
slow = pytest.mark.slow  # what trains
FID = "fid[digits-classifier]"


def test_every_density_has_a_name_on_the_command_line_and_in_reports():
    assert set(DENSITY_NAMES) == set(ALL_DENSITIES)


class Halves:
    """An autoencoder of images of one row, whose code is the image's second half."""

    code_shape = (2,)

    def encode(self, images):
        return keras.ops.reshape(images, (-1, 4))[:, 2:]

    def decode(self, codes):
        return keras.ops.reshape(keras.ops.concatenate([codes, codes], axis=1), (-1, 1, 4, 1))

    def predict_on_batch(self, images):
        return keras.ops.convert_to_numpy(self.decode(self.encode(images)))


@dataclass
class _Comparison:
    recommended: str
    candidates: dict

    def __getitem__(self, name):
        return self.candidates[name]

    def errors(self):
        return {name: Generate().measured(one) for name, one in self.candidates.items()}


class Pixels:
    name = "pixels"

    def __call__(self, images):
        return images.reshape(len(images), -1)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "images.npz"
    halves = 0.5 + 0.1 * np.random.default_rng(0).normal(size=(200, 1, 2, 1)).astype("float32")
    np.savez(path, x=np.clip(np.concatenate([halves, halves], axis=2), 0, 1))
    return data.load(f"npz:{path}", validation_fraction=0.3, test_fraction=0.3, progress=False)


def test_densities_are_fitted_once_and_samples_measured(images, tmp_path):
    fitted = candidate_densities(Halves(), images, tmp_path)
    assert list(fitted) == ["standard_normal", "gaussian", "mixture"]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    again = candidate_densities(None, images, tmp_path)  # without a model: nothing is encoded anew
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    np.testing.assert_array_equal(again["gaussian"].means, fitted["gaussian"].means)
    selection = choose_density(Halves(), images, fitted, Pixels(), 30)
    assert selection.density in ("gaussian", "mixture")
    tested = measure_densities(Halves(), images, fitted, Pixels(), 30, selection.density)
    assert selection.fid < 0.1 * tested.value("standard_normal", "fid")
    assert tested.value("reconstruction", "fid") == pytest.approx(0, abs=1e-6)
    assert samples_picture(Halves(), fitted, 5).shape == (3 * 2 - 1, 5 * 5 - 1, 1)


def test_the_density_is_the_one_that_validation_chose_whatever_the_test_images_say(images, tmp_path):
    """A standard normal is the worst of all on the test images: had validation chosen it, it would be reported."""
    judge = Generate(extractor="pixels", samples=30)
    fitted = candidate_densities(Halves(), images, tmp_path)
    outcome = measure_densities(Halves(), images, fitted, Pixels(), 30, "standard_normal")
    distances = {name: outcome.value(name, "fid") for name in fitted}
    assert outcome.best == "standard_normal" != min(distances, key=distances.get)
    assert outcome.fid == distances["standard_normal"]
    candidate = SimpleNamespace(
        name="a", code_values=2, selection=GenerationSelection("standard_normal", 3.0), outcome=outcome
    )
    columns = {column.heading: column.cell(candidate) for column in judge.columns([candidate])}
    assert columns["density chosen"] == "N(0, I)"
    assert columns["KID [pixels]"] == f"{outcome.value('standard_normal', 'kid'):.4g}"
    assert "That density is N(0, I); on the test images" in judge.evidence(_Comparison("a", {"a": candidate}))
    assert "of the density with the lowest distance to the validation images" in judge.explanations([candidate])


@pytest.mark.filterwarnings("error:Fréchet distances")
def test_the_report_has_the_floor_and_says_once_that_images_are_too_few(images, tmp_path):
    fitted = candidate_densities(Halves(), images, tmp_path)
    outcome = measure_densities(Halves(), images, fitted, Pixels(), 30, "gaussian")
    candidate = SimpleNamespace(
        name="a", code_values=2, selection=GenerationSelection("gaussian", 3.0), outcome=outcome
    )
    columns = {column.heading: column.cell(candidate) for column in Generate().columns([candidate])}
    assert columns["real images FID [pixels]"] == f"{outcome.value('real', 'fid'):.4g}"
    text = Generate().explanations([candidate])
    assert text.count("distances of 30 images and 4 features are too long") == 1


def test_columns_of_the_report_are_by_source_and_extractor(images, tmp_path):
    fitted = candidate_densities(Halves(), images, tmp_path)
    outcome = measure_densities(Halves(), images, fitted, Pixels(), 3, "gaussian")
    candidate = SimpleNamespace(
        name="a", code_values=2, selection=GenerationSelection("gaussian", 3.0), outcome=outcome
    )
    columns = {column.heading: column.cell(candidate) for column in Generate().columns([candidate])}
    assert columns["validation FID [pixels]"] == "3"
    assert columns["recall [pixels]"] == ""  # of 3 images there is none
    assert float(columns["Gaussian FID [pixels]"]) > 0
    json.dumps(asdict(outcome), allow_nan=False)
    comparison = {"a": candidate}
    evidence = Generate().evidence(_Comparison(recommended="a", candidates=comparison))
    assert "3 samples" in evidence
    assert ": 3, by features of pixels" in evidence


@pytest.fixture(scope="module")
def config():
    """Of images whose sides do not divide by 4 only small dense networks are tried."""
    training = TrainingConfig(steps=4, evaluations=2, jit_compile="no", steps_per_execution=1)
    digits = DataConfig("digits", limit=200, crop=(6, 6))
    return CompareConfig(digits, training, "generate", ("2", "3"), extractor="digits-classifier", samples=40)


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    out = tmp_path_factory.mktemp("generation") / "out"
    return out, compare(config, out, progress=False)


@slow
def test_the_candidate_whose_samples_are_nearest_to_the_validation_images_is_recommended(finished):
    _, results = finished
    names = [candidate.name for candidate in results.trained]
    assert names == ["fully_connected-dense-2", "fully_connected-dense-3"]
    nearest = min(results.trained, key=lambda candidate: candidate.selection.fid)
    assert results.recommended == nearest.name
    assert "Fréchet" in results.as_json()["rule"]


@slow
def test_the_columns_of_all_densities_and_of_reconstructions_are_there(finished):
    for candidate in finished[1].trained:
        outcome, columns = candidate.outcome, candidate.outcome.columns
        distances = {name: columns[f"{name}_{FID}"] for name in ("standard_normal", "gaussian", "mixture")}
        assert outcome.best == candidate.selection.density
        assert outcome.fid == distances[outcome.best]
        assert columns[f"reconstruction_{FID}"] > 0
        assert (columns["generated_images"], columns["real_images"]) == (40, 40)


@slow
def test_pictures_and_densities_of_every_candidate_are_left(finished):
    out, results = finished
    for candidate in results.trained:
        path = out / "candidates" / candidate.name
        assert Image.open(path / "figures" / "samples.png").size == (10 * 7 - 1, 3 * 7 - 1)
        density = load_density(path / "densities" / f"{candidate.outcome.best}.npz")
        assert np.isfinite(density.sample(3)).all()


@slow
def test_the_report_shows_samples_and_names_the_extractor(finished):
    out, results = finished
    page = write_comparison(out).read_text()
    for heading in ("validation FID", "mixture FID", "N(0, I) FID", "test reconstruction FID", "recall"):
        assert f"{heading} [digits-classifier]" in page
    assert "Recommended to generate" in page
    assert "<h2>Samples</h2>" in page
    assert page.count("<img") == 1 + 3 * len(results.trained) + 2
    assert f"{results.trained[0].outcome.fid:.4g}" in page


@slow
def test_the_table_has_the_distances(finished, capsys):
    out, results = finished
    print_comparison(results, out / "report.html")
    printed = capsys.readouterr().out
    assert "val. FID" in printed
    assert f"{results.trained[0].outcome.fid:.4g}" in printed


@slow
def test_a_finished_one_is_read_back_also_with_a_record_of_an_earlier_version(finished, config):
    out, results = finished
    assert compare(config, out, progress=False) == open_comparison(out) == results
    record = json.loads((out / "comparison.json").read_text())
    flat = {name: value for name, value in record["config"].items() if name != "options"}
    flat |= {"samples": 40, "extractor": "digits-classifier", "false_positive_rate": 0.05}
    (out / "comparison.json").write_text(json.dumps(record | {"config": flat}))
    assert compare(config, out, progress=False) == results
    other = record | {"config": flat | {"samples": 41}}
    (out / "comparison.json").write_text(json.dumps(other))
    with pytest.raises(InputError, match="samples"):
        compare(config, out, progress=False)


def test_an_extractor_that_is_not_there_is_refused_before_anything_is_trained(tmp_path):
    config = CompareConfig(DataConfig("digits", limit=200), purpose="generate", extractor="digit-classifier")
    with pytest.raises(InputError, match="digits-classifier"):
        compare(config, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="at least 2"):
        CompareConfig(DataConfig("digits"), purpose="generate", samples=1)

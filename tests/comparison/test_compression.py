"""A comparison to compress: its candidates, its rule on made-up curves, and files of a small model."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from comparison.test_purpose import _candidate
from PIL import Image

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.catalogue import PURPOSES
from keras_ae.comparison import CompareConfig, Comparison, candidates, compression_judge
from keras_ae.comparison.codec_curves import CompressionOutcome, CompressionSelection, bd_rates, bytes_ratio
from keras_ae.comparison.compress import Compress
from keras_ae.comparison.records import ComparedImages
from keras_ae.evaluation import RateCurve, RatePoint
from keras_ae.runs import DataConfig, ModelConfig

WEBP = RateCurve("WebP", [RatePoint(q, rate, db, 0.9) for q, rate, db in ((0, 0.5, 30.0), (50, 1.0, 35.0))])
RATE = 0.5 * 2 ** (2 / 5)  # of WebP at 32 dB, by hand: ln(rate) is a straight line between two points


def _trained(code: str, weight: float, rate: float, decibels: float):
    """A candidate whose files have so many bits, on validation and on test images."""
    curve = RateCurve(code, [RatePoint(weight, rate, decibels, 0.9)])
    name = f"compressive-w{weight:g}-{code}"
    made = _candidate(name.replace(code, "8"), 10)
    model = ModelConfig("compressive", code, "entropy_coded", (f"bottleneck.weight={weight:g}",))
    selection = CompressionSelection(curve, WEBP, bytes_ratio(curve, WEBP))
    outcome = CompressionOutcome(curve, (WEBP,), ("AVIF",))
    return replace(made, name=name, model=model, selection=selection, outcome=outcome)


SMALL = [_trained("4x4x8", 1e-3, 0.9 * RATE, 32.0), _trained("4x4x8", 4e-3, 0.45, 30.0)]
LARGE = [_trained("8x8x2", 1e-3, 0.7 * RATE, 32.0), _trained("8x8x2", 4e-3, 0.41, 30.0)]


def _choice(trained, purpose=None):
    purpose = purpose or Compress()
    return purpose.select(trained, [purpose.measured(one) for one in trained])


def test_blocks_of_three_sizes_and_weights_are_tried():
    names = [one.name for one in candidates((64, 64, 3), "compress")]
    kinds = ["cosine_blocks-w{}-2x2x1536", "cosine_blocks-w{}-4x4x384", "cosine_blocks-w{}-8x8x96"]
    kinds += ["cosine_blocks-hyperprior-w{}-4x4x384", "compressive-w{}-4x4x96"]
    weights = ("0.00025", "0.001", "0.004")
    assert names == [kind.format(weight) for kind in kinds for weight in weights]
    assert {one.name for one in candidates((9, 7, 1), Compress(weights=0.1))} == {"fully_connected-w0.1-7"}
    for code, kind in (("7x7x4", "cosine_blocks"), ("7x7x20", "compressive")):  # blocks of 4×4 have 16 values
        (one,) = candidates((28, 28, 1), Compress(weights=0.1), (code,))
        assert one.name == f"{kind}-w0.1-{code}"
    for shape in ((8, 8, 1), (28, 28, 1), (96, 64, 3)):
        for one in candidates(shape, "compress"):
            one.model.check(shape)


def test_bytes_are_compared_at_the_same_quality_and_beyond_it():
    assert bytes_ratio(RateCurve("a", [RatePoint(0, 0.9 * RATE, 32, 0.9)]), WEBP) == pytest.approx(0.9)
    below = RateCurve("b", [RatePoint(0, 0.25, 25, 0.9)])  # ln(rate) goes on: half of the bits for 5 dB less
    assert bytes_ratio(below, WEBP) == pytest.approx(1.0)
    assert bd_rates({"b": below}, WEBP) == {}


def test_the_map_with_the_lowest_bd_rate_is_recommended_with_the_weight_that_suits():
    trained = [*SMALL, *LARGE]
    assert _choice(trained).recommended == LARGE[0].name  # 0.7 of WebP's bytes, its other weight has 0.82
    assert _choice(trained, Compress(least_psnr=31)).recommended == LARGE[0].name
    assert _choice(trained, Compress(least_psnr=99)).recommended in {LARGE[0].name, SMALL[0].name}
    tiny = _trained("2x2x1", 1e-3, 0.02, 12.0)  # a fifth of what WebP would need, but no image that one wants
    assert _choice([tiny, *SMALL]).recommended == SMALL[0].name
    assert _choice([tiny]).recommended == tiny.name


def _comparison(trained):
    images = ComparedImages("photographs", (64, 64, 3), {"train": 90, "validation": 10, "test": 9})
    name = _choice(trained).recommended
    return Comparison(Compress(), name, name, 0.7, (name,), None, 4, images, tuple(trained))


def test_what_is_written_is_read_back_and_told():
    comparison = _comparison([*SMALL, *LARGE])
    written = json.loads(json.dumps(comparison.as_json(), allow_nan=False))
    assert Comparison.from_json(written) == comparison
    purpose, ranked = comparison.purpose, comparison.ranked()
    expected = np.sqrt(0.7 * 0.82) - 1  # the mean of two ends of a straight line
    assert f"{-expected:.1%} fewer bits than WebP at equal PSNR, from 30.0 to 32.0 dB" in purpose.evidence(
        comparison
    )
    cells = {column.heading: column.cell(ranked[0]) for column in purpose.columns(ranked)}
    assert cells["BD-rate of its map"] == f"{expected:+.1%}"
    assert cells["bits per pixel"] == f"{0.7 * RATE:.3f}"
    assert "built without AVIF" in purpose.explanations(ranked)
    (drawing,) = purpose.drawings(comparison)
    assert drawing.svg.startswith("<svg")
    alone = _comparison([_trained("2x2x1", 1e-3, 0.02, 12.0)])
    assert "no quality in common with it, and so no BD-rate" in alone.purpose.evidence(alone)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(InputError, match=r"weights \[0.0\]"):
        Compress(weights=0.0)
    with pytest.raises(InputError, match="reference 'png'"):
        Compress(reference="png")
    config = CompareConfig(DataConfig("digits"), purpose="compress", halving=True)
    with pytest.raises(InputError, match="--halving to compress"):
        config.purpose.judge(config, None)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "images.npz"
    noise = np.random.default_rng(0).integers(0, 40, (40, 16, 16, 1))
    np.savez(path, x=(np.linspace(20, 200, 16)[:, None] + noise).astype("uint8"))
    return kae.data.load(f"npz:{path}", validation_fraction=0.3, test_fraction=0.3, progress=False)


@pytest.mark.tensorflow
def test_files_of_a_model_are_measured_and_shown(images, tmp_path):
    keras.utils.set_random_seed(0)
    model = kae.architectures.compressive((16, 16, 1), (4, 4, 2), filters=4)
    config = CompareConfig(DataConfig("digits"), purpose="compress", reference="jpeg")
    judge = config.purpose.judge(config, images)
    selection = judge.choose(tmp_path / "a", model)
    assert (selection.curve.points[0].setting, selection.reference.name) == (model.bottleneck.weight, "JPEG")
    (tmp_path / "a" / "figures").mkdir(parents=True)
    outcome = judge.measure(tmp_path / "a", model, selection)
    assert outcome.standards[0].name == "JPEG"
    assert outcome.point.images == images.sizes["test"]
    with Image.open(tmp_path / "a" / "figures" / "crops.png") as crops:
        assert crops.size[0] > crops.size[1]


@pytest.mark.tensorflow
def test_codes_that_were_not_trained_for_files_have_a_curve_over_the_step(images, monkeypatch):
    monkeypatch.setattr(compression_judge, "STEPS", (1.0, 0.25))
    model = kae.architectures.fully_connected((16, 16, 1), (3,), hidden=(4,))
    codecs = dict(compression_judge.CompressionJudge(images, "jpeg")._codecs(model))
    coarse, fine = sorted(codecs, reverse=True)
    codes = kae.evaluation.encode(model, images.images("train"))
    assert coarse == pytest.approx(4 * fine) == pytest.approx(np.sqrt(codes.var(axis=0).mean()), rel=1e-3)


def test_the_purpose_is_registered_by_its_line():
    assert PURPOSES["compress"] is Compress

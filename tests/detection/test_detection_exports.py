"""Every score can be exported, whatever the pictures look like; what differs by a decision is refused."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import keras
import numpy as np
import pytest
from keras import ops

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae._support.execution import computing_in
from keras_ae.data import Preparation
from keras_ae.detection import SCORES, Observation, exporting, fit_scores
from keras_ae.detection.exporting import detector_endpoints
from keras_ae.detection.scores.standardization import faintly_changed
from keras_ae.detection.tolerance import PART, _measured, _rounded_sums, score_tolerance, tolerances

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated"),
]
OF_AUTOENCODERS = sorted(set(SCORES) - {"local_confidence", "negative_elbo"})
FORMATS = ("savedmodel", "onnx", "litert")


def uniform(side, count=60):
    """Grey pictures, each of one level."""
    levels = np.random.default_rng(0).integers(0, 256, (count, 1, 1, 1))
    return np.broadcast_to(levels, (count, side, side, 1)).astype(np.uint8)


def identical(side, count=60):
    return np.full((count, side, side, 1), 128, np.uint8)


def textured(side, count=60):
    """Stripes of random phase and width."""
    generator = np.random.default_rng(0)
    columns = np.arange(side)[None, None, :, None]
    phases, widths = generator.random((count, 1, 1, 1)), generator.uniform(2, 9, (count, 1, 1, 1))
    stripes = 127 + 100 * np.sin(2 * np.pi * (columns / widths + phases))
    return np.broadcast_to(stripes, (count, side, side, 1)).astype(np.uint8)


def fixed_camera(side, count=60):
    """One part, with the noise of a camera."""
    generator = np.random.default_rng(0)
    part = generator.integers(0, 256, (1, side, side, 1))
    return np.clip(part + generator.normal(0, 2, (count, side, side, 1)), 0, 255).astype(np.uint8)


@cache
def _trained(pictures, side, precision="float32", architecture="strided", bottleneck=None):
    """Images, and an autoencoder that was trained on them for a moment, as float32."""
    keras.utils.set_random_seed(0)
    images = pictures(side)
    with computing_in(precision):
        build = getattr(kae.architectures, architecture)
        keywords = {"filters": 4} if architecture == "strided" else {"hidden": (32,)}
        model = build(images.shape[1:], (4,), **keywords, **({"bottleneck": bottleneck} if bottleneck else {}))
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=False, steps_per_execution=1)
    model.fit(images, epochs=4, verbose=0)
    return images, kae.export.as_float32(model)


def _fitted(pictures, side, score, **keywords):
    images, model = _trained(pictures, side, **keywords)
    return images, kae.AnomalyDetector(model, score, 0.25).fit(images)


@dataclass(frozen=True)
class Converted:
    """Scores [n, k], and maps [n, l, h, w], of an autoencoder: its own, and as each format gives them."""

    scores: dict
    own: Callable
    formats: dict

    def check(self, images, allowed):
        """Compare each score and map in each format, which may be as far from its own as is allowed by name."""
        expected = {name: np.asarray(values) for name, values in self.own(images).items()}
        assert np.isfinite(expected["scores"]).all()
        mapped = [name for name, score in self.scores.items() if score.has_map]
        for kind, run in self.formats.items():
            for output, names in {"scores": [*self.scores], "maps": mapped}.items():
                apart = np.abs(run(images)[output] - expected[output])
                for i, name in enumerate(names):
                    assert apart[:, i].max() <= allowed[name][output], (kind, output, name, len(images))


def _converted(model, scores, folder):
    """All at once: most of the time that an export takes goes into its conversion."""
    import tensorflow as tf

    def together(images):
        seen = Observation(model, images)
        maps = [score.map(seen) for score in scores.values() if score.has_map]
        values = [score.values(seen) for score in scores.values()]
        return {"scores": ops.stack(values, 1), "maps": ops.stack(maps, 1)}

    endpoint = kae.export.portable_endpoint(together, model.image_shape)
    _, names, session = kae.export.convert_to_onnx("scores", endpoint)
    _, runner = kae.export.convert_to_litert(model, "scores", endpoint)
    kae.export.archive(model, {"scores": endpoint.concrete()}, folder)
    loaded = tf.saved_model.load(str(folder))
    formats = {
        "onnx": lambda images: dict(zip(names, session.run(names, {"images": images}), strict=True)),
        "litert": lambda images: runner(images=images),
        "savedmodel": lambda images: loaded.signatures["scores"](images=tf.constant(images)),
    }
    return Converted(scores, together, formats)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "pictures",
    [identical, fixed_camera, *(pytest.param(make, marks=pytest.mark.slow) for make in (uniform, textured))],
)
def test_a_small_detector_of_any_pictures_is_exported(pictures, tmp_path):
    """As `export` does it, of what is judged by tolerances."""
    images, detector = _fitted(pictures, 16, "mse+nearest_codes", architecture="fully_connected")
    examples = images[:16] / np.float32(255)
    allowed = tolerances(detector, examples)
    endpoints = detector_endpoints(detector, allowed)
    judged = {name: endpoints[name] for name in ("score_uint8", "map_uint8")}
    checked = kae.export.fill_saved_model(detector.autoencoder, judged, tmp_path, examples)
    assert all(parity.holds and np.isfinite(parity.allowed) for parity in checked.values())
    assert np.isfinite(detector.anomaly_scores(images)).all()


@pytest.mark.thorough
def test_changes_that_nobody_can_see_do_not_cancel_in_a_tolerance(model, images):
    """Of identical images members are standardised by such a change: −1 of one and 1 of the other make 0."""
    alike = np.repeat(images[:1], 60, axis=0) * 0.9 + 0.05
    members = ("mse", "mae", "nearest_codes", "mahalanobis")
    for pair in itertools.combinations(members, 2):
        detector = kae.AnomalyDetector(model, "+".join(pair), 0.25).fit(alike)
        assert score_tolerance(detector, alike[:16]) > 0.3, pair
    changed = np.asarray(faintly_changed(alike[:2], 2))
    assert not np.array_equal(*changed)
    np.testing.assert_allclose(np.abs(changed - alike[:2]), 0.01 / 255, atol=1e-7)


def test_roundings_of_a_score_that_hardly_varies_are_accepted(model, images):
    """The cross-entropy of what is given back as grey is log 2 for every image, but for rounding."""
    grey = keras.models.clone_model(model)
    grey.set_weights([np.zeros_like(weights) for weights in model.get_weights()])
    detector = kae.AnomalyDetector(grey, "binary_crossentropy", 0.25).fit(images)
    assert np.ptp(detector.anomaly_scores(images)) < 2e-7
    assert 5e-7 < score_tolerance(detector, images) < 2e-6


@pytest.mark.thorough
def test_a_tolerance_covers_sums_that_are_added_up_one_product_after_the_other():
    """As LiteRT adds up the 16,384 products of a dense layer; NumPy's cumulative sum does so too."""
    images, detector = _fitted(uniform, 128, "mse+nearest_codes", architecture="fully_connected")
    pixels = images[:16] / np.float32(255)
    weights = detector.autoencoder.get_weights()
    kernel = weights[0]
    exact = pixels.reshape(16, -1).astype(np.float64) @ kernel
    summed = np.stack([np.cumsum(row[:, None] * kernel, 0)[-1] for row in pixels.reshape(16, -1)])

    def sums(observation):
        return observation.model.encoder.layers[2](ops.reshape(observation.images, (-1, len(kernel))))

    change = _rounded_sums(detector, sums, pixels, _measured(detector, sums, pixels))
    assert np.abs(summed - exact).max() < change < 30 * np.abs(summed - exact).max()
    for before, after in zip(weights, detector.autoencoder.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


WITH_MAPS = ("mse", "mae", "binary_crossentropy", "ssim", "standardized_error")


@pytest.mark.thorough
def test_scores_and_maps_are_the_same_in_every_format_and_for_batches_of_any_size(tmp_path):
    """LiteRT made the opposite of one less a transposed map: 1 − SSIM was wrong by 2."""
    images, model = _trained(textured, 16, architecture="fully_connected")
    pixels = images / np.float32(255)
    converted = _converted(model, fit_scores(model, (*WITH_MAPS, "ssim+nearest_codes"), pixels), tmp_path)
    expected = {output: np.asarray(values) for output, values in converted.own(pixels).items()}
    allowed = {
        name: {output: PART * values[:, i].std() for output, values in expected.items()}
        for i, name in enumerate(converted.scores)  # all have maps
    }
    for count in (1, 2, 5, 33, 1):
        converted.check(pixels[:count], allowed)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("pictures", [uniform, identical, textured, fixed_camera])
def test_every_score_of_any_pictures_is_exported(pictures, precision, tmp_path):
    detectors = {}
    for score in (*OF_AUTOENCODERS, "mse+nearest_codes", "ssim+mixture+nearest_codes"):
        images, detectors[score] = _fitted(pictures, 32, score, precision=precision)
    pixels = images / np.float32(255)
    allowed = {name: tolerances(detector, pixels[:16]) for name, detector in detectors.items()}
    scores = {name: detector.score_ for name, detector in detectors.items()}
    converted = _converted(detectors["mse"].autoencoder, scores, tmp_path)
    for count in (1, 16, 33):
        converted.check(pixels[:count], allowed)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["strided", "fully_connected"])
@pytest.mark.parametrize("side", [8, 64, 128, 256])
@pytest.mark.parametrize("pictures", [uniform, textured, fixed_camera])
def test_the_default_score_is_exported_at_any_size(pictures, side, architecture, tmp_path):
    images, detector = _fitted(pictures, side, "mse+nearest_codes", architecture=architecture)
    checked = detector.export(tmp_path / "detector", FORMATS, images[:16])
    assert all(parity.holds for parity in checked.values())
    loaded = kae.detection.ExportedDetector(tmp_path / "detector")
    scores, again = detector.anomaly_scores(images), loaded.score(images)
    assert np.isfinite(scores).all()
    assert np.abs(scores - again).max() <= 3 * checked["score_uint8"].allowed


@pytest.mark.thorough
def test_scores_that_could_move_a_decision_are_refused(tmp_path, monkeypatch):
    """The exported score is scaled by 1 %, which is far below an absolute tolerance of 1e-5."""
    images, detector = _fitted(fixed_camera, 8, "mse", architecture="fully_connected")
    written = exporting.detector_endpoints

    def spoiled(*arguments):
        endpoints = written(*arguments)
        true = endpoints["score"].function
        calls = []

        def function(images):
            calls.append(images)
            return {"scores": true(images)["scores"] * (1.02 if len(calls) == 1 else 1.0)}

        object.__setattr__(endpoints["score"], "function", function)
        return endpoints

    monkeypatch.setattr(exporting, "detector_endpoints", spoiled)
    with pytest.raises(InputError, match="exported score that differs"):
        detector.export(tmp_path / "detector", images=images)
    assert not (tmp_path / "detector").exists()


@pytest.mark.thorough
def test_one_other_weight_is_refused(model, images, tmp_path, monkeypatch):
    from keras_ae.export import saved_model

    detector = kae.AnomalyDetector(model, "mse+nearest_codes", 0.25).fit(images)
    right, write = model.get_weights(), saved_model.archive
    wrong = [right[0].copy(), *right[1:]]
    wrong[0][7, 3] += 0.1

    def with_another_weight(*arguments):
        model.set_weights(wrong)
        write(*arguments)
        model.set_weights(right)

    monkeypatch.setattr(saved_model, "archive", with_another_weight)
    with pytest.raises(InputError, match="exported score that differs"):
        detector.export(tmp_path / "detector", images=images)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("score", ["standardized_error", "joint_likelihood", "negative_elbo", "mahalanobis"])
def test_scores_fitted_to_identical_images_are_finite_and_tell_others(score, model, variational, images, others):
    scored = variational if score == "negative_elbo" else model
    alike = np.repeat(images[:1], 60, axis=0)
    detector = kae.AnomalyDetector(scored, score, 0.25).fit(alike)
    usual, scores = detector.anomaly_scores(alike), detector.anomaly_scores(others)
    assert np.isfinite(usual).all()
    assert np.isfinite(scores).all()
    assert scores.min() > usual.max()


@pytest.mark.parametrize("threshold", [np.nan, np.inf])
def test_a_saved_detector_whose_threshold_decides_nothing_is_refused(threshold, model, images, tmp_path):
    kae.AnomalyDetector(model, "mse", 0.25).fit(images).save(tmp_path)
    settings = json.loads((tmp_path / "detector.json").read_text())
    (tmp_path / "detector.json").write_text(json.dumps(settings | {"threshold": threshold}))
    with pytest.raises(InputError, match="no number of JSON"):
        kae.detection.load_detector(tmp_path)


def test_a_model_of_mixed_precision_is_not_exported_as_it_is(tmp_path):
    with computing_in("mixed_bfloat16"):
        model = kae.architectures.fully_connected((6, 5, 2), (3,), hidden=(16,))
    images = np.random.default_rng(0).random((60, 6, 5, 2)).astype(np.float32)
    with pytest.raises(InputError, match=r"computes in bfloat16 to export; expected float32; export keras_ae"):
        kae.AnomalyDetector(model, "mse", 0.25).fit(images).export(tmp_path / "detector")
    exact = kae.architectures.fully_connected((6, 5, 2), (3,), hidden=(16,))
    exact.set_weights(model.get_weights())
    again = kae.export.as_float32(model)
    np.testing.assert_array_equal(again.predict(images, verbose=0), exact.predict(images, verbose=0))
    assert kae.export.as_float32(again) is again


@pytest.mark.parametrize("threshold", [np.nan, np.inf, -np.inf])
def test_a_threshold_that_decides_nothing_is_refused(threshold, model, images, tmp_path):
    detector = kae.AnomalyDetector(model, "mse", 0.25).fit(images)
    with pytest.raises(InputError, match="a threshold of"):
        detector.set_threshold(threshold)


def test_files_are_prepared_once_and_images_too_small_for_it_are_refused(tmp_path):
    from PIL import Image

    raw = np.random.default_rng(0).integers(0, 256, (120, 12, 12, 1), np.uint8)
    prepared = Preparation(crop=(8, 8), size=(4, 4)).array(raw).astype("float32") / 255
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
    detector = kae.AnomalyDetector(model, "mahalanobis").fit(prepared)
    about = {"preparation": {"crop": [8, 8], "image_size": [4, 4]}}
    detector.export(tmp_path / "exported", images=prepared[:8], about=about)
    exported = kae.detection.ExportedDetector(tmp_path / "exported")
    for place in range(3):
        Image.fromarray(raw[place, ..., 0]).save(tmp_path / f"{place}.png")
    expected = detector.anomaly_scores(prepared[:3])
    files = [row.score for row in exported.score_files(tmp_path, [f"{place}.png" for place in range(3)])]
    np.testing.assert_allclose(files, expected, rtol=1e-4)
    np.testing.assert_allclose(exported.score(raw[:3]), expected, rtol=1e-4)
    with pytest.raises(kae.InputError, match="received images of 4 × 4 pixels; expected at least 8 × 8"):
        exported.score(raw[:3, :4, :4])

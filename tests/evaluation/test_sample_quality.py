"""The measures of samples put together: on an autoencoder whose decoder is known."""

import keras
import numpy as np
import pytest

from keras_ae import data as image_data
from keras_ae._support.errors import InputError
from keras_ae.architectures import convolutional
from keras_ae.density import DENSITIES, Gaussian
from keras_ae.evaluation import (
    SampleQuality,
    compare_features,
    fid_caution,
    fit_densities,
    frechet_distance,
    kernel_distance,
    measure_samples,
    precision_and_recall,
)
from keras_ae.evaluation.samples.quality import decoded

pytestmark = pytest.mark.tensorflow


class Pixels:
    """Features: the pixels of images, all of which must be within [0, 1]."""

    name = "pixels"
    largest = 0

    def __call__(self, images):
        assert images.min() >= 0
        assert images.max() <= 1
        self.largest = max(self.largest, len(images))
        return images.reshape(len(images), -1)


class Identity:
    """An autoencoder whose code is the image."""

    code_shape = (4,)

    def encode(self, images):
        return keras.ops.reshape(images, (-1, 4))

    def decode(self, codes):
        return keras.ops.reshape(codes, (-1, 2, 2, 1))

    def predict_on_batch(self, images):
        return images


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Pixels of a Gaussian with correlations, far within [0, 1]."""
    generator = np.random.default_rng(0)
    x = 0.5 + 0.03 * generator.normal(size=(900, 4)) @ generator.normal(size=(4, 4))
    path = tmp_path_factory.mktemp("images") / "images.npz"
    np.savez(path, x=np.clip(x, 0, 1).reshape(-1, 2, 2, 1).astype("float32"))
    return image_data.load(f"npz:{path}", test_fraction=0.5, batch_size=50, progress=False)


@pytest.fixture(scope="module")
def measured(images):
    return measure_samples(Identity(), images, samples=400, extractor=Pixels())


@pytest.mark.thorough
def test_the_density_that_fits_gives_samples_like_the_images(measured, images):
    assert measured["extractor"] == "pixels"
    assert (measured["real_images"], measured["generated_images"]) == (400, 400)
    fitting, normal = measured["gaussian_fid[pixels]"], measured["standard_normal_fid[pixels]"]
    assert fitting < 0.02 * normal
    spread = images.images("test").reshape(450, 4).var(axis=0).sum()
    assert fitting < 0.02 * spread
    assert measured["gaussian_precision[pixels]"] > 0.7
    assert measured["gaussian_recall[pixels]"] > 0.7
    assert measured["standard_normal_precision[pixels]"] < 0.3
    assert abs(measured["gaussian_kid[pixels]"]) < 0.05 * measured["standard_normal_kid[pixels]"]


def test_perfect_reconstructions_are_at_no_distance_and_halfway_there_is_half_the_variance(measured, images):
    """Of independent Gaussians: the halfway points' covariance is C / 2, at a distance of (1 − √½)² tr C."""
    assert measured["reconstruction_fid[pixels]"] == pytest.approx(0, abs=1e-8)
    assert measured["train_reconstruction_fid[pixels]"] == pytest.approx(0, abs=1e-8)
    trace = images.images("test", 400).reshape(400, 4).var(axis=0).sum()
    assert measured["interpolation_fid[pixels]"] == pytest.approx((1 - 0.5**0.5) ** 2 * trace, rel=0.2)


def test_the_floor_is_the_distance_of_real_images(measured, images):
    train = np.concatenate(list(images.pipeline("train", epoch=0).as_numpy_iterator()))[:400]
    expected = frechet_distance(train.reshape(400, -1), images.images("test", 400).reshape(400, -1))
    assert measured["real_fid[pixels]"] == pytest.approx(expected, rel=1e-6)
    assert 0 < expected < measured["standard_normal_fid[pixels]"]


@pytest.mark.parametrize(
    ("count", "features", "enough"), [(9_999, 10, "10,000"), (10_000, 10_000, ""), (10_000, 10_001, "10,001")]
)
def test_a_distance_of_few_images_or_of_more_features_than_images_is_warned_of(count, features, enough):
    caution = fid_caution(count, features)
    assert caution.endswith(f"take {enough} images or more") if enough else caution == ""


def test_the_warning_names_the_numbers(images):
    with pytest.warns(UserWarning, match="distances of 50 images and 4 features are too long: take 10,000"):
        measure_samples(Identity(), images, ("gaussian",), samples=50, extractor=Pixels(), reconstructions=False)


def test_the_same_seed_gives_the_same_and_densities_can_be_given(images):
    fitted = fit_densities(Identity(), images, ("gaussian",), images=100)
    expected = Gaussian().fit(images.pipeline("train", epoch=0).unbatch().batch(100).as_numpy_iterator().next())
    np.testing.assert_allclose(fitted["gaussian"].means, expected.means)
    given = {"samples": 50, "extractor": Pixels(), "reconstructions": False}
    first, again = (measure_samples(Identity(), images, fitted, **given) for _ in range(2))
    assert first == again
    assert first != measure_samples(Identity(), images, fitted, seed=1, **given)
    assert {name.split("[")[0].split("_")[0] for name in first if "[" in name} == {"gaussian"}


def test_densities_that_need_more_codes_than_there_are_are_left_out(images):
    assert list(fit_densities(Identity(), images, images=4)) == ["standard_normal"]
    with pytest.raises(InputError, match="did you mean 'mixture'"):
        fit_densities(Identity(), images, ("mixtur",))


def test_no_more_than_a_batch_of_images_is_held(images):
    extractor = Pixels()
    measure_samples(Identity(), images, ("gaussian",), samples=900, extractor=extractor)
    assert extractor.largest <= 256


def test_a_quality_is_what_its_parts_are():
    real, generated = np.random.default_rng(0).normal(size=(2, 30, 3))
    quality = compare_features(real, generated, "some")
    assert quality.fid == frechet_distance(real, generated)
    assert quality.kid == kernel_distance(real, generated)["mean"]
    assert {"precision": quality.precision, "recall": quality.recall} == precision_and_recall(real, generated)
    assert quality.columns("mixture")["mixture_fid[some]"] == quality.fid
    assert (quality.real, quality.generated) == (30, 30)
    assert np.isnan(compare_features(real[:3], generated, "some").recall)
    assert isinstance(quality, SampleQuality)


def test_columns_of_different_extractors_are_different():
    real, generated = np.random.default_rng(0).normal(size=(2, 9, 3))
    columns = [set(compare_features(real, generated, name).columns("mixture")) for name in ("a", "b")]
    assert not columns[0] & columns[1]


def test_a_model_with_maps_as_codes_on_digits():
    digits = image_data.load("digits", limit=80, validation_fraction=0.4, progress=False)
    model = convolutional(digits.image_shape, (4, 4, 1), strided_layers=1, width=1, residual_blocks=0)
    found = measure_samples(model, digits, samples=40, extractor="digits-classifier", split="validation")
    assert found["real_images"] == 32
    names = {name.removesuffix("[digits-classifier]") for name in found if "[" in name}
    assert names == {
        *(f"{d}_{m}" for d in DENSITIES for m in ("fid", "kid", "kid_std", "precision", "recall")),
        *("real_fid", "reconstruction_fid", "train_reconstruction_fid", "interpolation_fid"),
    }
    assert all(np.isfinite(value) for name, value in found.items() if "[" in name)


def test_samples_are_decoded_batch_by_batch():
    shapes = [batch.shape for batch in decoded(Identity(), np.zeros((300, 4), "float32"))]
    assert shapes == [(256, 2, 2, 1), (44, 2, 2, 1)]


def test_too_few_samples_are_refused(images):
    with pytest.raises(InputError, match="1 samples"):
        measure_samples(Identity(), images, samples=1)


def test_a_string_is_one_density_and_images_are_no_data(images):
    assert list(fit_densities(Identity(), images, "gaussian")) == ["gaussian"]
    options = {"samples": 10, "extractor": Pixels(), "reconstructions": False}
    assert "gaussian_fid[pixels]" in measure_samples(Identity(), images, "gaussian", **options)
    for wrong in (images.images("test"), None):
        for measure in (measure_samples, fit_densities):
            with pytest.raises(InputError, match=r"load it with keras_ae\.data\.load"):
                measure(Identity(), wrong)

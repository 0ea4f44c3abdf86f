"""Metrics against known answers and independent implementations."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.evaluation import encode, interpolate, measure_reconstruction, mse, psnr, rmse, ssim


def _pair(shape=(3, 16, 20, 3), noise=0.1):
    generator = np.random.default_rng(0)
    images = generator.random(shape).astype("float32")
    return images, np.clip(images + noise * generator.normal(size=shape), 0, 1).astype("float32")


def test_known_errors():
    black, gray = np.zeros((1, 4, 4, 1)), np.full((1, 4, 4, 1), 0.1)
    assert mse(black, gray) == pytest.approx(0.01)
    assert psnr(black, gray) == pytest.approx(20.0)
    assert psnr(gray, gray) == np.inf
    assert ssim(gray, gray) == pytest.approx(1.0)


def test_constant_images_have_the_ssim_of_their_luminance_term():
    """With no variance SSIM is (2ab + C₁) / (a² + b² + C₁)."""
    a, b, c1 = 0.2, 0.6, 0.01**2
    images = [np.full((1, 12, 12, 1), value) for value in (a, b)]
    assert ssim(*images) == pytest.approx((2 * a * b + c1) / (a * a + b * b + c1))


def test_psnr_agrees_with_keras():
    images, others = _pair((1, 8, 8, 3))
    assert psnr(images, others) == pytest.approx(float(keras.ops.psnr(images, others, 1.0)), rel=1e-5)


@pytest.mark.tensorflow
@pytest.mark.parametrize("shape", [(3, 16, 20, 3), (2, 32, 11, 1), (1, 40, 40, 2)])
def test_ssim_agrees_with_tensorflow(shape):
    import tensorflow as tf

    images, others = _pair(shape)
    np.testing.assert_allclose(ssim(images, others), tf.image.ssim(images, others, 1.0), atol=1e-4)


def test_ssim_of_images_smaller_than_its_window():
    images, others = _pair((4, 8, 5, 1))
    values = ssim(images, others)
    assert ((values > -1) & (values < 1)).all()
    np.testing.assert_allclose(values, ssim(others, images))


def test_scores_do_not_depend_on_the_batches():
    images, _ = _pair((10, 6, 4, 1))
    model = kae.architectures.fully_connected((6, 4, 1), (3,), hidden=(8,))
    whole = measure_reconstruction(model, [images])
    parts = measure_reconstruction(model, [images[:4], images[4:]])
    np.testing.assert_allclose(whole.mse, parts.mse, rtol=1e-5)
    expected = np.mean((model.predict(images, verbose=0) - images) ** 2, axis=(1, 2, 3))
    np.testing.assert_allclose(whole.mse, expected, rtol=1e-5)
    summary = whole.summary()
    assert summary["mse"] == pytest.approx(expected.mean(), rel=1e-5)
    assert summary["mse_standard_error"] == pytest.approx(expected.std(ddof=1) / np.sqrt(10), rel=1e-4)
    np.testing.assert_allclose(encode(model, [images[:4], images[4:]]), model.encode(images), atol=1e-6)


def test_of_pairs_the_second_is_what_the_first_ought_to_become():
    images, noisy = _pair((10, 6, 4, 1))
    model = kae.architectures.fully_connected((6, 4, 1), (3,), hidden=(8,))
    found = measure_reconstruction(model, [(noisy[:7], images[:7]), (noisy[7:], images[7:])])
    np.testing.assert_allclose(found.mse, mse(images, model.predict(noisy, verbose=0)), rtol=1e-5)
    whole = measure_reconstruction(model, images)
    np.testing.assert_allclose(whole.mse, mse(images, model.predict(images, verbose=0)), rtol=1e-5)


@pytest.mark.parametrize("metric", [mse, rmse, psnr, ssim])
def test_bytes_are_scaled_and_what_is_no_pair_is_refused(metric):
    images, others = (np.round(255 * x).astype(np.uint8) for x in _pair((4, 8, 8, 3)))
    expected = metric(images / 255, others / 255)
    np.testing.assert_allclose(metric(images, others), expected)
    np.testing.assert_allclose(metric(keras.ops.convert_to_tensor(images), others / 255), expected)
    for a, b in [(images[0], others[0]), (images[:1], others), (images, others[..., :1]), (images[..., 0],) * 2]:
        with pytest.raises(InputError, match=r"two arrays \[n, height, width, channels\] of one shape"):
            metric(a, b)


def test_an_image_without_error_does_not_make_the_mean_psnr_infinite():
    class Perfect:
        def predict_on_batch(self, images):
            return images

    summary = measure_reconstruction(Perfect(), [np.zeros((2, 4, 4, 1), "float32")]).summary()
    assert summary["psnr"] == 100
    assert summary["mse"] == 0


def test_interpolation_begins_and_ends_at_the_reconstructions():
    images, _ = _pair((2, 6, 4, 1))
    model = kae.architectures.fully_connected((6, 4, 1), (3,), hidden=(8,))
    line = interpolate(model, images[0], images[1], 5)
    np.testing.assert_allclose(line[[0, -1]], model.predict(images, verbose=0), atol=1e-5)
    middle = model.decode(np.mean(keras.ops.convert_to_numpy(model.encode(images)), axis=0, keepdims=True))
    np.testing.assert_allclose(line[2:3], keras.ops.convert_to_numpy(middle), atol=1e-5)

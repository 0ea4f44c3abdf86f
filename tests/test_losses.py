"""The training losses beside the metrics that they stand for, and against TensorFlow's own."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.evaluation import ssim


def _pair(shape=(3, 16, 20, 3), noise=0.1):
    generator = np.random.default_rng(0)
    images = generator.random(shape).astype("float32")
    return images, np.clip(images + noise * generator.normal(size=shape), 0, 1).astype("float32")


@pytest.mark.parametrize("shape", [(3, 16, 20, 3), (2, 28, 11, 1), (4, 8, 5, 1)])
def test_structural_dissimilarity_is_one_minus_the_metric(shape):
    images, others = _pair(shape)
    loss = kae.losses.StructuralDissimilarity(reduction=None)(images, others)
    assert loss.shape == (shape[0], 1, 1)
    np.testing.assert_allclose(np.ravel(keras.ops.convert_to_numpy(loss)), 1 - ssim(images, others), atol=1e-5)


def test_equal_images_lose_nothing_and_flat_ones_their_luminance_term():
    images, _ = _pair()
    assert float(kae.losses.StructuralDissimilarity()(images, images)) == pytest.approx(0, abs=1e-6)
    a, b, c1 = 0.2, 0.6, 0.01**2
    flat = [np.full((1, 12, 12, 1), value, "float32") for value in (a, b)]
    expected = 1 - (2 * a * b + c1) / (a * a + b * b + c1)
    assert float(kae.losses.StructuralDissimilarity()(*flat)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.tensorflow
def test_its_gradient_is_that_of_tensorflows():
    import tensorflow as tf

    images, others = _pair((2, 14, 13, 2))
    variable = tf.Variable(others)
    with tf.GradientTape(persistent=True) as tape:
        ours = kae.losses.StructuralDissimilarity()(images, variable)
        theirs = 1 - tf.reduce_mean(tf.image.ssim(images, variable, 1.0))
    np.testing.assert_allclose(tape.gradient(ours, variable), tape.gradient(theirs, variable), atol=1e-5)


@pytest.mark.thorough
def test_an_autoencoder_trains_with_it_weighs_images_and_is_loaded_again(tmp_path):
    images, _ = _pair((8, 8, 6, 1))
    model = kae.architectures.fully_connected((8, 6, 1), (3,), hidden=(8,))
    model.compile("adam", kae.losses.StructuralDissimilarity())
    losses = model.fit(images, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    each = 1 - ssim(images, model.predict(images, verbose=0))
    weights = np.arange(8, dtype="float32")
    weighted = model.evaluate(images, images, sample_weight=weights, verbose=0)
    assert weighted == pytest.approx(np.mean(weights * each), rel=1e-3)
    model.save(tmp_path / "model.keras")
    again = kae.load_model(tmp_path / "model.keras")
    assert again.evaluate(images, verbose=0) == pytest.approx(np.mean(each), rel=1e-3)


@pytest.mark.parametrize("loss", [kae.losses.StructuralDissimilarity(), kae.losses.SumSquaredError()])
def test_images_of_other_shapes_are_not_broadcast(loss):
    images, _ = _pair()
    with pytest.raises(InputError, match=r"images of \(16, 20, 3\) to compare with \(16, 20, 1\)"):
        loss(images, images[..., :1])


def test_ssim_of_bright_even_images_is_not_that_of_rounding():
    """Deviations of 1e-4 at a brightness of 0.9: the variances of float64, far below float32's digits of 0.81."""
    rng = np.random.default_rng(0)
    x, y = (0.9 + 1e-4 * rng.standard_normal((1, 16, 16, 1)) for _ in range(2))
    x, y = x.astype("float32"), y.astype("float32")
    means = kae.losses.window_means(16)

    def blur(values):
        return np.einsum("rh,nhwc,vw->nrvc", means, values.astype("float64"), means)

    x, y = x.astype("float64"), y.astype("float64")
    mean_x, mean_y = blur(x), blur(y)
    variances = blur(x * x + y * y) - mean_x**2 - mean_y**2
    c1, c2 = 0.01**2, 0.03**2
    expected = (2 * mean_x * mean_y + c1) * (2 * (blur(x * y) - mean_x * mean_y) + c2)
    expected /= (mean_x**2 + mean_y**2 + c1) * (variances + c2)
    x, y = x.astype("float32"), y.astype("float32")
    found = keras.ops.convert_to_numpy(kae.losses.ssim_map(x, y))
    opposite = keras.ops.convert_to_numpy(kae.losses.dissimilarity_map(x, y))
    np.testing.assert_allclose(opposite, 1 - found, atol=1e-6)
    np.testing.assert_allclose(1 - found, 1 - expected, atol=3e-7)


def test_the_gaussian_likelihood_is_that_of_the_variance_that_fits_the_batch():
    from scipy.stats import norm

    images, others = _pair((4, 6, 5, 2))
    found = keras.ops.convert_to_numpy(kae.losses.GaussianLikelihood(reduction=None)(images, others))
    residual = images.astype("float64") - others
    expected = -norm.logpdf(residual, scale=np.sqrt(np.mean(residual**2))).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-4)
    for scale in (0.7, 1.4):  # No other deviation makes the batch more likely.
        other = -norm.logpdf(residual, scale=scale * np.sqrt(np.mean(residual**2))).sum(axis=(1, 2, 3))
        assert other.mean() > expected.mean()

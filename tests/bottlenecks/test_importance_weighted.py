"""The importance-weighted bound: against NumPy, and on a linear Gaussian model whose likelihood is known."""

import keras
import numpy as np
import pytest
from bottlenecks.penalized_training import array
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Decorrelated, ImportanceWeighted

VALUES, UNITS = 4, 2
HALF_SQUARES = 2.0  # β: half of the summed squares is −log N(x; decoded, I) but for its constant


def _linear(samples: int, beta: float = HALF_SQUARES) -> kae.Autoencoder:
    """z ~ N(0, I), x = W·z + noise of deviation 1; an encoder of its own."""
    keras.utils.set_random_seed(3)
    images, codes = keras.Input((2, 2, 1)), keras.Input((UNITS,))
    encoder = keras.Model(images, keras.layers.Flatten()(images))
    decoded = keras.layers.Reshape((2, 2, 1))(keras.layers.Dense(VALUES, use_bias=False, name="map")(codes))
    bottleneck = ImportanceWeighted(UNITS, samples, beta=beta, seed=1)
    model = kae.Autoencoder(encoder, bottleneck, keras.Model(codes, decoded))
    for layer, scale in ((bottleneck.mean, 0.3), (bottleneck.log_std, 0.0)):
        layer.kernel.assign(scale * array(layer.kernel))
    model.compile(keras.optimizers.SGD(0.0), kae.losses.SumSquaredError(), metrics=["mae"], jit_compile=False)
    return model


def _images(count: int = 6) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 2, 2, 1)).astype("float32")


def _parts_of_bound(model, images) -> tuple[np.ndarray, np.ndarray]:
    """The loss of each code that the next training step draws, and its log q − log p: [images, samples] each."""
    bottleneck, samples = model.bottleneck, model.bottleneck.samples
    state = array(bottleneck.noise.state)
    features = np.repeat(images.reshape(len(images), -1), samples, axis=0)
    codes = array(bottleneck(features, training=True))
    bottleneck.noise.state.assign(state)
    mean, log_std = (array(part).astype("float64") for part in bottleneck.posterior(features))
    ratio = (norm.logpdf(codes, mean, np.exp(log_std)) - norm.logpdf(codes)).sum(axis=1)
    errors = np.square(array(model.decode(codes)) - np.repeat(images, samples, axis=0)).sum(axis=(1, 2, 3))
    return errors.reshape(len(images), samples), ratio.reshape(len(images), samples)


@pytest.mark.parametrize(("samples", "beta"), [(1, 2.0), (4, 2.0), (4, 0.3)])
def test_the_training_loss_is_the_papers_bound(samples, beta):
    model, images = _linear(samples, beta), _images()
    losses, ratio = _parts_of_bound(model, images)
    log_weights = -losses / beta - ratio
    bounds = -beta * (logsumexp(log_weights, axis=1) - np.log(samples))
    loss = model.compute_loss(images, None, model(images, training=True), None, training=True)
    assert float(loss) == pytest.approx(bounds.mean(), rel=1e-4)
    shares = np.exp(log_weights - logsumexp(log_weights, axis=1, keepdims=True))
    compiled = (shares * losses).sum(axis=1).mean()
    assert float(model.penalty.result()) == pytest.approx(bounds.mean() - compiled, rel=1e-3)


@pytest.mark.tensorflow
def test_its_gradient_is_that_of_the_bound():
    import tensorflow as tf

    model, images, beta, samples = _linear(5), _images(), HALF_SQUARES, 5
    state = array(model.bottleneck.noise.state)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(images, None, model(images, training=True), None, training=True)
    found = tape.gradient(loss, model.trainable_variables)
    model.bottleneck.noise.state.assign(state)
    with tf.GradientTape() as tape:
        features = tf.repeat(tf.reshape(images, (6, -1)), samples, axis=0)
        mean, log_std = model.bottleneck.posterior(features)
        codes = model.bottleneck.sample((mean, log_std))
        density = kae.numerics.normal_log_density
        ratio = tf.reduce_sum(density(codes, mean, log_std) - density(codes, 0.0, 0.0), axis=1)
        errors = tf.square(model.decode(codes) - tf.repeat(images, samples, axis=0))
        log_weights = tf.reshape(-tf.reduce_sum(errors, axis=(1, 2, 3)) / beta - ratio, (6, samples))
        bound = -beta * tf.reduce_mean(tf.reduce_logsumexp(log_weights, axis=1))
    for one, other in zip(found, tape.gradient(bound, model.trainable_variables), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_the_bound_rises_with_the_codes_to_the_known_log_likelihood():
    images, bounds = _images(200), []
    for samples in (1, 5, 200):
        model = _linear(samples)
        loss = float(model.compute_loss(images, None, model(images, training=True), None, training=True))
        bounds.append(-loss / HALF_SQUARES - VALUES / 2 * np.log(2 * np.pi))
    kernel = model.decoder.get_layer("map").get_weights()[0].astype("float64")
    known = multivariate_normal(cov=kernel.T @ kernel + np.eye(VALUES)).logpdf(images.reshape(200, -1)).mean()
    assert bounds[0] < bounds[1] < bounds[2] < known + 0.02
    assert bounds[0] < known - 0.3
    assert bounds[2] == pytest.approx(known, abs=0.1)


def test_weights_of_images_and_validation_are_as_of_other_kinds():
    model, images = _linear(3), _images(4)
    weights = np.array([1.0, 0.0, 0.0, 1.0], "float32")
    logs = model.fit(images, sample_weight=weights, validation_data=(images, None), verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    codes = model.encode(images, training=True)
    assert tuple(codes.shape) == (4, UNITS)
    posterior = model.bottleneck.posterior(images.reshape(4, -1))
    divergence = array(kae.numerics.standard_normal_kl(*posterior)).sum(axis=1).mean()
    assert logs["val_penalty"][0] == pytest.approx(HALF_SQUARES * divergence, rel=1e-4)
    errors = np.abs(array(model(images)) - images).mean()
    assert logs["val_mae"][0] == pytest.approx(errors, rel=1e-4)


def test_several_losses_are_refused():
    model = _linear(3)
    model.compile("adam", loss=["mse"])
    with pytest.raises(InputError, match="one loss, such as 'mse'"):
        model.train_on_batch(_images())


def test_a_decorrelated_one_draws_and_weighs_as_many_codes():
    images, losses = _images(), []
    for alpha in (None, 0.0, 1.0):
        model = _linear(4)
        if alpha is not None:
            bottleneck = Decorrelated(of=model.bottleneck, alpha=alpha)
            model = kae.Autoencoder(model.encoder, bottleneck, model.decoder)
            model.compile(keras.optimizers.SGD(0.0), kae.losses.SumSquaredError(), jit_compile=False)
        outputs = model(images, training=True)
        assert outputs.shape == (4 * len(images), 2, 2, 1)
        losses.append(float(model.compute_loss(images, None, outputs, None, training=True)))
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)
    assert losses[2] > losses[1] + 1e-4

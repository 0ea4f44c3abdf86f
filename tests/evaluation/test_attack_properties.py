"""What holds of every attack on every classifier."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_ae.evaluation.attacks import ATTACKS

base = pytest.importorskip("keras_ae.evaluation.attacks.base", exc_type=ImportError, reason="no Foolbox")

pytestmark = pytest.mark.tensorflow
SIDE, CLASSES = 6, 3
# What makes the long searches short.
SHORT = {
    "gradient_sign": {"steps": 60},
    "projected_gradient_descent": {"iterations": 4, "searches": 3},
    "deep_fool": {"steps": 5},
    "adef": {"max_iterations": 4},
    "saliency_map": {"max_iterations": 12},
    "local_search": {"rounds": 4},
    "spatial": {"granularity": 3},
    "gaussian_blur": {"steps": 20},
    "contrast_reduction": {"steps": 40},
    "additive_gaussian_noise": {"steps": 40},
    "salt_and_pepper_noise": {"steps": 20, "repetitions": 2},
}


def _classifier(seed: int, channels: int):
    """A random network, a function of tensors."""
    import tensorflow as tf

    generator, values = np.random.default_rng(seed), SIDE * SIDE * channels
    first, last = generator.normal(size=(values, 8)), generator.normal(size=(8, CLASSES))

    def logits(images):
        flat = tf.reshape(images - 0.5, (-1, values))
        return tf.matmul(tf.tanh(tf.matmul(flat, tf.constant(first, tf.float32))), tf.constant(last, tf.float32))

    return logits


def _attack(name: str, **keywords):
    kind = ATTACKS[name]
    return kind(**SHORT.get(name, {}), **(keywords if issubclass(kind, base.RandomAttack) else {}))


@pytest.mark.parametrize("name", list(ATTACKS))
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), channels=st.sampled_from((1, 3)), extreme=st.booleans())
def test_an_attack_is_honest(name, seed, channels, extreme):
    """In bounds, its input as it was, no success without the model, the same again, the wrong ones left alone."""
    import foolbox
    import tensorflow as tf

    logits, generator = _classifier(seed, channels), np.random.default_rng(seed + 1)
    images = generator.random((5, SIDE, SIDE, channels), np.float32)
    images = np.round(images) if extreme else images  # at the bounds
    given_images, predicted = tf.constant(images), logits(images).numpy().argmax(axis=1)
    wrong = np.arange(5) == 3
    labels = tf.constant(np.where(wrong, (predicted + 1) % CLASSES, predicted).astype(np.int64))
    model = foolbox.TensorFlowModel(logits, bounds=(0, 1), device="/CPU:0")
    state = np.random.get_state()[1].copy()

    made, _, success = _attack(name, seed=seed)(model, given_images, labels, epsilons=None)

    made, success = made.numpy(), success.numpy()
    assert made.dtype == np.float32
    assert made.shape == images.shape
    assert made.min() >= 0
    assert made.max() <= 1
    np.testing.assert_array_equal(given_images.numpy(), images)
    np.testing.assert_array_equal(success, logits(made).numpy().argmax(axis=1) != labels.numpy())
    np.testing.assert_array_equal(made[wrong], images[wrong])
    if name != "deep_fool":  # It returns where it has come to.
        np.testing.assert_array_equal(made[~success], images[~success])
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    again, _, _ = _attack(name, seed=seed)(model, given_images, labels, epsilons=None)
    np.testing.assert_array_equal(again.numpy(), made)


@pytest.mark.parametrize("name", list(SHORT))
def test_an_image_is_attacked_the_same_way_whatever_is_beside_it(name):
    """In batches of another size, each with the place of its first image."""
    import foolbox
    import tensorflow as tf

    logits = _classifier(1, 1)
    model = foolbox.TensorFlowModel(logits, bounds=(0, 1), device="/CPU:0")
    images = tf.constant(np.random.default_rng(2).random((5, SIDE, SIDE, 1)), tf.float32)
    labels = tf.argmax(logits(images), axis=1)
    together, _, _ = _attack(name, seed=3)(model, images, labels, epsilons=None)
    apart, _, _ = _attack(name, seed=3, first=2)(model, images[2:4], labels[2:4], epsilons=None)
    np.testing.assert_allclose(apart.numpy(), together.numpy()[2:4], atol=1e-5)


@pytest.mark.parametrize("name", [name for name in ("slsqp", "single_pixel", "salt_and_pepper_noise")])
def test_another_seed_draws_something_else(name):
    import foolbox
    import tensorflow as tf

    def logits(images):  # Anything but grey is misclassified.
        change = tf.reduce_max(tf.abs(images - 0.5), axis=(1, 2, 3))
        return tf.stack([tf.zeros_like(change), change - 1e-6], axis=1)

    model = foolbox.TensorFlowModel(logits, bounds=(0, 1), device="/CPU:0")
    grey, labels = tf.fill((2, SIDE, SIDE, 1), 0.5), tf.zeros(2, tf.int64)
    made = [_attack(name, seed=seed)(model, grey, labels, epsilons=None)[0].numpy() for seed in (0, 1)]
    assert not np.array_equal(made[0][0], made[1][0])
    assert not np.array_equal(made[0][0], made[0][1])  # nor the same for the next image

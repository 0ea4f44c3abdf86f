"""Attacks that ask for decisions alone, beside SciPy, Foolbox 3 and searches that ask one question at a time."""

import numpy as np
import pytest
from evaluation.linear_classifiers import attacked, binary_classifier, linear_classifier, mean_squares
from scipy.ndimage import rotate, shift

from keras_ae.evaluation.attacks import ATTACKS

pytestmark = pytest.mark.tensorflow


def _transformed(image, down, right, angle):
    """As Foolbox 1.8 does it, on one image."""
    turned = shift(rotate(image, angle, axes=(0, 1), order=1), (down, right, 0), mode="constant")
    start = [side // 2 - kept // 2 for side, kept in zip(turned.shape, image.shape, strict=True)]
    cut = tuple(slice(a, a + kept) for a, kept in zip(start, image.shape, strict=True))
    return np.clip(turned[cut], 0, 1)


def test_spatial_takes_the_first_transformation_that_is_misclassified():
    import tensorflow as tf

    image = np.random.default_rng(3).random((1, 15, 12, 3)).astype(np.float32)
    changed = binary_classifier(lambda images: tf.reduce_max(tf.abs(images - image[0]), axis=(1, 2, 3)) - 1e-3)
    made, success = attacked(ATTACKS["spatial"](), changed, image)
    assert success.all()
    np.testing.assert_allclose(made[0], _transformed(image[0], -5, -5, -5), atol=1e-5)

    blob = np.zeros((1, 15, 15, 1), np.float32)
    blob[0, 7, 7] = 1.0
    weights = np.broadcast_to(np.arange(15.0)[:, None, None] - 7, (15, 15, 1))  # how far down it is
    made, success = attacked(ATTACKS["spatial"](), linear_classifier(weights, margin=2.0, at=0.0), blob)
    assert success.all()
    down = np.linspace(-5, 5, 10)
    expected = next(
        made
        for made in (_transformed(blob[0], a, b, c) for a in down[6:] for b in down for c in down)
        if np.sum(made * weights) > 2.0
    )
    np.testing.assert_allclose(made[0], expected, atol=1e-5)


def _network(seed=0, side=8, classes=3):
    """A small random network with something to find on every side."""
    import foolbox
    import tensorflow as tf

    generator = np.random.default_rng(seed)
    first = tf.constant(generator.normal(size=(side * side, 12)), tf.float32)
    last = tf.constant(generator.normal(size=(12, classes)), tf.float32)

    def logits(images):
        return tf.matmul(tf.tanh(tf.matmul(tf.reshape(images - 0.5, (-1, side * side)), first)), last)

    return foolbox.TensorFlowModel(logits, bounds=(0, 1), device="/CPU:0")


@pytest.mark.parametrize("name", ["gaussian_blur", "contrast_reduction"])
def test_searches_agree_with_foolbox_3(name):
    """Foolbox 3 kept these two, which look at one candidate after the other."""
    import foolbox
    import tensorflow as tf

    l2 = foolbox.distances.l2
    theirs = {
        "gaussian_blur": foolbox.attacks.GaussianBlurAttack(distance=l2, steps=50, channel_axis=-1),
        "contrast_reduction": foolbox.attacks.LinearSearchContrastReductionAttack(distance=l2, steps=50),
    }[name]
    model, images = _network(), tf.constant(np.random.default_rng(4).random((12, 8, 8, 1)), tf.float32)
    labels = tf.argmax(model(images), axis=1)
    ours, _, success = ATTACKS[name](steps=50)(model, images, labels, epsilons=None)
    expected, _, expected_success = theirs(model, images, labels, epsilons=None)
    np.testing.assert_array_equal(success, expected_success)
    assert np.sum(success) > 0
    np.testing.assert_allclose(ours[success], expected[success], atol=1e-5)


def test_noise_has_the_squared_epsilon_of_foolbox_1_8():
    import tensorflow as tf

    images = np.full((10, 20, 20, 1), 0.5)
    changed = binary_classifier(lambda images: tf.reduce_max(tf.abs(images - 0.5), axis=(1, 2, 3)) - 1e-6)
    made, success = attacked(ATTACKS["additive_gaussian_noise"](steps=2), changed, images)
    assert success.all()
    assert np.mean(mean_squares(made, images)) == pytest.approx(0.5**4 / 3, rel=0.05)


def test_salt_and_pepper_is_a_series_of_sweeps():
    """Beside the same sweeps one question after the other."""
    import tensorflow as tf

    model, images = _network(5), np.random.default_rng(5).random((4, 8, 8, 1)).astype(np.float32)
    labels = tf.argmax(model(tf.constant(images)), axis=1)
    attack = ATTACKS["salt_and_pepper_noise"](seed=7, first=3)
    made, _, success = attack(model, tf.constant(images), labels, epsilons=None)
    assert success.numpy().any()
    for i, (image, label) in enumerate(zip(images, labels.numpy(), strict=True)):
        best, nearest, largest = np.inf, image, 1.0
        for repetition in range(10):
            generator = np.random.default_rng([7, 3 + i, repetition])
            for p in np.linspace(0, largest, 65)[1:]:
                u = generator.random((8, 8, 1))
                noisy = np.clip(image + (u >= 1 - p / 2) - (u < p / 2), 0, 1).astype(np.float32)
                distance = np.mean(np.square(np.float64(noisy) - image))
                if distance < best and model(tf.constant(noisy[None])).numpy().argmax() != label:
                    best, nearest, largest = distance, noisy, 1.2 * p
                    break
        np.testing.assert_allclose(made[i], nearest, atol=1e-6)

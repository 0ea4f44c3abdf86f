"""The critic of reconstructions: whom each part of the loss moves, its values, and its file."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.layers import PatchDiscriminator
from keras_ae.objectives import CriticizedAutoencoder

array = keras.ops.convert_to_numpy


def _images(count: int = 16) -> np.ndarray:
    return np.random.default_rng(0).random((count, 8, 8, 1)).astype("float32")


def _model(weight: float = 0.5, bottleneck="dense") -> CriticizedAutoencoder:
    keras.utils.set_random_seed(0)
    plain = kae.architectures.fully_connected((8, 8, 1), (4,), hidden=(8,), bottleneck=bottleneck)
    parts = (plain.encoder, plain.bottleneck, plain.decoder)
    model = CriticizedAutoencoder(*parts, critic=PatchDiscriminator((4,), normalized=False), weight=weight)
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    return model


def _softplus(values):
    return np.log1p(np.exp(values.astype("float64")))


def test_the_loss_is_the_sum_of_its_parts_and_without_the_critic_in_validation():
    model, images = _model(), _images()
    y = model(images, training=True)
    real, fake = (array(model.critic(each)) for each in (images, y))
    cross_entropy = (_softplus(-real).mean() + _softplus(fake).mean()) / 2
    error = np.square(array(y) - images).mean()
    expected = error + 0.5 * _softplus(-fake).mean() + cross_entropy
    assert float(model.compute_loss(images, None, y)) == pytest.approx(expected, rel=1e-4)
    assert float(model.critic_loss.result()) == pytest.approx(cross_entropy, rel=1e-4)
    assert float(model.compute_loss(images, None, y, training=False)) == pytest.approx(error, rel=1e-4)


@pytest.mark.tensorflow
def test_each_part_moves_its_own_player():
    import tensorflow as tf

    model, images = _model(), _images()
    with tf.GradientTape(persistent=True) as tape:
        y = model(images, training=True)
        loss = model.compute_loss(images, None, y)
        cross_entropy = model.critic.cross_entropy(images, y)
        alone = tf.reduce_mean(tf.square(y - images)) + 0.5 * tf.reduce_mean(tf.nn.softplus(-model.critic(y)))
    critic = model.critic.trainable_variables
    for variable in model.trainable_variables:
        ours = any(variable is each for each in critic)
        expected = tape.gradient(cross_entropy if ours else alone, variable)
        np.testing.assert_allclose(tape.gradient(loss, variable), expected, rtol=1e-3, atol=1e-6)


def test_it_is_trained_and_saved_with_its_critic(tmp_path):
    model, images = _model(bottleneck="variational"), _images()
    before = [array(v).copy() for v in model.critic.trainable_variables]
    logs = model.fit(images, epochs=2, validation_data=(images, None), verbose=0).history
    assert sorted(logs) == ["critic", "loss", "penalty", "val_critic", "val_loss", "val_penalty"]
    assert all(np.any(array(v) != old) for v, old in zip(model.critic.trainable_variables, before, strict=True))
    model.critic_weight.assign(0.25)
    model.save(tmp_path / "model.keras")
    loaded = kae.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(array(loaded(images)), array(model(images)), atol=1e-6)
    np.testing.assert_allclose(array(loaded.critic(images)), array(model.critic(images)), atol=1e-6)
    assert float(loaded.critic_weight) == 0.25


def test_what_is_no_critic_and_several_codes_are_refused():
    plain = kae.architectures.fully_connected((8, 8, 1), (4,), hidden=(8,), bottleneck="importance_weighted")
    parts = (plain.encoder, plain.bottleneck, plain.decoder)
    with pytest.raises(InputError, match="a Dense as critic"):
        CriticizedAutoencoder(*parts, critic=keras.layers.Dense(1))
    for bottleneck in (plain.bottleneck, "importance_weighted"):
        with pytest.raises(InputError, match="beside a bottleneck of 5 codes"):
            CriticizedAutoencoder(plain.encoder, bottleneck, plain.decoder)


def test_training_keeps_the_norms_of_the_critics_kernels_up_to_date():
    keras.utils.set_random_seed(0)
    plain = kae.architectures.fully_connected((8, 8, 1), (4,), hidden=(8,))
    parts = (plain.encoder, plain.bottleneck, plain.decoder)
    model = CriticizedAutoencoder(*parts, critic=PatchDiscriminator((4,)), weight=0.5)
    model.compile(keras.optimizers.Adam(0.02), "mse", jit_compile=False)
    model.fit(_images(), epochs=20, verbose=0)
    for layer in (*model.critic.dense, model.critic.logit):
        kernel = array(layer.layer.kernel)
        norm = np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), 2)
        vector = array(layer.vector)
        assert np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]) @ vector) == pytest.approx(norm, rel=0.02)


def test_logits_that_are_held_have_no_gradient_for_the_critic():
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("needs Keras's TensorFlow backend")
    critic, rows = PatchDiscriminator((4,)), tf.constant(_images())
    critic.build(rows.shape)
    before = array(critic.logit.vector)
    with tf.GradientTape() as tape:
        tape.watch(rows)
        logits = tf.reduce_sum(critic.held(rows))
    moved = tape.gradient(logits, [rows, *critic.trainable_variables])
    assert np.abs(moved[0]).max() > 0
    assert all(np.abs(each).max() == 0 for each in moved[1:])
    np.testing.assert_array_equal(array(critic.logit.vector), before)

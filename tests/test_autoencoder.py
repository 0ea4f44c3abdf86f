"""What Autoencoder adds to a Keras model: targets, penalties, weights of images, automatic choices."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae.errors import InputError
from keras_ae.execution import DENSE_STEPS, choose_execution


def _images(count=32, shape=(6, 4, 1), seed=0):
    return np.random.default_rng(seed).random((count, *shape)).astype("float32")


def _model(bottleneck="dense", seed=0):
    keras.utils.set_random_seed(seed)
    return kae.architectures.fully_connected((6, 4, 1), (3,), hidden=(8,), bottleneck=bottleneck)


def _trained(*data, steps=1, **options):
    model = _model()
    model.compile(keras.optimizers.Adam(1e-2), "mse", steps_per_execution=steps)
    history = model.fit(*data, batch_size=8, epochs=2, verbose=0, shuffle=False, **options)
    return model, history.history


def _array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_the_target_is_the_input_where_none_is_given():
    images = _images()
    alone, pairs = _trained(images), _trained(images, images)
    assert alone[1]["loss"] == pairs[1]["loss"]
    for a, b in zip(alone[0].get_weights(), pairs[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_pairs_train_it_to_denoise():
    clean = _images()
    noisy = np.clip(clean + _images(seed=1) - 0.5, 0, 1)
    _, history = _trained(noisy, clean, validation_data=(noisy, clean))
    model = _model()
    expected = np.mean((_array(model(noisy)) - clean) ** 2)
    model.compile("adam", "mse")
    assert model.evaluate(noisy, clean, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert np.isfinite(history["val_loss"]).all()


def test_metrics_compare_with_the_input_too():
    model = _model()
    model.compile("adam", "mae", metrics=["mse"])
    images = _images()
    result = model.evaluate(images, verbose=0, return_dict=True)
    assert result["mse"] == pytest.approx(np.mean((_array(model(images)) - images) ** 2), rel=1e-5)


def test_one_weight_an_image_weighs_images_and_not_columns():
    images, model = _images(count=4), _model()  # as many images as columns
    model.compile("adam", "mse")
    weights = np.array([1.0, 0.0, 0.0, 0.0], "float32")
    loss = model.evaluate(images, images, sample_weight=weights, batch_size=4, verbose=0)
    errors = np.mean((_array(model(images)) - images) ** 2, axis=(1, 2, 3))
    assert loss == pytest.approx(errors[0] / 4, rel=1e-4)


def test_loss_is_reconstruction_plus_penalty_and_both_are_shown():
    model, images = _model("variational"), _images()
    model.compile("adam", "mse", metrics=["mse"])
    result = model.evaluate(images, batch_size=32, verbose=0, return_dict=True)
    mean, log_std = model.bottleneck.posterior(model.encoder(images))
    mean, log_std = _array(mean), _array(log_std)
    kl = np.sum(0.5 * (mean**2 + np.exp(2 * log_std) - 2 * log_std - 1), axis=-1).mean()
    assert result["penalty"] == pytest.approx(kl, rel=1e-5)
    assert result["loss"] == pytest.approx(result["mse"] + kl, rel=1e-5)


def test_a_model_without_penalty_shows_none():
    assert "penalty" not in _trained(_images())[1]


def test_encode_then_decode_is_reconstruct_and_predict():
    model, images = _model(), _images()
    once = _array(model.decode(model.encode(images)))
    np.testing.assert_allclose(once, _array(model.reconstruct(images)), atol=1e-6)
    np.testing.assert_allclose(once, model.predict(images, verbose=0), atol=1e-6)
    assert model.image_shape == (6, 4, 1)
    assert model.code_shape == (3,)


def test_a_target_of_another_shape_is_refused():
    model = _model()
    model.compile("adam", "mse")
    with pytest.raises(InputError, match=r"target images of \(5, 4, 1\)"):
        model.fit(_images(), _images(shape=(5, 4, 1)), verbose=0)


def test_parts_that_do_not_fit_are_refused():
    encoder = kae.networks.fully_connected_encoder((6, 4, 1))
    decoder = kae.networks.fully_connected_decoder((5,), (6, 4, 1))
    with pytest.raises(InputError, match=r"codes of \(3,\).*codes of \(5,\)"):
        kae.Autoencoder(encoder, kae.bottlenecks.Dense(3), decoder)


@pytest.mark.tensorflow
def test_several_steps_an_execution_train_the_same():
    images = _images(count=40)
    one, many = _trained(images, steps=1), _trained(images, steps=3)
    for a, b in zip(one[0].get_weights(), many[0].get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.tensorflow
def test_automatic_execution_is_by_kind_of_model_and_can_be_overridden():
    dense = _model()
    convolutional = kae.architectures.strided((8, 8, 1), (3,), filters=2, strided_layers=2)
    assert choose_execution(dense).steps_per_execution == DENSE_STEPS
    assert choose_execution(dense).jit_compile
    assert choose_execution(convolutional).steps_per_execution == 1
    chosen = choose_execution(convolutional, jit_compile=True, steps_per_execution=4)
    assert (chosen.jit_compile, chosen.steps_per_execution) == (True, 4)
    dense.compile(jit_compile=False, steps_per_execution=2)
    assert (dense.jit_compile, dense.steps_per_execution) == (False, 2)


class _Calls(keras.callbacks.Callback):
    """Counts the calls of the training step, and those of the test step."""

    train = test = 0

    def on_train_batch_end(self, batch, logs=None):
        self.train += 1

    def on_test_batch_end(self, batch, logs=None):
        self.test += 1


def _endless(count=8):
    import tensorflow as tf

    return tf.data.Dataset.from_tensors(_images(count)).repeat()


@pytest.mark.tensorflow
def test_as_many_steps_are_made_as_asked_for():
    model = _model()
    model.compile(jit_compile=False)
    made = []
    for steps, expected in ((30, 1), (7, 1), (120, 3), (30, 1)):
        calls = _Calls()
        model.fit(_endless(), steps_per_epoch=steps, verbose=0, callbacks=[calls])
        made.append(int(model.optimizer.iterations))
        assert calls.train == expected
        assert model.steps_per_execution == DENSE_STEPS
    assert made == [30, 37, 157, 187]


@pytest.mark.tensorflow
def test_a_step_is_traced_once_for_a_number_of_steps_a_call():
    traces = []

    class Traced(kae.Autoencoder):
        def compute_loss(self, *arguments, **keywords):
            traces.append(self.steps_per_execution)
            return super().compute_loss(*arguments, **keywords)

    model = _model()
    model = Traced(model.encoder, model.bottleneck, model.decoder)
    model.compile(jit_compile=False)
    for steps in (4, 6):
        model.fit(_endless(), steps_per_epoch=steps, verbose=0)
    once = list(traces)
    for steps in (4, 6, 4):
        model.fit(_endless(), steps_per_epoch=steps, verbose=0)
    assert traces == once
    assert set(once) == {4, 6}


@pytest.mark.tensorflow
def test_as_many_batches_are_evaluated_and_predicted_as_asked_for():
    model = _model()
    model.compile(jit_compile=False)
    calls = _Calls()
    model.fit(
        _endless(), steps_per_epoch=6, validation_data=_endless(), validation_steps=4, verbose=0, callbacks=[calls]
    )
    assert (calls.train, calls.test) == (3, 2)  # of two steps, which divide both
    calls = _Calls()
    model.evaluate(_endless(), steps=60, verbose=0, callbacks=[calls])
    assert calls.test == 2
    assert len(model.predict(_endless(), steps=3, verbose=0)) == 24


@pytest.mark.tensorflow
def test_a_number_of_steps_a_call_that_was_given_stays():
    model = _model()
    model.compile(jit_compile=False, steps_per_execution=4)
    model.fit(_endless(), steps_per_epoch=6, verbose=0)
    assert int(model.optimizer.iterations) == 8  # as Keras has it


@pytest.mark.tensorflow
def test_a_strategy_is_heeded_when_compiled_outside_its_scope():
    import tensorflow as tf

    with tf.distribute.OneDeviceStrategy("/cpu:0").scope():
        model = _model()
    model.compile()
    assert not model.jit_compile
    assert model.steps_per_execution == 1


def test_a_saved_model_loads_compiled_and_continues(tmp_path):
    images = _images()
    model, _ = _trained(images)
    model.save(tmp_path / "model.keras")
    loaded = kae.load_model(tmp_path / "model.keras")
    for m in (model, loaded):
        m.fit(images, batch_size=8, epochs=1, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert int(loaded.optimizer.iterations) == int(model.optimizer.iterations)

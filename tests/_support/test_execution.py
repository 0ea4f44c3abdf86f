"""How many steps a call makes and whether XLA compiles it, chosen automatically or given."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae._support.execution import MANY_STEPS, choose_execution, on_cpu

pytestmark = pytest.mark.tensorflow


def _images(count=32, seed=0):
    return np.random.default_rng(seed).random((count, 6, 4, 1)).astype("float32")


def _model(architecture="fully_connected"):
    keras.utils.set_random_seed(0)
    if architecture == "strided":
        return kae.architectures.strided((6, 4, 1), (3,), filters=2, strided_layers=1, decoder_layers=1)
    return kae.architectures.fully_connected((6, 4, 1), (3,), hidden=(8,))


@pytest.mark.thorough
@pytest.mark.parametrize("architecture", ["fully_connected", "strided"])
def test_several_steps_an_execution_train_the_same(architecture):
    images, weights = _images(count=40), []
    for steps in (1, 3):
        model = _model(architecture)
        model.compile(keras.optimizers.Adam(1e-2), steps_per_execution=steps)
        model.fit(images, batch_size=8, epochs=2, verbose=0, shuffle=False)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_automatic_execution_is_by_kind_of_model_and_can_be_overridden():
    dense = _model()
    convolutional = kae.architectures.strided((28, 28, 1), (3,), filters=32, strided_layers=2)
    assert choose_execution(dense).steps_per_execution == MANY_STEPS
    assert choose_execution(dense).jit_compile
    assert choose_execution(convolutional).steps_per_execution == 1
    windows = kae.architectures.lea_fc((8, 8, 1), (2,), window=2, classes=3, units=4)
    assert choose_execution(windows).steps_per_execution == MANY_STEPS
    assert choose_execution(windows).jit_compile != on_cpu()
    assert choose_execution(kae.architectures.lea_fc((8, 8, 1), (2,), window=8, classes=3, units=4)).jit_compile
    chosen = choose_execution(convolutional, jit_compile=True, steps_per_execution=4)
    assert (chosen.jit_compile, chosen.steps_per_execution) == (True, 4)
    dense.compile(jit_compile=False, steps_per_execution=2)
    assert (dense.jit_compile, dense.steps_per_execution) == (False, 2)


@pytest.mark.parametrize("filters", [2, 64])
def test_convolutions_make_many_steps_a_call_if_these_are_short(filters):
    model = kae.architectures.strided((8, 8, 1), (3,), filters=filters, strided_layers=2)
    short = model.count_params() * 8 * 8 < 4_000_000
    assert short == (filters == 2)
    assert choose_execution(model).steps_per_execution == (MANY_STEPS if short and on_cpu() else 1)
    assert not (choose_execution(model).jit_compile and on_cpu())


def test_a_model_whose_images_have_any_size_makes_one_step_a_call():
    images = keras.Input((None, None, 1))
    model = keras.Model(images, keras.layers.Conv2D(1, 3)(images))
    assert choose_execution(model).steps_per_execution == 1


@pytest.mark.filterwarnings("error:.*shuffle=True")
def test_keras_does_not_warn_that_pipelines_are_not_shuffled():
    data, model = (
        kae.data.load("digits", limit=40),
        kae.architectures.fully_connected((8, 8, 1), (2,), hidden=(4,)),
    )
    model.compile("adam", "mse")
    model.fit(data.train, epochs=1, verbose=0)
    model.fit(x=data.train, epochs=1, verbose=0)


@pytest.mark.parametrize("train", ["fit", "train_on_batch"])
def test_a_step_is_traced_once(train):
    traced = []

    class Traced(kae.Autoencoder):
        def train_step(self, data):
            traced.append(data)
            return super().train_step(data)

    parts = _model()
    model = Traced(parts.encoder, parts.bottleneck, parts.decoder)
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False, steps_per_execution=1)
    for _ in range(2):
        getattr(model, train)(_images(8))
    assert len(traced) == 1


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


def test_as_many_steps_are_made_as_asked_for():
    model = _model()
    model.compile(jit_compile=False)
    made = []
    for steps, expected in ((30, 1), (7, 1), (120, 3), (30, 1)):
        calls = _Calls()
        model.fit(_endless(), steps_per_epoch=steps, verbose=0, callbacks=[calls])
        made.append(int(model.optimizer.iterations))
        assert calls.train == expected
        assert model.steps_per_execution == MANY_STEPS
    assert made == [30, 37, 157, 187]


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


def test_a_number_of_steps_a_call_that_was_given_stays():
    model = _model()
    model.compile(jit_compile=False, steps_per_execution=4)
    model.fit(_endless(), steps_per_epoch=6, verbose=0)
    assert int(model.optimizer.iterations) == 8  # as Keras has it


def test_a_strategy_is_heeded_when_compiled_outside_its_scope():
    import tensorflow as tf

    with tf.distribute.OneDeviceStrategy("/cpu:0").scope():
        model = _model()
    model.compile()
    assert not model.jit_compile
    assert model.steps_per_execution == 1


def test_a_refused_call_leaves_a_model_that_trains():
    images, model = _images(), _model()
    model.compile(jit_compile=False, metrics=["mae"])
    labels = np.zeros(len(images))
    for call in (model.evaluate, model.train_on_batch, model.fit):
        with pytest.raises(InputError, match="target images"):
            call(images, labels)
    assert np.isfinite(model.fit(images, validation_data=images, verbose=0).history["val_mae"]).all()

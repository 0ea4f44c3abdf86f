"""Trainings with the fused Adam: histories are those of Keras's own, interrupted ones end the same, one trace."""

import keras
import numpy as np
import pytest

from keras_ae import optimizers
from keras_ae._support.errors import InputError

pytestmark = pytest.mark.tensorflow
resumed = pytest.importorskip("resumed_training", exc_type=ImportError)


@pytest.mark.thorough
@pytest.mark.parametrize("jit", [False, True], ids=["graph", "XLA"])
def test_histories_equal_keras_s(jit):
    def history(kind):
        model = resumed.classifier(jit_compile=jit, optimizer=kind(0.01))
        return model.fit(resumed.stream(0, 20), epochs=2, steps_per_epoch=10, verbose=0).history

    own, of_keras = history(optimizers.Adam), history(keras.optimizers.Adam)
    assert own.keys() == of_keras.keys()
    for name, values in of_keras.items():
        np.testing.assert_allclose(own[name], values, rtol=1e-5)


@pytest.mark.parametrize("options", [{}, {"mode": "joint"}], ids=["alternate", "joint"])
def test_several_objectives_train_as_with_keras_s(options):
    def history(kind):
        model = resumed.two_objectives(**options)
        config = dict(mode=model.mode, jit_compile=False, steps_per_execution=1)
        model.compile(kind(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True), **config)
        assert all(type(optimizer) is kind for optimizer in model.optimizers)
        return model.fit(resumed.stream(0, 20), epochs=2, steps_per_epoch=10, verbose=0).history

    own, of_keras = history(optimizers.Adam), history(keras.optimizers.Adam)
    for name, values in of_keras.items():
        np.testing.assert_allclose(own[name], values, rtol=1e-5)


@pytest.mark.thorough
def test_interrupted_training_ends_with_the_same_bits(tmp_path):
    def model():
        return resumed.classifier(optimizer=optimizers.Adam(0.01, use_ema=True))

    alone = resumed.train(model(), tmp_path / "alone")
    with pytest.raises(resumed.Interrupted):
        resumed.train(model(), tmp_path / "broken", interrupt=resumed.Interrupt("on_train_batch_begin", 7))
    resumed.assert_same(resumed.train(model(), tmp_path / "broken"), alone)


def test_adam_by_name_is_keras_s():
    model = resumed.classifier(optimizer="adam")
    assert type(model.optimizer) is keras.optimizers.Adam


@pytest.mark.thorough
def test_a_checkpoint_of_keras_s_adam_is_gone_on_with_where_rounding_may_differ(tmp_path):
    with pytest.raises(resumed.Interrupted):
        resumed.train(resumed.classifier(), tmp_path, interrupt=resumed.Interrupt("on_train_batch_begin", 7))

    def fused():
        return resumed.classifier(optimizer=optimizers.Adam(0.01))

    with pytest.raises(InputError, match=r"step of Adam fused; expected Keras's.*--allow-inexact"):
        resumed.train(fused(), tmp_path)
    arrays, _ = resumed.train(fused(), tmp_path, allow_inexact=True)
    expected, _ = resumed.train(resumed.classifier(), tmp_path / "alone")
    for one, other in zip(arrays, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_the_step_is_traced_once(tmp_path):
    """Where it makes the optimizer's or the metrics' variables itself, TensorFlow traces it again without."""
    model, traced = resumed.classifier(optimizer=optimizers.Adam(0.01)), []
    step = model.train_step

    def counted(data):
        traced.append(data)
        return step(data)

    model.train_step = counted
    resumed.train(model, tmp_path)
    assert len(traced) == 1

"""Training one half anew: what is kept, what is new, and what training then moves."""

import random

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.runs import with_new_half


@pytest.fixture(scope="module")
def trained():
    model = kae.architectures.strided((8, 8, 1), (3,), filters=2, strided_layers=2, bottleneck="variational")
    generator = np.random.default_rng(0)
    # As if it had been trained; with weights up to 1 its scales would overflow.
    model.set_weights([0.2 * generator.random(weight.shape) for weight in model.weights])
    return model


def _parts(model, *names):
    return [weight for name in names for weight in getattr(model, name).get_weights()]


def _equal(weights, others):
    return [np.array_equal(x, y) for x, y in zip(weights, others, strict=True)]


@pytest.mark.parametrize(
    ("new", "kept"),
    [("decoder", ("encoder", "bottleneck")), ("encoder", ("decoder",))],
    ids=["decoder", "encoder"],
)
def test_one_half_is_kept_and_the_other_begins_anew(trained, new, kept):
    renewed = {"encoder", "bottleneck", "decoder"}.difference(kept)
    before, state = trained.get_weights(), random.getstate()
    first, again, other = (with_new_half(trained, new, seed) for seed in (1, 1, 2))
    assert random.getstate() == state
    assert all(_equal(trained.get_weights(), before))
    assert all(_equal(_parts(first, *kept), _parts(trained, *kept)))
    assert not any(_equal(_parts(first, *renewed), _parts(trained, *renewed)))
    assert all(_equal(first.get_weights(), again.get_weights()))
    kernels = [np.ndim(weight) > 1 for weight in _parts(first, *renewed)]
    assert _equal(_parts(first, *renewed), _parts(other, *renewed)) == [not kernel for kernel in kernels]

    images = np.random.default_rng(1).random((8, 8, 8, 1)).astype("float32")
    codes = keras.ops.convert_to_numpy(first.encode(images))
    first.compile("adam")
    first.fit(images, epochs=1, verbose=0)
    assert all(_equal(_parts(first, *kept), _parts(trained, *kept)))  # batch normalisations' statistics too
    assert not any(_equal(_parts(first, *renewed), _parts(again, *renewed)))
    same = np.array_equal(keras.ops.convert_to_numpy(first.encode(images)), codes)
    assert same == (new == "decoder")


def test_a_half_that_was_frozen_is_trained_when_it_is_new(trained):
    copy = with_new_half(with_new_half(trained, "decoder", 1), "encoder", 2)
    assert len(copy.trainable_variables) == len(trained.encoder.trainable_variables) + 4


def test_an_unknown_half_is_refused(trained):
    with pytest.raises(InputError, match="one of decoder, encoder"):
        with_new_half(trained, "bottleneck", 1)

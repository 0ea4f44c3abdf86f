"""The thesis's window autoencoders: parameters, types and the loss."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError

window_autoencoder = kae.architectures.window_autoencoder

# Table 3.1: 10 code values, 32 kernels, kernel size 3.
PARAMETERS = {
    ("dense", "sb", (28, 28, 1)): 51_723,
    ("dense", "fc", (28, 28, 1)): 2_493_914,
    ("dense", "conv", (28, 28, 1)): 25_776_186,
    ("dense", "sb", (4, 4, 32)): 41_866,
    ("dense", "fc", (4, 4, 32)): 1_071_626,
    ("dense", "conv", (4, 4, 32)): 301_386,
    ("variational", "sb", (28, 28, 1)): 52_053,
    ("variational", "fc", (28, 28, 1)): 2_509_604,
    ("variational", "conv", (28, 28, 1)): 25_776_516,
    ("variational", "sb", (4, 4, 32)): 42_196,
    ("variational", "fc", (4, 4, 32)): 1_081_876,
    ("variational", "conv", (4, 4, 32)): 301_716,
}
SAME = {"dense": "k_sparse", "variational": "capacity_controlled"}


@pytest.mark.parametrize(("case", "expected"), PARAMETERS.items())
def test_parameters_are_those_of_table_3_1(case, expected):
    bottleneck, pair, shape = case
    for kind in (bottleneck, SAME[bottleneck]):
        assert window_autoencoder(shape, (10,), pair, 32, 3, bottleneck=kind).count_params() == expected


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("bottleneck", "pair"),
    [("dense", "fc"), ("k_sparse", "conv"), ("variational", "sb"), ("capacity_controlled", "conv")],
)
def test_every_type_and_pair_learns_to_reconstruct(bottleneck, pair):
    images = np.random.default_rng(0).random((32, 6, 4, 1)).astype("float32")
    model = window_autoencoder((6, 4, 1), (6,), pair, 4, bottleneck=bottleneck)
    options = {"metrics": ["mse"], "jit_compile": False, "steps_per_execution": 1}
    model.compile(keras.optimizers.Adam(1e-2), kae.losses.SumSquaredError(), **options)
    logs = model.fit(images, epochs=8, batch_size=16, verbose=0).history
    assert logs["mse"][-1] < logs["mse"][0]


def test_the_loss_is_a_sum_over_values_and_a_mean_over_images():
    images = np.random.default_rng(0).random((4, 3, 5, 2)).astype("float32")
    model = window_autoencoder((3, 5, 2), (3,))
    model.compile("adam", kae.losses.SumSquaredError())
    errors = (keras.ops.convert_to_numpy(model(images)) - images) ** 2
    assert model.evaluate(images, verbose=0) == pytest.approx(errors.sum((1, 2, 3)).mean(), rel=1e-5)
    weighted = model.evaluate(images, images, sample_weight=np.array([1.0, 0, 0, 0]), verbose=0)
    assert weighted == pytest.approx(errors[0].sum() / 4, rel=1e-5)


def test_impossible_options_are_refused():
    with pytest.raises(InputError, match="conv, fc, sb"):
        window_autoencoder((4, 4, 1), (3,), "full")


@pytest.mark.parametrize("architecture", ["window_autoencoder", "fully_connected", "strided"])
@pytest.mark.parametrize("code_shape", [(2, 2, 3), 3, (0,), ("3",), ()])
def test_codes_that_are_no_vectors_are_refused(architecture, code_shape):
    with pytest.raises(InputError, match="give the code's length alone"):
        getattr(kae.architectures, architecture)((8, 8, 1), code_shape)

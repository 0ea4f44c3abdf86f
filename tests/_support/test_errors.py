import numpy as np
import pytest

from keras_ae._support.errors import InputError, listed_names, refusal_within, unknown_name
from keras_ae.catalogue import ARCHITECTURES, ATTACKS


@pytest.mark.parametrize(
    ("given", "listed"),
    [
        ("mse", ("mse",)),
        (["mse", "mae"], ("mse", "mae")),
        ((), ()),
        (iter(["mse"]), ("mse",)),
        (0, (0,)),
        (np.array([1, 0]), (1, 0)),
        (np.array(1), (1,)),
    ],
    ids=["name", "list", "nothing", "iterator", "number", "array", "array of none"],
)
def test_a_string_is_one_name(given, listed):
    assert listed_names(given) == listed


@pytest.mark.parametrize("given", [3, True, None, object(), ["mse"], np.eye(2)], ids=lambda x: type(x).__name__)
def test_what_is_no_string_is_refused_as_a_name_in_one_line(given):
    line = str(unknown_name("score", given, ("mse", "ssim")))
    assert line.startswith("received score ")
    assert "expected one of mse, ssim" in line
    assert "\n" not in line
    assert repr(given).split()[0] in line


def test_the_nearest_names_are_suggested():
    assert "did you mean 'mse'?" in str(unknown_name("score", "mes", ("mse", "ssim_map")))


@pytest.mark.parametrize("catalogue", [ATTACKS, ARCHITECTURES], ids=["closed", "open"])
@pytest.mark.parametrize("given", [3, ["deep_fool"], object()], ids=["number", "list", "object"])
def test_a_catalogue_refuses_what_is_no_name(catalogue, given):
    with pytest.raises(ValueError, match=f"received {catalogue.kind} .*; expected one of"):
        catalogue[given]


def test_a_refusal_that_tensorflow_wrapped_is_told_as_it_was():
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("needs TensorFlow")
    import tensorflow as tf

    def refuse(row):
        raise InputError(f"row {row}", "another row", "leave it out")

    rows = tf.data.Dataset.range(3).map(lambda row: tf.numpy_function(refuse, [row], tf.int64))
    with pytest.raises(tf.errors.OpError) as caught:
        list(rows)
    assert refusal_within(caught.value) == "received row 0; expected another row; leave it out"
    assert refusal_within(ValueError("something else")) is None

"""What all tests share."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# On JAX compiling takes most of the tests' time; without optimisations they take a quarter less.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # How long an example takes tells how busy the machine is.
settings.load_profile("untimed")


def pytest_collection_modifyitems(items):
    """Skip the tests that need TensorFlow where Keras runs on another backend."""
    import keras

    if keras.backend.backend() == "tensorflow":
        return
    for item in items:
        if item.get_closest_marker("tensorflow"):
            item.add_marker(pytest.mark.skip(reason="needs Keras's TensorFlow backend"))


@pytest.fixture(autouse=True)
def _same_seed():
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture(autouse=True, scope="session")
def _untuned_pipelines():
    """While a pipeline tunes itself, as those of arrays in `fit` do, ending it can take up to a minute."""
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    iterate, untuned = tf.data.Dataset.__iter__, tf.data.Options()
    untuned.autotune.enabled = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.data.Dataset, "__iter__", lambda dataset: iterate(dataset.with_options(untuned)))
        yield


@pytest.fixture(autouse=True)
def _no_flushing(request, monkeypatch):
    """No waiting for a disk that may be busy: no test cuts the power."""
    if not request.node.get_closest_marker("flushing"):
        monkeypatch.setattr("keras_ae._support.files.os.fsync", lambda handle: None)

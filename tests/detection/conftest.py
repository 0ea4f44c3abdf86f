import keras
import numpy as np
import pytest

import keras_ae as kae


@pytest.fixture(scope="module")
def model():
    """An autoencoder of 6 × 5 × 2 images, with random weights."""
    keras.utils.set_random_seed(3)
    return kae.architectures.fully_connected((6, 5, 2), (3,), hidden=(16,))


@pytest.fixture(scope="module")
def variational():
    keras.utils.set_random_seed(4)
    return kae.architectures.fully_connected((6, 5, 2), (3,), hidden=(16,), bottleneck="variational")


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((60, 6, 5, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def others():
    return np.random.default_rng(1).beta(0.3, 0.3, (7, 6, 5, 2)).astype(np.float32)

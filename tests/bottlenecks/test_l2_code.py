"""The RAE's penalty of codes against NumPy, and that it keeps codes small."""

import numpy as np
import pytest
from bottlenecks.penalized_training import array, penalty, plain_codes, trained

from keras_ae.bottlenecks import L2Code


@pytest.mark.parametrize("shape", [(5, 6), (5, 2, 3, 6)])
def test_it_is_half_the_squared_length_of_an_images_code_averaged_over_images(shape):
    features = np.random.default_rng(0).normal(size=shape).astype("float32")
    bottleneck = L2Code(3, weight=0.25)
    found = penalty(bottleneck, features)
    code = array(bottleneck(features)).astype("float64").reshape(5, -1)
    assert found == pytest.approx(0.25 * np.mean(0.5 * np.sum(code**2, axis=1)), rel=1e-5)


def test_noise_is_not_penalised():
    features = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")
    bottleneck = L2Code(3, noise=1.0)
    assert penalty(bottleneck, features) == pytest.approx(penalty(bottleneck, features, training=False))


def test_codes_stay_smaller_while_the_loss_falls():
    plain = plain_codes()
    codes, logs = trained(L2Code(2, weight=0.01))
    assert logs["loss"][-1] < logs["loss"][0]
    assert np.sum(codes**2) < 0.5 * np.sum(plain**2)

"""The capacity-controlled bottleneck's penalty, number for number."""

import keras
import numpy as np
import pytest

import keras_ae
from keras_ae.bottlenecks import CapacityControlled
from keras_ae.schedules import linear


def _array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def _features(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def _thesis_kl(bottleneck, features):
    """Eq. 2.24, averaged over the images."""
    mean, log_std = (_array(part).astype("float64") for part in bottleneck.posterior(features))
    variance = np.exp(2 * log_std)
    return (mean**2 + variance - np.log(variance) - 1).sum() / len(features)


@pytest.mark.parametrize("shape", [(4, 6), (4, 2, 3, 6)])
@pytest.mark.parametrize("capacity", [0.0, 1.5, 40.0])
def test_the_penalty_in_training_is_the_distance_from_the_capacity(shape, capacity):
    features, bottleneck = _features(*shape), CapacityControlled(3, gamma=5.0, capacity=capacity)
    bottleneck(features, training=True)
    expected = 5.0 * abs(_thesis_kl(bottleneck, features) - capacity)
    assert len(bottleneck.losses) == 1
    np.testing.assert_allclose(_array(bottleneck.losses[0]), expected, rtol=1e-5)


def test_at_inference_the_penalty_is_that_of_a_plain_variational_code():
    features, bottleneck = _features(4, 6), CapacityControlled(3, gamma=5.0, capacity=7.0)
    code = bottleneck(features)
    np.testing.assert_allclose(_array(bottleneck.losses[0]), 0.5 * _thesis_kl(bottleneck, features), rtol=1e-5)
    np.testing.assert_array_equal(_array(code), _array(bottleneck.posterior(features).mean))


def test_a_known_posterior():
    """μ = 2 and σ = 1 in two code values: KL = 8, so |KL − 5| · 10 is 30; ½·KL is 4."""
    bottleneck = CapacityControlled(2, gamma=10.0, capacity=5.0)
    bottleneck.build((None, 1))
    bottleneck.mean.set_weights([np.zeros((1, 2)), np.full(2, 2.0)])
    bottleneck.log_std.set_weights([np.zeros((1, 2)), np.zeros(2)])
    penalties = []
    for training in (True, False):
        bottleneck(np.ones((3, 1), "float32"), training=training)
        penalties.append(float(_array(bottleneck.losses[-1])))
    assert penalties == pytest.approx([30.0, 4.0])


@pytest.mark.tensorflow
def test_the_capacity_rises_linearly_in_the_compiled_step():
    """With μ = 0 and σ = 1 held fixed, the penalty is γ · C itself."""
    encoder = keras_ae.networks.fully_connected_encoder((2, 2, 1), hidden=(3,))
    bottleneck = CapacityControlled(2, gamma=2.0, capacity=8.0, seed=1)
    decoder = keras_ae.networks.fully_connected_decoder((2,), (2, 2, 1), hidden=(3,))
    model = keras_ae.Autoencoder(encoder, bottleneck, decoder)
    for layer in (bottleneck.mean, bottleneck.log_std):
        layer.set_weights([np.zeros(weight.shape) for weight in layer.get_weights()])
    model.compile(keras.optimizers.SGD(0.0), "mse", steps_per_execution=1)
    rise = keras_ae.callbacks.VariableSchedule(bottleneck.schedulable.capacity, linear(0.0, 8.0, 4))
    images = np.zeros((2, 2, 2, 1), "float32")
    logs = model.fit(images, epochs=6, batch_size=2, verbose=0, callbacks=[rise]).history
    assert logs["penalty"] == pytest.approx([0, 4, 8, 12, 16, 16], abs=1e-5)
    assert bottleneck.get_config()["capacity"] == 8.0

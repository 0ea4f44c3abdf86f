"""What is frozen stays so, activations are known by name, and numbers that cannot be are refused."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae import bottlenecks
from keras_ae._support.errors import InputError


def test_a_frozen_code_stays_frozen_when_a_model_is_frozen_and_thawed():
    bottleneck = bottlenecks.Dense(2, frozen=True, normalization="batch")
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,), bottleneck=bottleneck)
    before = [variable.path for variable in model.trainable_variables]
    model.trainable = False
    assert not model.trainable_variables
    model.trainable = True
    assert [variable.path for variable in model.trainable_variables] == before
    assert not any("code" in path.split("/") for path in before)


@pytest.mark.parametrize("kind", [bottlenecks.Dense, bottlenecks.Contractive])
def test_an_activation_given_as_a_function_is_kept_by_name(kind):
    layer = kind(2, activation=keras.activations.gelu)
    assert layer.activation == "gelu"
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    features = np.ones((3, 4), "float32")
    assert np.isfinite(keras.ops.convert_to_numpy(again(features))).all()
    assert bottlenecks.SparseKL(2, activation=keras.activations.sigmoid).activation == "sigmoid"


@pytest.mark.parametrize(
    "make",
    [
        lambda: bottlenecks.WassersteinMMD(2, prior_std=0.0),
        lambda: bottlenecks.WassersteinMMD(2, scales=()),
        lambda: bottlenecks.TotalCorrelation(2, correlation=float("nan")),
        lambda: bottlenecks.InfoVAE(2, alpha=2.0),
        lambda: bottlenecks.InfoVAE(2, lambda_=-1.0),
        lambda: bottlenecks.VarianceCovariance(2, variance=-1.0),
        lambda: bottlenecks.DisentangledPrior(2, off_diagonal=-1.0),
        lambda: bottlenecks.GaussianMixtureRegularized(2, components=2.5),
        lambda: bottlenecks.GaussianMixtureRegularized(2, std=0.0),
        lambda: bottlenecks.FreeBits(2, nats="a"),
        lambda: kae.schedules.Cooldown(1.0, 10, part=0.0),
        lambda: kae.schedules.OneCycle(1.0, 10, rise=1.0),
        lambda: kae.schedules.Warmup(1.0, -1),
        lambda: kae.schedules.linear(0.0, 1.0, 0),
        lambda: kae.layers.BlockCosines(4, 1, 4)(np.zeros((2, 9, 8, 1), "float32")),
    ],
)
def test_numbers_that_cannot_be_are_refused(make):
    with pytest.raises(InputError):
        make()


def test_the_prior_of_a_model_is_a_mixture_or_none():
    def of(bottleneck):
        return kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,), bottleneck=bottleneck)

    assert kae.density.prior_of(of(bottlenecks.EntropyCoded(2))) is None
    assert kae.density.prior_of(of(bottlenecks.Decorrelated(of=bottlenecks.Dense(2)))) is None
    mixture = bottlenecks.GaussianMixtureRegularized(2, placement="unit")
    found = kae.density.prior_of(of(bottlenecks.Decorrelated(of=mixture)))
    assert found.means.tolist() == [[1.0, 0.0], [0.0, 1.0]]

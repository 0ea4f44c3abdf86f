"""Which optimizers a model with several objectives accepts, and what `compile` refuses."""

import keras
import numpy as np
import pytest
import windowed_network as net

from keras_ae._support.errors import InputError

pytestmark = pytest.mark.tensorflow

Adam, SGD = keras.optimizers.Adam, keras.optimizers.SGD


def compiled(**compilation):
    model = net.network()
    model.compile(**{"optimizer": Adam(0.01), "loss": net.cross_entropy(), **compilation})
    return model


def rates(model):
    return [(type(o).__name__, round(float(o.learning_rate), 6)) for o in model.optimizers]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, [("Adam", 0.01), ("Adam", 0.01)]),
        ("sgd", [("SGD", 0.01), ("SGD", 0.01)]),
        (SGD(0.5), [("SGD", 0.5), ("SGD", 0.5)]),
        (keras.optimizers.serialize(SGD(0.5)), [("SGD", 0.5), ("SGD", 0.5)]),
        ([SGD(0.5), "adam"], [("SGD", 0.5), ("Adam", 0.001)]),
        ({"lea2": SGD(0.5), "lea1": Adam(0.1)}, [("Adam", 0.1), ("SGD", 0.5)]),
    ],
)
def test_one_optimizer_for_each_objective(given, expected):
    model = compiled(objective_optimizers=given)
    assert rates(model) == [("Adam", 0.01), *expected]
    assert len({id(optimizer) for optimizer in model.optimizers}) == 3
    assert model.optimizers[0] is model.optimizer


def test_optimizers_are_built_with_exactly_their_variables():
    groups = compiled().variable_groups()
    own = [{v.path for v in group} for group in groups]
    assert sum(map(len, groups)) == len({id(v) for group in groups for v in group}) == 22
    for optimizer, group in zip(compiled().optimizers, groups, strict=True):
        assert len(optimizer.variables) == 2 + 2 * len(group)  # step, rate; two moments a variable
    assert own[0] == {f"{name}/{kind}" for name in net.MAIN for kind in ("kernel", "bias")}


def test_compiling_again_with_the_same_optimizers_keeps_their_state():
    model = net.network()
    main, *local = optimizers = [keras.optimizers.LossScaleOptimizer(Adam()) for _ in range(3)]
    counts = []
    for _ in range(2):
        model.compile(main, net.cross_entropy(), objective_optimizers=local)
        counts.append([len(optimizer.variables) for optimizer in model.optimizers])
        for optimizer in optimizers:
            optimizer.iterations.assign_add(1)
    assert [int(optimizer.iterations) for optimizer in model.optimizers] == [2, 2, 2]
    assert counts[0] == counts[1]


def test_copies_have_variables_of_their_own_names():
    model = compiled()
    paths = [v.path for optimizer in model.optimizers for v in optimizer.variables if "iteration" in v.path]
    assert len(set(paths)) == 3


def test_tau_and_lambda_are_state_but_no_weights():
    model = compiled(mode="joint", objective_weights=np.array([2.0, 0.3]))
    assert model.joint_weights.numbers() == pytest.approx([2.0, 0.3])
    lambda_ = model.joint_weights.local
    assert any(variable is lambda_ for variable in model.variables)
    assert not any(variable is lambda_ for variable in model.trainable_variables)
    assert len(model.weights) == 22
    assert model.count_params() == net.network().count_params()


@pytest.fixture(scope="module")
def model():
    return net.network()


SAME = SGD()


@pytest.mark.parametrize(
    ("compilation", "message"),
    [
        ({"objective_optimizers": ["sgd"]}, "1 objective_optimizers; expected 2, one for each of lea1, lea2"),
        ({"objective_optimizers": []}, "received 0 objective_optimizers"),
        ({"objective_optimizers": ["sgd"] * 3}, "received 3 objective_optimizers"),
        ({"objective_optimizers": {"lea1": "sgd"}}, "for lea1; expected one for each of lea1, lea2"),
        ({"objective_optimizers": {"lea1": "sgd", "lea3": "sgd"}}, "for lea1, lea3; expected"),
        ({"objective_optimizers": [SAME, SAME]}, "same optimizer instance"),
        ({"optimizer": SAME, "objective_optimizers": [SGD(), SAME]}, "same optimizer instance"),
        ({"mode": "alternating"}, "did you mean 'alternate'"),
        ({"mode": None}, "alternate, independent, joint"),
        ({"loss": None}, "received no loss"),
        ({"passes": 3}, "passes=3"),
        ({"passes": 2, "mode": "independent"}, "passes=2 in mode 'independent'"),
        ({"mode": "joint", "objective_optimizers": ["sgd", "sgd"]}, "objective_optimizers in mode 'joint'"),
        ({"objective_weights": (1.0, 0.1)}, "objective_weights in mode 'alternate'"),
        ({"mode": "joint", "objective_weights": (1.0,)}, r"objective_weights \(1.0,\); expected two"),
        ({"mode": "joint", "objective_weights": 0.1}, "objective_weights 0.1; expected two numbers"),
        ({"mode": "joint", "objective_weights": (1.0, -0.1)}, "-0.1.*two numbers, 0 or more"),
        ({"objective_optimizers": Adam(use_ema=True)}, "use_ema=True"),
        ({"optimizer": Adam(use_ema=True), "objective_optimizers": "sgd"}, "use_ema=True"),
    ],
)
def test_refused(compilation, message, model):
    with pytest.raises(InputError, match=message):
        model.compile(**{"optimizer": Adam(0.01), "loss": net.cross_entropy(), **compilation})
    assert not model.compiled


@pytest.mark.parametrize("compilation", [{"mode": "joint"}, {"passes": 2}])
def test_inputs_without_labels_are_refused(compilation):
    with pytest.raises(InputError, match=r"inputs alone.*give labels too"):
        compiled(**compilation).fit(net.data()[0], verbose=0)


@pytest.mark.thorough
def test_moving_averages_are_right_in_mode_joint():
    model = compiled(mode="joint", optimizer=SGD(0.1), steps_per_execution=1)
    history = []

    class Weights(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            history.append(model.get_weights())

    net.train(model, callbacks=[Weights()])
    expected = history[0]
    for weights in history[1:]:
        expected = [0.25 * average + 0.75 * weight for average, weight in zip(expected, weights, strict=True)]

    model = compiled(mode="joint", optimizer=SGD(0.1, use_ema=True, ema_momentum=0.25))
    net.train(model)  # ends by writing the averages into the variables they belong to
    assert len(history) == 3
    for average, weight in zip(expected, model.get_weights(), strict=True):
        np.testing.assert_allclose(weight, average, atol=1e-6)


def test_training_on_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(InputError, match="the jax backend; expected TensorFlow to train; set KERAS_BACKEND"):
        compiled()

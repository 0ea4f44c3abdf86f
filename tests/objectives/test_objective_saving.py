"""A model with several objectives goes on training after loading as if it had never been saved."""

import keras
import numpy as np
import pytest
import windowed_network as net

from keras_ae._support.execution import computing_in

pytestmark = pytest.mark.tensorflow

GO_ON = """
import sys
import keras
import numpy as np
import windowed_network as net

for path in sys.argv[1:]:
    model = keras.saving.load_model(path)
    net.train(model, epochs=2)
    np.savez(path + ".npz", *[v.numpy() for v in net.state(model)])
"""
COMPILATIONS = {
    "alternate": {"objective_optimizers": {"lea1": "adam", "lea2": keras.optimizers.SGD(0.01, momentum=0.9)}},
    "joint": {"mode": "joint", "objective_weights": (1.0, 0.5)},
    "two passes": {"passes": 2, "steps_per_execution": 2},
    "independent": {"mode": "independent"},
}


@pytest.mark.thorough
@pytest.mark.parametrize("names", [["alternate"], pytest.param(list(COMPILATIONS)[1:], marks=pytest.mark.slow)])
def test_training_goes_on_to_the_same_bits_in_a_fresh_process(names, tmp_path):
    models = {}
    for name in names:
        model = models[str(tmp_path / f"{name}.keras")] = net.network()
        model.compile("adam", net.cross_entropy(), metrics=["accuracy"], **COMPILATIONS[name])
        net.train(model, epochs=2)
        if name == "joint":
            model.joint_weights.local.assign(0.1)
    for path, model in models.items():
        model.save(path)
        net.train(model, epochs=2)

    net.run(GO_ON, *models)
    for path, model in models.items():
        loaded = np.load(path + ".npz").values()
        assert all(np.array_equal(a, v.numpy()) for a, v in zip(loaded, net.state(model), strict=True)), path


def test_loading_restores_every_optimizer(tmp_path):
    model = net.network()
    model.compile("adam", net.cross_entropy(), passes=2, objective_optimizers=["adam", "rmsprop"])
    net.train(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert [type(optimizer) for optimizer in loaded.optimizers] == [
        type(optimizer) for optimizer in model.optimizers
    ]
    assert (loaded.mode, loaded.passes) == ("alternate", 2)
    assert loaded.get_compile_config()["jit_compile"] == "auto"
    for one, other in zip(model.optimizers, loaded.optimizers, strict=True):
        assert int(other.iterations) == 3
        assert all(
            np.array_equal(a.numpy(), b.numpy()) for a, b in zip(one.variables, other.variables, strict=True)
        )


def test_weights_file_holds_every_optimizer(tmp_path):
    model = net.network()
    model.compile("adam", net.cross_entropy())
    net.train(model)
    model.save_weights(tmp_path / "model.weights.h5")
    other = net.network(seed=2)
    other.compile("adam", net.cross_entropy())
    other.load_weights(tmp_path / "model.weights.h5")
    assert all(np.array_equal(a, b) for a, b in zip(net.state(model), net.state(other), strict=True))


def test_uncompiled_model_is_saved_and_loaded(tmp_path):
    model = net.network()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    images, _ = net.data()
    assert not loaded.compiled
    assert np.array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))


def test_loading_restores_tau_and_lambda_as_they_were_last(tmp_path):
    model = net.network()
    model.compile("adam", net.cross_entropy(), mode="joint", objective_weights=(2.0, 0.5))
    model.joint_weights.local.assign(0.1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.joint_weights.numbers() == model.joint_weights.numbers() == [2.0, float(np.float32(0.1))]


@pytest.mark.parametrize("policy", ["mixed_float16", "float32"])
def test_loss_scaling_is_neither_doubled_nor_lost_by_loading(policy, tmp_path):
    with computing_in("mixed_float16"):
        model = net.network()
    model.compile("adam", net.cross_entropy())
    for scale, optimizer in enumerate(model.optimizers, start=3):
        optimizer.dynamic_scale.assign(scale)
    model.save(tmp_path / "model.keras")
    with computing_in(policy):
        loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.dtype_policy.name == "mixed_float16"
    assert [type(optimizer.inner_optimizer) for optimizer in loaded.optimizers] == [keras.optimizers.Adam] * 3
    assert [float(optimizer.dynamic_scale) for optimizer in loaded.optimizers] == [3, 4, 5]

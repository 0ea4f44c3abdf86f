"""The private Keras names that `_support/keras_private.py` relies on still exist, and nothing else uses them."""

import ast
from pathlib import Path

import keras
import pytest

import keras_ae
from keras_ae._support import keras_private


def _private_attributes(path):
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


OF_TENSORFLOW = ("_maybe_symbolic_build",)
NAMES = sorted(_private_attributes(keras_private.__file__))


def _model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def test_the_names_are_found():
    assert {"_compile_loss", "_loss_tracker"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_keras_still_has(name):
    if name in OF_TENSORFLOW and keras.backend.backend() != "tensorflow":
        pytest.skip("a name of Keras's TensorFlow trainer")
    model = _model()
    assert any(getattr(owner, name, None) is not None for owner in (model, model.optimizer)), (
        f"Keras {keras.__version__} has no Model.{name}, nor Adam.{name}: see _support/keras_private.py"
    )


def test_keras_still_counts_the_batches_from_one_saving_to_the_next_by():
    callback = keras.callbacks.ModelCheckpoint("model.keras", save_freq=3)
    assert set(keras_private.SAVING_COUNTERS) <= set(vars(callback))


def test_no_other_module_uses_them():
    others = [path for path in Path(keras_ae.__file__).parent.rglob("*.py") if path.name != "keras_private.py"]
    users = {path.name: _private_attributes(path) & set(NAMES) for path in others}
    assert not {name: used for name, used in users.items() if used}


def test_they_do_what_is_expected():
    class Adding(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense, self.mean = keras.layers.Dense(1), keras.metrics.Mean()

        def call(self, x):
            self.add_loss(keras.ops.sum(x))
            return self.dense(x)

    layer, model, ones = Adding(), _model(), keras.ops.ones((3, 2))
    layer(ones)
    assert keras_private.sublayers(layer) == [layer.dense]
    assert keras_private.own_metrics(layer) == [layer.mean]
    assert [float(loss) for loss in keras_private.added_losses(layer)] == [6.0]
    assert float(keras_private.aggregated(model, ones)) == 6.0
    assert float(keras_private.compiled_loss(model, ones, 3 * ones, None)) == 4.0
    assert keras_private.loss_tracker(model).name == "loss"

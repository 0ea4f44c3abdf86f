"""ONNX and LiteRT files, run by their own runtimes."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae import export
from keras_ae._support.errors import InputError

pytestmark = pytest.mark.tensorflow
SHAPE = (8, 8, 1)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return kae.architectures.convolutional(SHAPE, (2, 2, 4), strided_layers=2, width=4, residual_blocks=1)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((5, *SHAPE)).astype(np.float32)


def _endpoint(model):
    return export.portable_endpoint(
        lambda x: {"error": keras.ops.mean((model.reconstruct(x) - x) ** 2, (1, 2, 3)), "codes": model.encode(x)},
        SHAPE,
    )


def _expected(model, images):
    codes, given = (keras.ops.convert_to_numpy(values) for values in (model.encode(images), model(images)))
    return {"codes": codes, "error": ((given - images) ** 2).mean(axis=(1, 2, 3))}


def _onnx(path):
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda images: dict(zip(names, session.run(None, {"images": images}), strict=True))


def _litert(path):
    import tensorflow as tf

    runner = tf.lite.Interpreter(model_path=str(path)).get_signature_runner("serving_default")
    return lambda images: runner(images=images)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
@pytest.mark.parametrize(
    ("write", "read", "name"),
    [
        (lambda _, *arguments: export.write_onnx(*arguments), _onnx, "model.onnx"),
        (export.write_litert, _litert, "model.tflite"),
    ],
)
def test_the_files_compute_what_the_model_does_and_give_nan_for_nan(model, images, tmp_path, write, read, name):
    if name.endswith("onnx"):
        pytest.importorskip("tf2onnx")
        pytest.importorskip("onnxruntime")
    path = tmp_path / name
    assert write(model, "encode", _endpoint(model), path, images).difference <= 1e-5
    run = read(path)
    for key, values in _expected(model, images).items():
        np.testing.assert_allclose(run(images)[key], values, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(run(images[:1])[key], values[:1], rtol=1e-4, atol=1e-5)
    for broken in (np.nan, np.inf):
        spoiled = images.copy()
        spoiled[2, 3, 4] = broken
        for values in run(spoiled).values():
            assert np.isnan(values[2]).all()
            assert np.isfinite(np.delete(values, 2, axis=0)).all()


@pytest.mark.parametrize(
    ("write", "package", "name"),
    [("write_onnx", "onnxruntime", "m.onnx"), ("write_openvino", "openvino", "m.xml")],
)
def test_what_computes_something_else_is_refused(model, images, tmp_path, write, package, name):
    pytest.importorskip("tf2onnx")
    pytest.importorskip(package, reason=f"no package {package}")
    import tensorflow as tf

    fickle = export.portable_endpoint(lambda x: {"shifted": x if tf.executing_eagerly() else x + 1e-4}, SHAPE)
    with pytest.raises(InputError, match=f"{name} that differs"):
        getattr(export, write)("m", fickle, tmp_path / name, images)
    assert not list(tmp_path.iterdir())

"""Single functions of a model as ONNX and LiteRT files."""

import tempfile
from pathlib import Path

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.execution import require_tensorflow
from keras_ae._support.files import write_atomically
from keras_ae.export.conversion import archive, conversion
from keras_ae.export.endpoints import Endpoint
from keras_ae.export.parity import Parity, check_parity

OPSET = 17


def write_onnx(what: str, endpoint: Endpoint, path, images) -> Parity:
    """Write an endpoint of images as ONNX, checked with ONNX Runtime against the function itself.

    Args:
        what: Name of the endpoint, for messages.
        endpoint: Of one input, images; see `portable_endpoint`.
        path: The file.
        images: float32 [n, h, w, c] to compare on.

    Returns:
        How far it is from the function.

    Raises:
        InputError: It differs by more than its outputs may (`check_parity`), or the packages of the extra
            "export" are missing.
    """
    content, names, session = convert_to_onnx(what, endpoint)
    received = dict(zip(names, session.run(names, {"images": images}), strict=True))
    worst = check_parity(f"{what}.onnx", _outputs(endpoint, images), received, endpoint.allowed)
    write_atomically(Path(path), lambda temporary: temporary.write_bytes(content))
    return worst


def convert_to_onnx(what: str, endpoint: Endpoint):
    """An endpoint as ONNX: the content of the file, the names of its outputs, and a session that runs it.

    Raises:
        InputError: ONNX or ONNX Runtime lacks an operation of the endpoint, or packages are missing.
    """
    require_tensorflow()
    try:
        import onnxruntime
        import tf2onnx
    except ImportError as error:
        raise InputError(
            f"the format onnx without {error.name}", "the packages for it", "pip install 'keras-ae[export]'"
        ) from None
    with conversion(what, "onnx"):
        function = endpoint.concrete()
        converted, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=OPSET)
        names = sorted(function.get_concrete_function().structured_outputs)  # as TensorFlow flattens them
        if "images" in names:
            raise InputError(
                f"outputs {names} of {what}.onnx", "other names than that of the input", "rename them"
            )
        for output, name in zip(converted.graph.output, names, strict=True):
            _rename(converted.graph, output.name, name)
        content = converted.SerializeToString()
        return content, names, onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def write_litert(model: keras.Model, what: str, endpoint: Endpoint, path, images) -> Parity:
    """Write an endpoint of images as LiteRT (.tflite), checked with its interpreter against the function itself.

    Args:
        model: Has the variables that the endpoint's function uses.
        what, endpoint, path, images: As of `write_onnx`.

    Returns, Raises: As of `write_onnx`.
    """
    content, runner = convert_to_litert(model, what, endpoint)
    worst = check_parity(f"{what}.tflite", _outputs(endpoint, images), runner(images=images), endpoint.allowed)
    write_atomically(Path(path), lambda temporary: temporary.write_bytes(content))
    return worst


def convert_to_litert(model: keras.Model, what: str, endpoint: Endpoint):
    """An endpoint as LiteRT: the content of the file, and its interpreter's runner.

    Raises:
        InputError: LiteRT lacks an operation of the endpoint.
    """
    require_tensorflow()
    import tensorflow as tf

    with conversion(what, "litert"), tempfile.TemporaryDirectory() as folder:
        # From a SavedModel, which names inputs and outputs.
        archive(model, {"serving_default": endpoint.concrete()}, folder)
        content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
        return content, tf.lite.Interpreter(model_content=content).get_signature_runner("serving_default")


def _outputs(endpoint: Endpoint, images: np.ndarray) -> dict[str, np.ndarray]:
    import tensorflow as tf

    return {name: np.asarray(value) for name, value in endpoint.function(tf.constant(images)).items()}


def _rename(graph, old: str, new: str) -> None:
    """Give an output of a graph another name."""
    for node in graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = new
    for output in graph.output:
        if output.name == old:
            output.name = new

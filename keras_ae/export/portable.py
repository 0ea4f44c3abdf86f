"""Single functions of a model as ONNX and LiteRT files."""

import tempfile
import warnings
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
    """Writes an endpoint of images as ONNX, and checks it with ONNX Runtime against the function itself.

    Args:
        what: Name of the endpoint, for messages.
        endpoint: An endpoint with one input, images; see `portable_endpoint`.
        path: The file to write.
        images: float32 [n, h, w, c] to compare on.

    Returns:
        How far the file's outputs are from the function's.

    Raises:
        InputError: An output differs by more than it may (`check_parity`), or the packages of the extra
            "export" are missing.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> endpoint = kae.export.portable_endpoint(lambda x: {"codes": model.encode(x)}, (4, 4, 1))
        >>> write_onnx("encode", endpoint, "encode.onnx", np.ones((2, 4, 4, 1), "float32")).holds
        True
    """
    content, names, session = convert_to_onnx(what, endpoint)
    received = dict(zip(names, session.run(names, {"images": images}), strict=True))
    worst = check_parity(f"{what}.onnx", evaluated(endpoint, images), received, endpoint.allowed)
    write_atomically(Path(path), lambda temporary: temporary.write_bytes(content))
    return worst


def convert_to_onnx(what: str, endpoint: Endpoint):
    """Converts an endpoint to ONNX; returns the file's content, its outputs' names, and a session that runs it.

    Raises:
        InputError: ONNX or ONNX Runtime lacks an operation of the endpoint, or packages are missing.

    Example:
        >>> endpoint = kae.export.portable_endpoint(lambda x: {"mean": ops.mean(x, axis=(1, 2, 3))}, (4, 4, 1))
        >>> content, names, session = convert_to_onnx("brightness", endpoint)
        >>> names, session.run(names, {"images": np.ones((2, 4, 4, 1), "float32")})[0].tolist()
        (['mean'], [1.0, 1.0])
    """
    require_tensorflow("export")
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
    """Writes an endpoint of images as LiteRT (.tflite), and checks it with its interpreter against the function.

    Args:
        model: The model whose variables the endpoint's function uses.
        what, endpoint, path, images: See `write_onnx`.

    Returns, Raises: See `write_onnx`.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> endpoint = kae.export.portable_endpoint(lambda x: {"codes": model.encode(x)}, (4, 4, 1))
        >>> write_litert(model, "encode", endpoint, "encode.tflite", np.ones((2, 4, 4, 1), "float32")).holds
        True
    """
    content, runner = convert_to_litert(model, what, endpoint)
    worst = check_parity(f"{what}.tflite", evaluated(endpoint, images), runner(images=images), endpoint.allowed)
    write_atomically(Path(path), lambda temporary: temporary.write_bytes(content))
    return worst


def convert_to_litert(model: keras.Model, what: str, endpoint: Endpoint):
    """Converts an endpoint to LiteRT; returns the file's content and its interpreter's runner.

    Raises:
        InputError: LiteRT lacks an operation of the endpoint.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> endpoint = kae.export.portable_endpoint(lambda x: {"mean": ops.mean(x, axis=(1, 2, 3))}, (4, 4, 1))
        >>> content, runner = convert_to_litert(model, "brightness", endpoint)
        >>> runner(images=np.ones((2, 4, 4, 1), "float32"))["mean"].tolist()
        [1.0, 1.0]
    """
    require_tensorflow("export")
    import tensorflow as tf

    with conversion(what, "litert"), tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated")  # here until TensorFlow drops it
        # From a SavedModel, which names inputs and outputs.
        archive(model, {"serving_default": endpoint.concrete()}, folder)
        content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
        return content, tf.lite.Interpreter(model_content=content).get_signature_runner("serving_default")


def evaluated(endpoint: Endpoint, images: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the outputs of the function itself, by name."""
    import tensorflow as tf

    return {name: np.asarray(value) for name, value in endpoint.function(tf.constant(images)).items()}


def _rename(graph, old: str, new: str) -> None:
    """Renames an output of a graph."""
    for node in graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = new
    for output in graph.output:
        if output.name == old:
            output.name = new

"""Single functions of a model as OpenVINO files (.xml with .bin), converted from ONNX."""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.files import write_atomically
from keras_ae.export.conversion import conversion
from keras_ae.export.endpoints import Endpoint
from keras_ae.export.parity import Parity, check_parity
from keras_ae.export.portable import convert_to_onnx, evaluated

FLOAT32 = {"INFERENCE_PRECISION_HINT": "f32"}  # on a processor with bfloat16, OpenVINO would use that


def write_openvino(what: str, endpoint: Endpoint, path, images: np.ndarray) -> Parity:
    """Writes an endpoint of images as OpenVINO, and checks it in float32 against the function itself.

    Args:
        what: Name of the endpoint, for messages.
        endpoint: An endpoint with one input, images; see `portable_endpoint`.
        path: The .xml file to write; the weights are written to a .bin file beside it.
        images: float32 [n, h, w, c] to compare on.

    Returns:
        How far the file's outputs are from the function's.

    Raises:
        InputError: An output differs by more than it may (`check_parity`), or packages are missing.

    Example:
        >>> from importlib.util import find_spec
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> endpoint = kae.export.portable_endpoint(lambda x: {"codes": model.encode(x)}, (4, 4, 1))
        >>> images = np.ones((2, 4, 4, 1), "float32")
        >>> find_spec("openvino") is None or write_openvino("encode", endpoint, "encode.xml", images).holds
        True
    """
    openvino = require_openvino()
    content, names, _ = convert_to_onnx(what, endpoint)
    path = Path(path)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / path.name
        with conversion(what, "openvino"):
            core = openvino.Core()
            openvino.save_model(core.read_model(content), str(made), compress_to_fp16=False)
            compiled = core.compile_model(str(made), "CPU", FLOAT32)
            outputs = compiled({"images": images})
            received = {name: np.asarray(outputs[name]) for name in names}
        worst = check_parity(path.name, evaluated(endpoint, images), received, endpoint.allowed)
        for suffix in (".bin", path.suffix):  # the weights first, which the other file needs
            _copy(made.with_suffix(suffix), path.with_suffix(suffix))
    return worst


def _copy(made: Path, path: Path) -> None:
    write_atomically(path, lambda temporary: shutil.copyfile(made, temporary))


def require_openvino():
    """Returns the package; raises an `InputError` if it is missing.

    Example:
        >>> from importlib.util import find_spec
        >>> find_spec("openvino") is None or require_openvino().__name__ == "openvino"
        True
    """
    try:
        import openvino
    except ImportError:
        action = "pip install 'keras-ae[openvino]'"
        raise InputError("the format openvino without its package", "the package openvino", action) from None
    return openvino

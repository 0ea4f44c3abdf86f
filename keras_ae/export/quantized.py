"""Single functions of a model as LiteRT files whose convolutions compute in 8-bit integers."""

import tempfile
import warnings
from collections.abc import Iterator

import keras
import numpy as np

from keras_ae._support.execution import require_tensorflow
from keras_ae.export.conversion import archive, conversion
from keras_ae.export.endpoints import Endpoint
from keras_ae.export.precision import layers_of

# Where time goes; the parts of a score stay in float32, as 256 levels would be too few for them.
INTEGER = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "ADD", "AVERAGE_POOL_2D", "MAX_POOL_2D", "PAD")
DENSE = "FULLY_CONNECTED"


def convert_to_int8(model: keras.Model, what: str, endpoint: Endpoint, representative: np.ndarray):
    """Converts an endpoint to LiteRT in 8-bit integers; returns the file's content and its interpreter's runner.

    Convolutions, additions, pooling and padding, and any dense layers of the model, are rounded to 8 bits, with
    ranges from representative images; all else is computed in float32.

    Args:
        model: The model whose variables the endpoint's function uses.
        what: Name of the endpoint, for messages.
        endpoint: An endpoint with one input, images; see `portable_endpoint`.
        representative: float32 images [n, h, w, c], like those that the model was trained on.

    Raises:
        InputError: LiteRT lacks an operation of the endpoint.

    Example:
        >>> model = kae.architectures.convolutional((8, 8, 1), (2, 2, 4), strided_layers=2, width=4)
        >>> images = np.random.default_rng(0).random((20, 8, 8, 1), "float32")
        >>> endpoint = kae.export.portable_endpoint(lambda x: {"codes": model.encode(x)}, (8, 8, 1))
        >>> content, runner = convert_to_int8(model, "encode", endpoint, images)
        >>> codes = runner(images=images)["codes"]
        >>> bool(np.corrcoef(np.ravel(codes), np.ravel(model.encode(images)))[0, 1] > 0.95)
        True
    """
    require_tensorflow("export")
    import tensorflow as tf

    def examples() -> Iterator:
        for image in representative:
            yield [image[None]]

    with conversion(what, "int8"), tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated")
        archive(model, {"serving_default": endpoint.concrete()}, folder)
        plain = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
        kept = (*INTEGER, DENSE) if _has_dense(model) else INTEGER
        operations = {each["op_name"] for each in tf.lite.Interpreter(model_content=plain)._get_ops_details()}
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = examples
        options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=sorted(operations - {*kept}))
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=examples, debug_options=options
        )
        content = debugger.get_nondebug_quantized_model()
        return content, tf.lite.Interpreter(model_content=content).get_signature_runner("serving_default")


def _has_dense(model: keras.Model) -> bool:
    return any(isinstance(layer, keras.layers.Dense) for layer in layers_of(model))

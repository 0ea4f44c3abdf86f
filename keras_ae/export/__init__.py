"""Trained models as files that run without this library: SavedModel, ONNX, LiteRT, OpenVINO."""

from keras_ae.export.conversion import archive, conversion, resave
from keras_ae.export.endpoints import (
    Endpoint,
    Input,
    autoencoder_endpoints,
    encoded,
    image_endpoints,
    portable_endpoint,
    sampler,
)
from keras_ae.export.loading import load_saved_model
from keras_ae.export.once import stored_once
from keras_ae.export.openvino import require_openvino, write_openvino
from keras_ae.export.parity import Parity, check_moments, check_parity, deviation
from keras_ae.export.portable import convert_to_litert, convert_to_onnx, write_litert, write_onnx
from keras_ae.export.precision import as_float32, check_float32
from keras_ae.export.quantized import convert_to_int8
from keras_ae.export.resizing import Resizing
from keras_ae.export.saved_model import fill_saved_model, write_saved_model
from keras_ae.export.serving import ServingClient

__all__ = [
    "Endpoint",
    "Input",
    "Parity",
    "Resizing",
    "ServingClient",
    "archive",
    "as_float32",
    "autoencoder_endpoints",
    "check_float32",
    "check_moments",
    "check_parity",
    "conversion",
    "convert_to_int8",
    "convert_to_litert",
    "convert_to_onnx",
    "deviation",
    "encoded",
    "fill_saved_model",
    "image_endpoints",
    "load_saved_model",
    "portable_endpoint",
    "require_openvino",
    "resave",
    "sampler",
    "stored_once",
    "write_litert",
    "write_onnx",
    "write_openvino",
    "write_saved_model",
]

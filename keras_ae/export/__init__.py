"""Trained models as files that run without this library: SavedModel, ONNX, LiteRT."""

from keras_ae.export.endpoints import (
    Endpoint,
    Input,
    autoencoder_endpoints,
    image_endpoints,
    portable_endpoint,
    sampler,
)
from keras_ae.export.parity import check_moments, check_parity, deviation
from keras_ae.export.portable import write_litert, write_onnx
from keras_ae.export.saved_model import write_saved_model
from keras_ae.export.serving import ServingClient

__all__ = [
    "Endpoint",
    "Input",
    "ServingClient",
    "autoencoder_endpoints",
    "check_moments",
    "check_parity",
    "deviation",
    "image_endpoints",
    "portable_endpoint",
    "sampler",
    "write_litert",
    "write_onnx",
    "write_saved_model",
]

"""Measurements of trained autoencoders. Metrics are pure functions of arrays."""

from keras_ae.evaluation.inference import encode, encoding_seconds, interpolate
from keras_ae.evaluation.quantization import Quantizer
from keras_ae.evaluation.reconstruction import (
    ReconstructionScores,
    measure_reconstruction,
    mse,
    psnr,
    rmse,
    ssim,
)
from keras_ae.evaluation.svcca import svcca

__all__ = [
    "Quantizer",
    "ReconstructionScores",
    "encode",
    "encoding_seconds",
    "interpolate",
    "measure_reconstruction",
    "mse",
    "psnr",
    "rmse",
    "ssim",
    "svcca",
]

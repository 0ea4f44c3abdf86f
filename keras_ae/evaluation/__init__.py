"""Measurements of trained autoencoders. Metrics are pure functions of arrays."""

from keras_ae.evaluation.inference import encode, encoding_seconds, interpolate
from keras_ae.evaluation.linear_classifier import ProbeTraining
from keras_ae.evaluation.linear_probe import ProbeScores, linear_probe
from keras_ae.evaluation.projection import project
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
    "ProbeScores",
    "ProbeTraining",
    "Quantizer",
    "ReconstructionScores",
    "encode",
    "encoding_seconds",
    "interpolate",
    "linear_probe",
    "measure_reconstruction",
    "mse",
    "project",
    "psnr",
    "rmse",
    "ssim",
    "svcca",
]

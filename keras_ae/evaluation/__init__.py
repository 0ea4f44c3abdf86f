"""Measurements of trained autoencoders. Metrics are pure functions of arrays."""

from keras_ae.evaluation.feature_maps import feature_maps, overlay
from keras_ae.evaluation.inference import encode, encoding_seconds, interpolate
from keras_ae.evaluation.linear_classifier import ProbeTraining
from keras_ae.evaluation.linear_probe import ProbeScores, linear_probe
from keras_ae.evaluation.locally_embedded import (
    LocalImages,
    LocalReconstruction,
    confidence_map,
    local_images,
    local_reconstruction_loss,
    measure_local_reconstruction,
    normalized_reconstruction_loss,
    window_losses,
)
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
    "LocalImages",
    "LocalReconstruction",
    "ProbeScores",
    "ProbeTraining",
    "Quantizer",
    "ReconstructionScores",
    "confidence_map",
    "encode",
    "encoding_seconds",
    "feature_maps",
    "interpolate",
    "linear_probe",
    "local_images",
    "local_reconstruction_loss",
    "measure_local_reconstruction",
    "measure_reconstruction",
    "mse",
    "normalized_reconstruction_loss",
    "overlay",
    "project",
    "psnr",
    "rmse",
    "ssim",
    "svcca",
    "window_losses",
]

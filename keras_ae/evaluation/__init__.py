"""Measurements of trained autoencoders. Metrics are pure functions of arrays."""

from keras_ae.evaluation.code_interpolation import interpolate_codes
from keras_ae.evaluation.dci_scores import DCI, dci
from keras_ae.evaluation.disentanglement import (
    active_codes,
    mutual_information_gap,
    separated_attribute_predictability,
)
from keras_ae.evaluation.disentanglement_fixed_factor import beta_vae_score, factor_vae_score
from keras_ae.evaluation.equivariance import spatial_information
from keras_ae.evaluation.feature_extractors import EXTRACTORS, FeatureExtractor, feature_extractor
from keras_ae.evaluation.feature_maps import feature_maps, overlay
from keras_ae.evaluation.frechet_distance import FeatureMoments, frechet_distance, frechet_distance_of_moments
from keras_ae.evaluation.inference import encode, encoding_seconds, interpolate
from keras_ae.evaluation.kernel_distance import kernel_distance
from keras_ae.evaluation.linear_classifier import ProbeTraining
from keras_ae.evaluation.linear_probe import ProbeScores, linear_probe
from keras_ae.evaluation.lipschitz import jacobian_norms, lipschitz_estimates, neighbor_ratios
from keras_ae.evaluation.local_pictures import code_map_picture, confidence_picture, reconstruction_picture
from keras_ae.evaluation.locally_embedded import (
    LocalImages,
    LocalProbe,
    LocalReconstruction,
    confidence_map,
    local_images,
    local_reconstruction_loss,
    measure_local_reconstruction,
    normalized_reconstruction_loss,
    window_losses,
)
from keras_ae.evaluation.normality import MardiaTest, MarginalNormality, mardia_test, marginal_normality
from keras_ae.evaluation.precision_recall import precision_and_recall
from keras_ae.evaluation.projection import project
from keras_ae.evaluation.quantization import Quantizer
from keras_ae.evaluation.reconstruction import (
    ReconstructionScores,
    measure_reconstruction,
    mse,
    psnr,
    rmse,
    ssim,
    trivial_errors,
)
from keras_ae.evaluation.robustness import Robustness, attacked_images, measure_robustness
from keras_ae.evaluation.robustness_law import ParameterBounds, parameter_bounds
from keras_ae.evaluation.sample_quality import SampleQuality, compare_features, fit_densities, measure_samples
from keras_ae.evaluation.svcca import svcca
from keras_ae.evaluation.traversals import latent_traversals

__all__ = [
    "DCI",
    "EXTRACTORS",
    "FeatureExtractor",
    "FeatureMoments",
    "LocalImages",
    "LocalProbe",
    "LocalReconstruction",
    "MardiaTest",
    "MarginalNormality",
    "ParameterBounds",
    "ProbeScores",
    "ProbeTraining",
    "Quantizer",
    "ReconstructionScores",
    "Robustness",
    "SampleQuality",
    "active_codes",
    "attacked_images",
    "beta_vae_score",
    "code_map_picture",
    "compare_features",
    "confidence_map",
    "confidence_picture",
    "dci",
    "encode",
    "encoding_seconds",
    "factor_vae_score",
    "feature_extractor",
    "feature_maps",
    "fit_densities",
    "frechet_distance",
    "frechet_distance_of_moments",
    "interpolate",
    "interpolate_codes",
    "jacobian_norms",
    "kernel_distance",
    "latent_traversals",
    "linear_probe",
    "lipschitz_estimates",
    "local_images",
    "local_reconstruction_loss",
    "mardia_test",
    "marginal_normality",
    "measure_local_reconstruction",
    "measure_reconstruction",
    "measure_robustness",
    "measure_samples",
    "mse",
    "mutual_information_gap",
    "neighbor_ratios",
    "normalized_reconstruction_loss",
    "overlay",
    "parameter_bounds",
    "precision_and_recall",
    "project",
    "psnr",
    "reconstruction_picture",
    "rmse",
    "separated_attribute_predictability",
    "spatial_information",
    "ssim",
    "svcca",
    "trivial_errors",
    "window_losses",
]

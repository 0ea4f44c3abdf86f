"""Densities of codes, fitted after training: they sample new codes and score how likely a code is."""

from keras_ae.density.autoregressive import Autoregressive
from keras_ae.density.base import Density
from keras_ae.density.flow_matching import FlowMatching
from keras_ae.density.loading import ALL_DENSITIES, load_density
from keras_ae.density.mixture import DENSITIES, Gaussian, GaussianMixture, StandardNormal, prior_of
from keras_ae.density.normal_mixture import NormalMixture
from keras_ae.density.two_stage import TwoStage

__all__ = [
    "ALL_DENSITIES",
    "DENSITIES",
    "Autoregressive",
    "Density",
    "FlowMatching",
    "Gaussian",
    "GaussianMixture",
    "NormalMixture",
    "StandardNormal",
    "TwoStage",
    "load_density",
    "prior_of",
]

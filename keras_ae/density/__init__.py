"""Densities of codes, fitted after training: they sample new codes and score how likely a code is."""

from keras_ae.density.base import Density
from keras_ae.density.mixture import (
    DENSITIES,
    Gaussian,
    GaussianMixture,
    StandardNormal,
    load_density,
    prior_of,
)

__all__ = ["DENSITIES", "Density", "Gaussian", "GaussianMixture", "StandardNormal", "load_density", "prior_of"]

"""Bottlenecks: Keras layers from features to code, one kind per file."""

from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.bottlenecks.by_name import as_bottleneck
from keras_ae.bottlenecks.capacity_controlled import CapacityControlled
from keras_ae.bottlenecks.decorrelated import Decorrelated
from keras_ae.bottlenecks.dense import Dense
from keras_ae.bottlenecks.entropic import Entropic
from keras_ae.bottlenecks.gaussian_mixture_regularized import GaussianMixtureRegularized
from keras_ae.bottlenecks.identity import Identity
from keras_ae.bottlenecks.k_sparse import KSparse
from keras_ae.bottlenecks.l2_code import L2Code
from keras_ae.bottlenecks.variational import Posterior, Variational
from keras_ae.bottlenecks.wasserstein_mmd import WassersteinMMD

__all__ = [
    "Bottleneck",
    "CapacityControlled",
    "Decorrelated",
    "Dense",
    "Entropic",
    "GaussianMixtureRegularized",
    "Identity",
    "KSparse",
    "L2Code",
    "Posterior",
    "Variational",
    "WassersteinMMD",
    "as_bottleneck",
]

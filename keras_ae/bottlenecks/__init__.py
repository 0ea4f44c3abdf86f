"""Bottlenecks: Keras layers from features to code, one kind per file."""

from keras_ae.bottlenecks.adversarial import Adversarial
from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.bottlenecks.by_name import as_bottleneck
from keras_ae.bottlenecks.capacity_controlled import CapacityControlled
from keras_ae.bottlenecks.contractive import Contractive
from keras_ae.bottlenecks.decorrelated import Decorrelated
from keras_ae.bottlenecks.dense import Dense
from keras_ae.bottlenecks.discrete import Discrete
from keras_ae.bottlenecks.disentangled_prior import DisentangledPrior
from keras_ae.bottlenecks.entropic import Entropic
from keras_ae.bottlenecks.entropy_coded import EntropyCoded
from keras_ae.bottlenecks.factor_vae import FactorVAE
from keras_ae.bottlenecks.finite_scalar import FiniteScalar
from keras_ae.bottlenecks.flow_posterior import FlowPosterior
from keras_ae.bottlenecks.free_bits import FreeBits
from keras_ae.bottlenecks.gaussian_mixture_regularized import GaussianMixtureRegularized
from keras_ae.bottlenecks.hyperspherical import Hyperspherical
from keras_ae.bottlenecks.identity import Identity
from keras_ae.bottlenecks.importance_weighted import ImportanceWeighted
from keras_ae.bottlenecks.info_vae import InfoVAE
from keras_ae.bottlenecks.inverse_autoregressive import InverseAutoregressive
from keras_ae.bottlenecks.k_sparse import KSparse
from keras_ae.bottlenecks.l2_code import L2Code
from keras_ae.bottlenecks.real_nvp import RealNVP
from keras_ae.bottlenecks.scale_hyperprior import ScaleHyperprior
from keras_ae.bottlenecks.sparse_kl import SparseKL
from keras_ae.bottlenecks.total_correlation import TotalCorrelation, divergence_parts, minibatch_log_weights
from keras_ae.bottlenecks.vamp_prior import VampPrior
from keras_ae.bottlenecks.variance_covariance import VarianceCovariance
from keras_ae.bottlenecks.variational import Posterior, Variational
from keras_ae.bottlenecks.vector_quantized import VectorQuantized
from keras_ae.bottlenecks.wasserstein_mmd import WassersteinMMD

__all__ = [
    "Adversarial",
    "Bottleneck",
    "CapacityControlled",
    "Contractive",
    "Decorrelated",
    "Dense",
    "Discrete",
    "DisentangledPrior",
    "Entropic",
    "EntropyCoded",
    "FactorVAE",
    "FiniteScalar",
    "FlowPosterior",
    "FreeBits",
    "GaussianMixtureRegularized",
    "Hyperspherical",
    "Identity",
    "ImportanceWeighted",
    "InfoVAE",
    "InverseAutoregressive",
    "KSparse",
    "L2Code",
    "Posterior",
    "RealNVP",
    "ScaleHyperprior",
    "SparseKL",
    "TotalCorrelation",
    "VampPrior",
    "VarianceCovariance",
    "Variational",
    "VectorQuantized",
    "WassersteinMMD",
    "as_bottleneck",
    "divergence_parts",
    "minibatch_log_weights",
]

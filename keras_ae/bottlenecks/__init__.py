"""Bottlenecks: Keras layers from features to code, one kind a file."""

from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.bottlenecks.by_name import as_bottleneck
from keras_ae.bottlenecks.capacity_controlled import CapacityControlled
from keras_ae.bottlenecks.decorrelated import Decorrelated
from keras_ae.bottlenecks.dense import Dense
from keras_ae.bottlenecks.identity import Identity
from keras_ae.bottlenecks.k_sparse import KSparse
from keras_ae.bottlenecks.variational import Posterior, Variational

__all__ = [
    "Bottleneck",
    "CapacityControlled",
    "Decorrelated",
    "Dense",
    "Identity",
    "KSparse",
    "Posterior",
    "Variational",
    "as_bottleneck",
]

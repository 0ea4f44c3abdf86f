"""Frozen networks that stand between images and an autoencoder: by name, from a file, or from a package."""

from keras_ae._support.packaged_networks import LITE0
from keras_ae.features.lighting import blurred, even_light
from keras_ae.features.maps import FeatureMaps, frozen_features, scaled_per_image
from keras_ae.features.opening import feature_maps, features

__all__ = [
    "LITE0",
    "FeatureMaps",
    "blurred",
    "even_light",
    "feature_maps",
    "features",
    "frozen_features",
    "scaled_per_image",
]

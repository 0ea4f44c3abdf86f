"""The papers' complete models by name: autoencoders from an image shape and a code shape, and classifiers."""

from keras_ae.architectures.classifiers import classic, decoder_free, pool_fc
from keras_ae.architectures.compressive import compressive
from keras_ae.architectures.convolutional import convolutional
from keras_ae.architectures.cosine_blocks import cosine_blocks
from keras_ae.architectures.decorrelated import decorrelated
from keras_ae.architectures.feature_autoencoder import feature_autoencoder
from keras_ae.architectures.fully_connected import fully_connected
from keras_ae.architectures.locally_embedded import cnn_lea, lea_fc, lea_only
from keras_ae.architectures.strided import strided
from keras_ae.architectures.window_autoencoder import window_autoencoder
from keras_ae.features import FeatureMaps, features

__all__ = [
    "FeatureMaps",
    "classic",
    "cnn_lea",
    "compressive",
    "convolutional",
    "cosine_blocks",
    "decoder_free",
    "decorrelated",
    "feature_autoencoder",
    "features",
    "fully_connected",
    "lea_fc",
    "lea_only",
    "pool_fc",
    "strided",
    "window_autoencoder",
]

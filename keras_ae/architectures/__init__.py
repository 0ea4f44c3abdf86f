"""The papers' complete models by name: each makes an `Autoencoder` from an image shape and a code shape."""

from keras_ae.architectures.convolutional import convolutional
from keras_ae.architectures.decorrelated import decorrelated
from keras_ae.architectures.fully_connected import fully_connected
from keras_ae.architectures.strided import strided
from keras_ae.architectures.window_autoencoder import window_autoencoder

__all__ = ["convolutional", "decorrelated", "fully_connected", "strided", "window_autoencoder"]

"""Encoders and decoders: functional Keras models that know nothing of losses, one family a file."""

from keras_ae.networks.convolutional import convolutional_decoder, convolutional_encoder
from keras_ae.networks.fully_connected import fully_connected_decoder, fully_connected_encoder
from keras_ae.networks.strided import strided_decoder, strided_encoder

__all__ = [
    "convolutional_decoder",
    "convolutional_encoder",
    "fully_connected_decoder",
    "fully_connected_encoder",
    "strided_decoder",
    "strided_encoder",
]

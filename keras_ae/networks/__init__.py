"""Encoders and decoders: functional Keras models without losses, one family per file."""

from keras_ae.networks.compressive import compressive_decoder, compressive_encoder
from keras_ae.networks.convolutional import convolutional_decoder, convolutional_encoder
from keras_ae.networks.cosine_blocks import cosine_decoder, cosine_encoder
from keras_ae.networks.fully_connected import fully_connected_decoder, fully_connected_encoder
from keras_ae.networks.regularized import JacobianPenalty, regularized_decoder
from keras_ae.networks.strided import strided_decoder, strided_encoder
from keras_ae.networks.weights import set_weights_in_order
from keras_ae.networks.windows import (
    SlidingEncoder,
    convolutional_window_encoder,
    fully_connected_window_decoder,
    fully_connected_window_encoder,
    spatial_broadcast_decoder,
    transposed_window_decoder,
)

__all__ = [
    "JacobianPenalty",
    "SlidingEncoder",
    "compressive_decoder",
    "compressive_encoder",
    "convolutional_decoder",
    "convolutional_encoder",
    "convolutional_window_encoder",
    "cosine_decoder",
    "cosine_encoder",
    "fully_connected_decoder",
    "fully_connected_encoder",
    "fully_connected_window_decoder",
    "fully_connected_window_encoder",
    "regularized_decoder",
    "set_weights_in_order",
    "spatial_broadcast_decoder",
    "strided_decoder",
    "strided_encoder",
    "transposed_window_decoder",
]

"""Single Keras layers from which the networks are built."""

from keras_ae._support.lazy import lazy_names
from keras_ae.layers.activation import activation_layer
from keras_ae.layers.batch_normalization import BatchNormalization
from keras_ae.layers.block_cosines import BlockCosines
from keras_ae.layers.channel_scale import ChannelScale
from keras_ae.layers.convolution_unit import ConvolutionUnit
from keras_ae.layers.decorrelation import Decorrelation
from keras_ae.layers.discriminator import Discriminator
from keras_ae.layers.factorized_prior import FactorizedPrior
from keras_ae.layers.generalized_divisive_normalization import GeneralizedDivisiveNormalization
from keras_ae.layers.instance_normalization import InstanceNormalization
from keras_ae.layers.local_objective import LocalObjective
from keras_ae.layers.locally_embedded import LocallyEmbeddedAutoencoder
from keras_ae.layers.masked_perceptron import MaskedPerceptron
from keras_ae.layers.patch_discriminator import PatchDiscriminator
from keras_ae.layers.residual_block import ResidualBlock
from keras_ae.layers.spatial_broadcast import SpatialBroadcast
from keras_ae.layers.spectral_normalization import SpectralNormalization
from keras_ae.layers.unrolled_convolution import UnrolledConv2D, UnrolledConv2DTranspose
from keras_ae.layers.upsampling_unit import UpsamplingUnit

__all__ = [
    "BatchNormalization",
    "BlockCosines",
    "ChannelScale",
    "ConvolutionUnit",
    "Decorrelation",
    "Discriminator",
    "FactorizedPrior",
    "GeneralizedDivisiveNormalization",
    "InstanceNormalization",
    "LocalObjective",
    "LocallyEmbeddedAutoencoder",
    "MaskedPerceptron",
    "PatchDiscriminator",
    "ResidualBlock",
    "SpatialBroadcast",
    "SpectralNormalization",
    "UnrolledConv2D",
    "UnrolledConv2DTranspose",
    "UpsamplingUnit",
    "activation_layer",
]

# Shared with other packages of this library only.
_SHARED = {
    "Axis": "locally_embedded_windows",
    "LOGISTIC_DEVIATION": "factorized_prior",
    "MOMENTUM": "batch_normalization",
    "PADDINGS": "locally_embedded_windows",
    "Windowing": "locally_embedded_windows",
    "interval_bits": "factorized_prior",
    "as_pair": "locally_embedded_windows",
}
__getattr__ = lazy_names(__name__, _SHARED)

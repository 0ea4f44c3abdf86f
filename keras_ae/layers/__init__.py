"""Single Keras layers from which the networks are built."""

from keras_ae.layers.convolution_unit import ConvolutionUnit
from keras_ae.layers.instance_normalization import InstanceNormalization
from keras_ae.layers.local_objective import LocalObjective
from keras_ae.layers.residual_block import ResidualBlock
from keras_ae.layers.upsampling_unit import UpsamplingUnit

__all__ = ["ConvolutionUnit", "InstanceNormalization", "LocalObjective", "ResidualBlock", "UpsamplingUnit"]

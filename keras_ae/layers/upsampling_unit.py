"""Bilinear upsampling followed by a convolution unit."""

import keras

from keras_ae.catalogue import Example
from keras_ae.code_shapes import check_channels_last
from keras_ae.layers.convolution_unit import ConvolutionUnit

HALF = ("bfloat16", "float16")


@keras.saving.register_keras_serializable(package="keras_ae")
class UpsamplingUnit(keras.layers.Layer):
    """Enlarges feature maps bilinearly (half-pixel centres), then applies a `ConvolutionUnit`.

    Unlike a transposed convolution, it leaves no checkerboard artefacts (Odena et al., 2016).
    Input: [batch, height, width, channels]; output: [batch, factor·height, factor·width, filters].
    Source: the bottleneck-shape paper, section 2.2 and eq. 4.

    Args:
        filters: Output channels.
        factor: Factor by which each side grows; 1 leaves only the convolution.
        normalize: Normalisation of the unit: "instance" (or True) as in the paper, "batch", or False.

    Example:
        >>> unit = kae.layers.UpsamplingUnit(filters=4, factor=2)
        >>> tuple(unit(np.ones((1, 3, 5, 2), "float32")).shape)
        (1, 6, 10, 4)
    """

    def __init__(self, filters: int, factor: int = 2, normalize: bool | str = True, **kwargs):
        super().__init__(**kwargs)
        check_channels_last()
        self.filters, self.factor, self.normalize = filters, factor, normalize
        # In half precision, TensorFlow's XLA returns this gradient as float32 and then rejects the mixed dtypes.
        dtype = "float32" if self.compute_dtype in HALF else self.dtype_policy
        self.upsampling = keras.layers.UpSampling2D(
            factor, interpolation="bilinear", dtype=dtype, name="upsampling"
        )
        self.unit = ConvolutionUnit(filters, normalize=normalize, dtype=self.dtype_policy, name="unit")

    def build(self, input_shape):
        self.unit.build(self.upsampling.compute_output_shape(input_shape))

    def call(self, features, training=None):
        if training and self.unit.enlarges(features.shape, self.factor):
            return self.unit(features, training=training, enlarged=self.factor)
        if self.factor > 1:
            features = self.upsampling(features)
        return self.unit(features, training=training)

    def compute_output_shape(self, input_shape):
        return self.unit.compute_output_shape(self.upsampling.compute_output_shape(input_shape))

    def get_config(self):
        names = ("filters", "factor", "normalize")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    @classmethod
    def examples(cls):
        return [
            Example({"filters": 4}, (3, 5, 2)),
            Example({"filters": 2, "factor": 1, "normalize": False}, (4, 4, 3)),
        ]

"""The scale hyperprior: the scale of each value of a code map is sent along with the map (Ballé et al., 2018)."""

from math import log

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.entropy_coded import EntropyCoded
from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_number
from keras_ae.layers import LOGISTIC_DEVIATION, interval_bits

STRIDES = (1, 2, 2)


@keras.saving.register_keras_serializable(package="keras_ae")
class ScaleHyperprior(EntropyCoded):
    """An entropy-coded map with a second, smaller code that gives the scale of each of its values.

    A small network computes a side code, a quarter as high and wide, from the absolute values; another computes
    each value's scale from the rounded side code. Both codes cost bits. Smooth regions become cheap, whereas the
    prior of `EntropyCoded` is the same everywhere. Source: Ballé et al., "Variational image compression with a
    scale hyperprior", section 3 and appendix 6.2. Three things differ: the distribution of a value is logistic,
    whose tails float32 can hold; the second network upsamples by repetition, so integers alone can compute it
    (`keras_ae.compression`); and the scale is a sigmoid of its output between 0.05 and 64.

    Args:
        units: Length of the code at each position.
        filters: Channels of the side code and of the networks' layers.
        **kwargs: Options of `EntropyCoded`. The relaxation is that of the values; in training the side code always
            has noise.

    Raises:
        InputError: If an autoencoder's code is not a map (height, width, units).

    Example:
        >>> bottleneck = kae.bottlenecks.ScaleHyperprior(3, filters=2)
        >>> code = bottleneck(np.ones((1, 6, 5, 4), "float32"))
        >>> tuple(code.shape), tuple(bottleneck.side(np.ones((1, 6, 5, 3), "float32")).shape)
        ((1, 6, 5, 3), (1, 2, 2, 2))
    """

    smallest_scale, largest_scale = 0.05, 64.0  # of the logistic distributions

    def __init__(self, units: int, filters: int = 32, **kwargs):
        super().__init__(units, **kwargs)
        self.filters = whole_number("filters", filters)
        self.side_encoder = [
            self._convolution(
                f"side_encoder_{i}", self.filters, 3 if stride == 1 else 5, stride, i < len(STRIDES) - 1
            )
            for i, stride in enumerate(STRIDES)
        ]
        self.side_decoder = [
            self._convolution(f"side_decoder_{i}", self.filters if i < 2 else units, 3, 1, i < 2) for i in range(3)
        ]

    def _convolution(self, name: str, filters: int, kernel: int, strides: int, hidden: bool):
        activation = "relu" if hidden else None
        options = {"padding": "same", "activation": activation, "dtype": "float32", "name": name}
        return keras.layers.Conv2D(filters, kernel, strides, **options)

    def attach(self, image_shape, features_shape):
        if len(features_shape) != 3:
            raise InputError(f"features of {tuple(features_shape)}", "maps (height, width, n)", "use EntropyCoded")
        super().attach(image_shape, features_shape)

    def build_prior(self, code_shape):
        shape = code_shape
        for layer in self.side_encoder:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.prior.build(shape)
        for layer in self.side_decoder:
            layer.build((*code_shape[:3], self.filters))

    def expect(self, deviations):
        """Initialises the scales, for any side code, to standard deviations of codes [units], in steps."""
        scales = np.clip(deviations / LOGISTIC_DEVIATION, 1.1 * self.smallest_scale, 0.9 * self.largest_scale)
        share = np.log(scales / self.smallest_scale) / log(self.largest_scale / self.smallest_scale)
        last = self.side_decoder[-1]
        last.kernel.assign(ops.zeros(last.kernel.shape))
        last.bias.assign(np.log(share / (1 - share)))

    def side(self, values):
        """Returns the side code of values before rounding: [n, h, w, units] → [n, ⌈h/4⌉, ⌈w/4⌉, filters]."""
        features = ops.log1p(ops.abs(values / self.step))
        for layer in self.side_encoder:
            features = layer(features)
        return features

    def scales(self, side, size):
        """Returns the scales, in steps, of a code of (height, width) `size`: float32 [n, height, width, units]."""
        height, width = size
        half = (height + 1) // 2, (width + 1) // 2
        features = side
        for layer, sides in zip(self.side_decoder, (half, size, None), strict=True):
            if sides is not None:
                features = ops.repeat(ops.repeat(features, 2, axis=1), 2, axis=2)[:, : sides[0], : sides[1]]
            features = layer(features)
        span = log(self.largest_scale / self.smallest_scale)
        return self.smallest_scale * ops.exp(span * ops.sigmoid(features))

    def call(self, features, training=False):
        values = self.values(features, training)
        side = self.side(values)
        side = self.with_noise(side, 1.0) if training else ops.round(side)
        code = self.rounded(values, training)
        size = ops.shape(code)[1:3]
        self.charge(self.bits_given(code, self.scales(side, size)))
        self.charge(self.prior.bits(side, training), size)
        return ops.cast(code, self.compute_dtype)

    def bits(self, code, training=False):
        """Returns the bits of each value of a rounded code, float32 [n, h, w, units].

        The side code comes from the rounded values; its own bits are not included.
        """
        code = ops.cast(code, "float32")
        return self.bits_given(code, self.scales(ops.round(self.side(code)), ops.shape(code)[1:3]))

    def bits_given(self, code, scales):
        """Returns the bits of each value of a rounded code, float32, under logistic distributions."""
        code = code / self.step
        return interval_bits((code - 0.5) / scales, (code + 0.5) / scales)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}

    @classmethod
    def examples(cls):
        return [Example({"units": 3, "filters": 2}, (6, 5, 4)), Example({"units": 2, "filters": 3}, (2, 2, 3))]

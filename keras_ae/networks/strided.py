"""Strided convolutional encoder and transposed convolutional decoder with batch normalisation."""

from collections.abc import Iterable
from math import prod
from numbers import Integral

import keras

from keras_ae._support.errors import InputError
from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import check_divisible, image_shape_of, vector_length, whole_number, whole_numbers
from keras_ae.layers import MOMENTUM, BatchNormalization


@with_examples(
    Example({"input_shape": (8, 8, 3), "filters": (4, 8), "kernel_size": 3}),
    Example({"input_shape": (9, 5, 1), "filters": (2, 3, 4), "depth": (2, 1, 2), "noise": 0.1}),
)
def strided_encoder(
    input_shape: tuple[int, int, int],
    filters: tuple[int, ...] = (32, 64, 128, 256),
    kernel_size: int = 4,
    depth: int | tuple[int, ...] = 1,
    noise: float = 0.0,
    momentum: float = MOMENTUM,
) -> keras.Model:
    """Images → flattened features: convolutions of stride 2, each with batch normalisation and ReLU.

    Source: Daly et al., section 3.

    Args:
        input_shape: (height, width, channels) of the images, of any size.
        filters: Channels of each convolution.
        kernel_size: Side of the kernels.
        depth: Convolutions per number of filters, the strided one last: one number, or one each.
        noise: Standard deviation of Gaussian noise on the images, in training only and not clipped.
        momentum: Momentum of batch normalisation's moving averages.

    Raises:
        InputError: If a depth is not a number above 0, or there is not one for each number of filters.

    Example:
        >>> kae.networks.strided_encoder((8, 8, 3), filters=(4, 8)).output_shape  # 2 · 2 · 8
        (None, 32)
    """
    filters = whole_numbers("filters", filters)
    image = features = keras.Input(image_shape_of(input_shape), name="image")
    if noise:
        features = keras.layers.GaussianNoise(noise, name="noise")(features)
    for i, (channels, repeats) in enumerate(zip(filters, _layer_depths(depth, len(filters)), strict=True)):
        convolution = _Unit(keras.layers.Conv2D, channels, kernel_size, momentum)
        features = convolution.repeated(features, f"convolution_{i}", repeats)
    return keras.Model(image, keras.layers.Flatten(name="features")(features), name="strided_encoder")


@with_examples(
    Example({"code_shape": (3,), "output_shape": (8, 8, 3), "filters": (8, 4), "kernel_size": 3}),
    Example({"code_shape": (2,), "output_shape": (8, 4, 1), "filters": (4, 3, 2), "depth": (1, 2)}),
    Example({"code_shape": (2,), "output_shape": (8, 8, 1), "filters": (4, 2), "image_strides": 2}),
)
def strided_decoder(
    code_shape: tuple[int, ...],
    output_shape: tuple[int, int, int],
    filters: tuple[int, ...] = (256, 128, 64),
    kernel_size: int = 4,
    output_activation="sigmoid",
    depth: int | tuple[int, ...] = 1,
    image_strides: int = 1,
    momentum: float = MOMENTUM,
) -> keras.Model:
    """Code vectors → images: a dense layer to small maps, then transposed convolutions that double their sides.

    Source: Daly et al., section 3, and the papers on WAE and RAE: 8×8 maps for images of 32×32, and of 64×64 with
    `image_strides` 2.

    Args:
        code_shape: (length,) of the code.
        output_shape: (height, width, channels) of the images; each further filter halves the first maps' sides.
        filters: Channels of the first feature maps, then of each transposed convolution of stride 2.
        kernel_size: Side of the kernels.
        output_activation: Activation of the last transposed convolution.
        depth: Transposed convolutions per number of filters except the first, the strided one last: one number, or
            one each.
        image_strides: Strides of the last transposed convolution, which makes the image: 1 or 2.
        momentum: Momentum of batch normalisation's moving averages.

    Raises:
        InputError: If image_strides · 2^(len(filters) - 1) does not divide the image's height and width, the code
            is not a vector, or the depths are invalid, as for `strided_encoder`.

    Example:
        >>> kae.networks.strided_decoder((3,), (8, 8, 3), filters=(8, 4)).output_shape
        (None, 8, 8, 3)
    """
    output_shape, filters = image_shape_of(output_shape), whole_numbers("filters", filters)
    factor = whole_number("image_strides", image_strides) * 2 ** (len(filters) - 1)
    check_divisible(output_shape, factor)
    start = (output_shape[0] // factor, output_shape[1] // factor, filters[0])
    code = keras.Input((vector_length(code_shape),), name="code")
    features = keras.layers.Dense(prod(start), name="dense")(code)
    features = keras.layers.Reshape(start, name="maps")(features)
    for i, (channels, repeats) in enumerate(zip(filters[1:], _layer_depths(depth, len(filters) - 1), strict=True)):
        transposed = _Unit(keras.layers.Conv2DTranspose, channels, kernel_size, momentum)
        features = transposed.repeated(features, f"transposed_{i}", repeats)
    options = {"padding": "same", "activation": output_activation, "name": "image"}
    image = keras.layers.Conv2DTranspose(output_shape[-1], kernel_size, image_strides, **options)(features)
    return keras.Model(code, image, name="strided_decoder")


def _layer_depths(depth: int | tuple[int, ...], layers: int) -> tuple[int, ...]:
    """Returns one depth per layer, from one number for all layers or one each."""
    depths = tuple(depth) if isinstance(depth, Iterable) else (depth,) * layers
    if len(depths) != layers or any(not isinstance(d, Integral) or d < 1 for d in depths):
        raise InputError(f"depth {depth}", f"a number above 0, or {layers} such numbers", "give another depth")
    return tuple(map(int, depths))


class _Unit:
    """A convolution, its batch normalisation and ReLU."""

    def __init__(self, kind: type[keras.layers.Layer], filters: int, kernel_size: int, momentum: float):
        self.kind, self.filters, self.kernel_size, self.momentum = kind, filters, kernel_size, momentum

    def repeated(self, features, name: str, repeats: int):
        """Applies units of stride 1, named name_0, name_1, …, and then the unit of stride 2."""
        for j in range(repeats - 1):
            features = self._apply(features, f"{name}_{j}", strides=1)
        return self._apply(features, name, strides=2)

    def _apply(self, features, name: str, strides: int):
        convolution = self.kind(self.filters, self.kernel_size, strides, padding="same", name=name)
        features = BatchNormalization(self.momentum, name=f"{name}_norm")(convolution(features))
        return keras.layers.Activation("relu", name=f"{name}_relu")(features)

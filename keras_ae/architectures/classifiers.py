"""Classifiers without local objectives: the baselines of the thesis on locally embedded autoencoders (LEA).

Source: Penhouët's thesis, section 4.7, which trains them with Adam at 1e-4 on the log loss of the labels. The
outputs are logits. The thesis does not state the number of filters; 32 is that of its Table 3.1.
"""

from math import prod

import keras

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Bottleneck, as_bottleneck
from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import image_shape_of, vector_length, whole_number, whole_numbers
from keras_ae.layers import as_pair

_FILTERS, _UNITS = (32, 32), 1024
_KERNELS = (5, 3)


@with_examples(
    Example({"input_shape": (8, 12, 1), "classes": 3, "filters": (2, 3), "units": 8}),
    Example({"input_shape": (7, 7, 2), "classes": 2, "filters": (2, 2), "units": 8}),
)
def classic(
    input_shape: tuple[int, int, int],
    classes: int,
    filters: tuple[int, int] = _FILTERS,
    units: int = _UNITS,
    name: str = "classic",
) -> keras.Model:
    """The Classic baseline: conv-pool-conv-pool-fc-fc.

    The convolutions have 5×5 and 3×3 kernels, stride 1 and ReLU; a 2×2 max-pooling follows each.

    Args:
        input_shape: (height, width, channels) of the images.
        classes: Number of classes, and of logits.
        filters: Channels of the two convolutions.
        units: Units of the first dense layer.
        name: Name of the model.

    Raises:
        InputError: If there are not two numbers of filters.

    Example:
        >>> model = kae.architectures.classic((8, 12, 1), classes=3, filters=(2, 3), units=8)
        >>> model.output_shape, model.count_params()
        ((None, 3), 288)
    """

    def pooling(i):
        return keras.layers.MaxPooling2D(2, padding="same", name=f"pool{i}")

    image, logits = _convolutions_and(pooling, input_shape, classes, filters, units)
    return keras.Model(image, logits, name=name)


@with_examples(Example({"input_shape": (8, 12, 2), "classes": 3, "window": 4, "units": 8}))
def pool_fc(
    input_shape: tuple[int, int, int],
    classes: int,
    window: int = 2,
    strides: int | None = None,
    units: int = _UNITS,
    name: str = "pool_fc",
) -> keras.Model:
    """The POOL-FC baseline: pool-fc-fc, with one max-pooling on the image.

    Args:
        input_shape: (height, width, channels) of the images.
        classes: Number of classes, and of logits.
        window: Side of the pooled windows.
        strides: Step from window to window; the window's side by default.
        units: Units of the first dense layer.
        name: Name of the model.

    Example:
        >>> model = kae.architectures.pool_fc((8, 8, 1), classes=3, window=4, units=8)
        >>> model.get_layer("pool").output.shape, model.output_shape
        ((None, 2, 2, 1), (None, 3))
    """
    image = keras.Input(image_shape_of(input_shape), name="image")
    pooled = keras.layers.MaxPooling2D(window, strides, padding="same", name="pool")(image)
    return keras.Model(image, _dense_head(pooled, classes, units), name=name)


@with_examples(
    Example({"input_shape": (8, 8, 1), "code_shape": (3,), "classes": 3, "window": 4, "strides": 2, "units": 8}),
    Example({"input_shape": (6, 6, 2), "code_shape": (2,), "classes": 2, "window": (2, 3), "units": 8}),
)
def decoder_free(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int],
    classes: int,
    window: int | tuple[int, int] = 8,
    strides: int | tuple[int, int] = 4,
    bottleneck: Bottleneck | str = "dense",
    units: int = _UNITS,
    name: str = "decoder_free",
) -> keras.Model:
    """The Decoder-free baseline: `lea_only` with the fc encoder, but without a decoder or local objective.

    The encoder is then a convolution with the window as its kernel, so the model contains no LEA.

    Args:
        input_shape: (height, width, channels) of the images.
        code_shape: (length,) of the codes.
        classes: Number of classes, and of logits.
        window, strides: Window and strides of the LEA that it replaces.
        bottleneck: A bottleneck that produces such codes, or its name. Its penalty is added to the loss;
            `Variational(length, beta=0.0)` samples codes as a variational LEA does, without a penalty.
        units: Units of the first dense layer.
        name: Name of the model.

    Raises:
        InputError: If the code is not a vector, or the bottleneck makes codes of another length.

    Example:
        >>> model = kae.architectures.decoder_free((8, 8, 1), (3,), classes=5, window=4, strides=2, units=8)
        >>> model.get_layer("bottleneck").output.shape, model.output_shape
        ((None, 4, 4, 3), (None, 5))
    """
    length, sides = vector_length(code_shape), as_pair(window)
    image = keras.Input(image_shape_of(input_shape), name="image")
    encoder = keras.layers.Conv2D(
        2 * prod(sides) * input_shape[-1], sides, strides, padding="same", activation="relu", name="encoder"
    )
    codes = as_bottleneck(bottleneck, length)(encoder(image))
    if codes.shape[-1] != length:
        raise InputError(f"a bottleneck that makes codes of {codes.shape[-1]}", f"codes of {length}")
    return keras.Model(image, _dense_head(codes, classes, units), name=name)


def _convolutions_and(reduction, input_shape, classes, filters, units):
    """Returns image and logits of conv-reduction-conv-reduction-fc-fc; `reduction(i)` is the i-th reduction."""
    filters = whole_numbers("filters", filters)
    if len(filters) != len(_KERNELS):
        raise InputError(f"filters {filters}", "two numbers, one for each convolution")
    image = features = keras.Input(image_shape_of(input_shape), name="image")
    for i, (channels, kernel) in enumerate(zip(filters, _KERNELS, strict=True), start=1):
        options = {"padding": "same", "activation": "relu", "name": f"conv{i}"}
        features = keras.layers.Conv2D(channels, kernel, **options)(features)
        features = reduction(i)(features)
    return image, _dense_head(features, classes, units)


def _dense_head(features, classes, units):
    features = keras.layers.Flatten(name="flatten")(features)
    features = keras.layers.Dense(whole_number("units", units), "relu", name="fc1")(features)
    return keras.layers.Dense(whole_number("classes", classes), name="logits")(features)

"""Encoders and decoders of windows, whose layers follow from the window's size.

Source: Penhouët's thesis, section 3.3.1. Sizes that it leaves open are chosen so that they give the exact
parameter counts of its Table 3.1. All hidden layers have ReLU and biases; the last layer is linear, because
windows inside a network have values of any range. An image can be a single window.
"""

from math import prod

import keras
from keras import ops

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import image_shape_of, vector_length, whole_number
from keras_ae.layers import PADDINGS, SpatialBroadcast, UnrolledConv2D, UnrolledConv2DTranspose
from keras_ae.networks.fully_connected import fully_connected_decoder

STRIDES = 2  # of the convolutions inside a window


@keras.saving.register_keras_serializable(package="keras_ae")
class SlidingEncoder(keras.Model):
    """A functional model of dense layers on a flattened window that can slide over images as a convolution.

    The first dense layer equals a convolution with the window as its kernel, and the others 1×1 convolutions, so
    the windows need not be cut out.

    Example:
        >>> encoder = kae.networks.fully_connected_window_encoder((4, 4, 1))
        >>> features = encoder.slide(np.ones((1, 8, 8, 1), "float32"), strides=(2, 2), padding="valid")
        >>> tuple(features.shape)
        (1, 3, 3, 32)
    """

    def slide(self, images, strides: tuple[int, int], padding: str):
        """Returns the features of every window of images: [batch, h, w, c] → [batch, rows, columns, features].

        Args:
            images: Images of any height and width.
            strides: Steps from window to window, down and to the right.
            padding: "same" or "valid", as in `keras.layers.Conv2D`.
        """
        first, *others = (layer for layer in self.layers if isinstance(layer, keras.layers.Dense))
        dtype = first.compute_dtype
        kernel = ops.reshape(ops.cast(first.kernel, dtype), (*self.input_shape[1:], first.units))
        features = ops.conv(ops.cast(images, dtype), kernel, strides, padding, data_format="channels_last")
        features = first.activation(features + ops.cast(first.bias, dtype))
        for layer in others:
            features = layer(features)
        return features


@with_examples(Example({"input_shape": (4, 4, 2)}), Example({"input_shape": (3, 5, 1)}))
def fully_connected_window_encoder(input_shape: tuple[int, int, int], hidden: int | None = None) -> SlidingEncoder:
    """Windows of d values → features [batch, 2d]: the "fc" encoder.

    Args:
        input_shape: (height, width, channels) of the windows.
        hidden: Number of features; 2d if left out.

    Example:
        >>> kae.networks.fully_connected_window_encoder((4, 4, 2)).output_shape
        (None, 64)
    """
    input_shape = image_shape_of(input_shape)
    window = keras.Input(input_shape, name="window")
    flat = keras.layers.Flatten(name="flatten")(window)
    features = keras.layers.Dense(_hidden(hidden, input_shape), "relu", name="dense")(flat)
    return SlidingEncoder(window, features, name="fully_connected_window_encoder")


@with_examples(Example({"code_shape": (3,), "output_shape": (4, 4, 2)}))
def fully_connected_window_decoder(
    code_shape: tuple[int],
    output_shape: tuple[int, int, int],
    output_activation="linear",
    hidden: int | None = None,
) -> keras.Model:
    """Codes → windows of d values, through 2d: the "fc" decoder.

    Args:
        code_shape: (length,) of the code.
        output_shape: (height, width, channels) of the windows.
        output_activation: Activation of the last layer.
        hidden: Units of the first layer; 2d if left out.

    Example:
        >>> kae.networks.fully_connected_window_decoder((3,), (4, 4, 2)).output_shape
        (None, 4, 4, 2)
    """
    units = (_hidden(hidden, image_shape_of(output_shape)),)
    return fully_connected_decoder(code_shape, output_shape, units, "relu", output_activation)


@with_examples(
    Example({"input_shape": (8, 8, 2), "kernels": 3, "kernel_size": 3}),
    Example({"input_shape": (3, 6, 1), "kernels": 2}),
    Example({"input_shape": (3, 3, 2), "kernels": 2}),
)
def convolutional_window_encoder(
    input_shape: tuple[int, int, int],
    kernels: int = 32,
    kernel_size: int = 4,
    hidden: int | None = None,
    strides: int = STRIDES,
    padding: str = "same",
) -> keras.Model:
    """Strided convolutions until the maps are smaller than the kernel, then a dense layer: the "conv" encoder.

    Args:
        input_shape: (height, width, channels) of the windows.
        kernels: Number K of kernels per convolution; there are as many features as values in the last maps.
        kernel_size: Side k of the kernels. Windows whose longer side (for "valid" padding, shorter side) is
            below k are not convolved.
        hidden: Number of features; if left out, as many as K maps of the last size have values, also if no
            convolution fits.
        strides: Steps of the convolutions, 2 or more.
        padding: "same" (zeros), or "valid": then there are as many convolutions as fit.

    Example:
        >>> encoder = kae.networks.convolutional_window_encoder((8, 8, 2), kernels=3, kernel_size=3)
        >>> encoder.output_shape  # Three convolutions leave 1×1 maps.
        (None, 3)
    """
    input_shape = image_shape_of(input_shape)
    layers, sides = _reduction(input_shape, kernel_size, strides, padding)
    window = features = keras.Input(input_shape, name="window")
    for i in range(layers):
        options = {"padding": padding, "activation": "relu", "name": f"convolution_{i}"}
        features = UnrolledConv2D(kernels, kernel_size, strides, **options)(features)
    features = keras.layers.Flatten(name="flatten")(features)
    units = kernels * prod(sides) if hidden is None else whole_number("hidden", hidden)
    features = keras.layers.Dense(units, "relu", name="dense")(features)
    return keras.Model(window, features, name="convolutional_window_encoder")


@with_examples(
    Example({"code_shape": (3,), "output_shape": (8, 8, 2), "kernels": 3, "kernel_size": 3}),
    Example({"code_shape": (2,), "output_shape": (3, 6, 1), "kernels": 2}),
    Example({"code_shape": (2,), "output_shape": (3, 3, 2), "kernels": 2}),
)
def transposed_window_decoder(
    code_shape: tuple[int],
    output_shape: tuple[int, int, int],
    kernels: int = 32,
    kernel_size: int = 4,
    output_activation="linear",
    strides: int = STRIDES,
    padding: str = "same",
) -> keras.Model:
    """The "conv" decoder: a dense layer, as many transposed convolutions as in the encoder, a last dense layer.

    Args:
        code_shape: (length,) of the code.
        output_shape: (height, width, channels) of the windows.
        kernels, kernel_size, strides, padding: Same as for `convolutional_window_encoder`.
        output_activation: Activation of the last layer.

    Example:
        >>> decoder = kae.networks.transposed_window_decoder((3,), (8, 8, 2), kernels=3, kernel_size=3)
        >>> decoder.output_shape
        (None, 8, 8, 2)
    """
    output_shape = image_shape_of(output_shape)
    layers, sides = _reduction(output_shape, kernel_size, strides, padding)
    code = keras.Input((vector_length(code_shape),), name="code")
    features = keras.layers.Dense(kernels * prod(sides), "relu", name="dense")(code)
    features = keras.layers.Reshape((*sides, kernels), name="maps")(features)
    for i in range(layers):
        options = {"padding": padding, "activation": "relu", "name": f"transposed_{i}"}
        features = UnrolledConv2DTranspose(kernels, kernel_size, strides, **options)(features)
    features = keras.layers.Flatten(name="flatten")(features)
    values = keras.layers.Dense(prod(output_shape), output_activation, name="values")(features)
    window = keras.layers.Reshape(output_shape, name="window")(values)
    return keras.Model(code, window, name="transposed_window_decoder")


@with_examples(
    Example({"code_shape": (3,), "output_shape": (4, 6, 2), "kernels": 3}),
    Example({"code_shape": (2,), "output_shape": (5, 5, 1), "kernels": 2, "kernel_size": 3}),
)
def spatial_broadcast_decoder(
    code_shape: tuple[int],
    output_shape: tuple[int, int, int],
    kernels: int = 32,
    kernel_size: int = 4,
    output_activation="linear",
) -> keras.Model:
    """The "sb" decoder: the code and the coordinates at every pixel, then three convolutions of stride 1.

    Args:
        code_shape: (length,) of the code.
        output_shape: (height, width, channels) of the windows.
        kernels: Kernels K of each of the first two convolutions; the third has one for each channel.
        kernel_size: Side of the kernels.
        output_activation: Activation of the last convolution.

    Example:
        >>> kae.networks.spatial_broadcast_decoder((3,), (4, 6, 2), kernels=3).output_shape
        (None, 4, 6, 2)
    """
    output_shape = image_shape_of(output_shape)
    code = keras.Input((vector_length(code_shape),), name="code")
    features = SpatialBroadcast(*output_shape[:2], name="broadcast")(code)
    for i in range(2):
        convolution = UnrolledConv2D(
            kernels, kernel_size, padding="same", activation="relu", name=f"convolution_{i}"
        )
        features = convolution(features)
    window = UnrolledConv2D(
        output_shape[-1], kernel_size, padding="same", activation=output_activation, name="window"
    )(features)
    return keras.Model(code, window, name="spatial_broadcast_decoder")


def _hidden(units: int | None, window_shape: tuple[int, int, int]) -> int:
    return 2 * prod(window_shape) if units is None else whole_number("hidden", units)


def _reduction(window_shape, kernel_size, strides=STRIDES, padding="same") -> tuple[int, tuple[int, int]]:
    """Returns the number n of strided convolutions and the sides f of the last maps (eq. 3.3 and 3.4).

    Without padding, which the thesis does not use: as many as fit, the kernel being no larger than the maps.
    """
    whole_number("kernel_size", kernel_size)
    if whole_number("strides", strides) < 2:
        raise InputError(f"strides={strides} inside a window", "2 or more: maps have to shrink", "take 2")
    if padding not in PADDINGS:
        raise unknown_name("padding", str(padding), PADDINGS)
    if padding == "valid":
        layers, (height, width) = 0, window_shape[:2]
        while min(height, width) >= kernel_size and max(height, width) > 1:
            height, width = ((side - kernel_size) // strides + 1 for side in (height, width))
            layers += 1
        return layers, (height, width)
    side, layers = max(window_shape[:2]), 0
    if kernel_size <= side:
        layers = 1  # ⌈log_s(side / k)⌉ + 1, in whole numbers
        while kernel_size * strides ** (layers - 1) < side:
            layers += 1
    height, width = (-(-side // strides**layers) for side in window_shape[:2])
    return layers, (height, width)

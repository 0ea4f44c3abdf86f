"""Classifiers with locally embedded autoencoders (LEAs) instead of pooling.

Source: Penhouët's thesis, section 4.7. Each is a `MultiObjective` that outputs logits: `compile` it with the log
loss of the labels and Adam at 1e-4, in mode "alternate" or, for `lea_only`, "joint".
"""

import keras

from keras_ae.architectures.classifiers import _FILTERS, _UNITS, _convolutions_and, _dense_head
from keras_ae.architectures.window_autoencoder import window_autoencoder
from keras_ae.bottlenecks import Bottleneck
from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import image_shape_of, whole_numbers
from keras_ae.layers import LocallyEmbeddedAutoencoder, as_pair
from keras_ae.objectives import MultiObjective


@with_examples(
    Example({"input_shape": (8, 8, 1), "code_shape": (3,), "classes": 3, "filters": (2, 3), "units": 8}),
    Example(
        {
            "input_shape": (8, 6, 1),
            "code_shape": (2,),
            "classes": 2,
            "window": 3,
            "pair": "conv",
            "kernels": 2,
            "bottleneck": "variational",
            "filters": (2, 2),
            "units": 8,
        }
    ),
)
def cnn_lea(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int],
    classes: int,
    window: int | tuple[int, int] = 4,
    strides: int | tuple[int, int] = 2,
    pair: str = "fc",
    kernels: int = 32,
    kernel_size: int = 4,
    bottleneck: Bottleneck | str = "dense",
    filters: tuple[int, int] = _FILTERS,
    units: int = _UNITS,
    hidden: int | None = None,
    window_fraction: float = 1.0,
    name: str = "cnn_lea",
) -> MultiObjective:
    """CNN-LEA: the Classic baseline with the LEAs "lea1" and "lea2" in place of pooling; trained alternately.

    Args:
        input_shape: (height, width, channels) of the images.
        code_shape: (length,) of the codes of both LEAs.
        classes: Number of classes, and of logits.
        window, strides: Windows and strides of both LEAs, with zero padding ("same").
        pair, kernels, kernel_size, hidden: Options of their autoencoders; see `window_autoencoder`.
        window_fraction: Fraction of the windows on which training computes their losses; see
            `LocallyEmbeddedAutoencoder`.
        bottleneck: The name of a bottleneck, or a bottleneck that is copied for each LEA.
        filters: Channels of the two convolutions.
        units: Units of the first dense layer.
        name: Name of the model.

    Raises:
        InputError: If there are not two numbers of filters, or `window_autoencoder` refuses its options.

    Example:
        >>> model = kae.architectures.cnn_lea((8, 8, 1), (3,), classes=4, filters=(2, 3), units=8)
        >>> model.get_layer("lea1").output.shape, model.output_shape
        ((None, 4, 4, 3), (None, 4))
    """
    channels = dict(enumerate(whole_numbers("filters", filters), start=1))
    options = {"pair": pair, "kernels": kernels, "kernel_size": kernel_size, "hidden": hidden}

    def lea(i):
        own = {**options, "bottleneck": _copy(bottleneck, i)}
        return _lea(f"lea{i}", window, strides, channels[i], code_shape, window_fraction, **own)

    image, logits = _convolutions_and(lea, input_shape, classes, filters, units)
    return MultiObjective(image, logits, name=name)


@with_examples(Example({"input_shape": (8, 8, 1), "code_shape": (3,), "classes": 3, "window": 4, "units": 8}))
def lea_fc(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int],
    classes: int,
    window: int | tuple[int, int] = 2,
    strides: int | tuple[int, int] | None = None,
    pair: str = "fc",
    kernels: int = 32,
    kernel_size: int = 4,
    bottleneck: Bottleneck | str = "dense",
    units: int = _UNITS,
    hidden: int | None = None,
    window_fraction: float = 1.0,
    name: str = "lea_fc",
) -> MultiObjective:
    """LEA-FC: lea-fc-fc, the POOL-FC baseline with a LEA in place of pooling; trained alternately.

    Args:
        input_shape: (height, width, channels) of the images.
        code_shape: (length,) of the codes.
        classes: Number of classes, and of logits.
        window: Window of the LEA.
        strides: Step from window to window; the window's sides by default. The padding is zeros ("same").
        pair, kernels, kernel_size, bottleneck, hidden: Options of its autoencoder; see `window_autoencoder`.
        window_fraction: Fraction of the windows on which training computes its loss; see
            `LocallyEmbeddedAutoencoder`.
        units: Units of the first dense layer.
        name: Name of the model.

    Raises:
        InputError: If `window_autoencoder` refuses its options.

    Example:
        >>> model = kae.architectures.lea_fc((8, 8, 1), (3,), classes=4, window=4, units=8)
        >>> model.get_layer("lea").output.shape, model.output_shape
        ((None, 2, 2, 3), (None, 4))
    """
    image = keras.Input(image_shape_of(input_shape), name="image")
    options = {"pair": pair, "kernels": kernels, "kernel_size": kernel_size, "bottleneck": bottleneck}
    lea = _lea("lea", window, strides, input_shape[-1], code_shape, window_fraction, **options, hidden=hidden)
    codes = lea(image)
    return MultiObjective(image, _dense_head(codes, classes, units), name=name)


@with_examples(
    Example({"input_shape": (8, 8, 1), "code_shape": (3,), "classes": 3, "window": 4, "strides": 2, "units": 8})
)
def lea_only(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int],
    classes: int,
    window: int | tuple[int, int] = 8,
    strides: int | tuple[int, int] = 4,
    pair: str = "fc",
    kernels: int = 32,
    kernel_size: int = 4,
    bottleneck: Bottleneck | str = "capacity_controlled",
    units: int = _UNITS,
    hidden: int | None = None,
    window_fraction: float = 1.0,
    name: str = "lea_only",
) -> MultiObjective:
    """LEA-only: the layers of `lea_fc`, trained jointly; the defaults are those of section 5.6.

    Compile it with `mode="joint", objective_weights=(1.0, λ)` (eq. 5.3). With λ = 0 it trains as the Decoder-free
    baseline does.

    Args:
        input_shape, code_shape, classes, window, strides, pair, kernels, kernel_size, bottleneck, units, hidden,
            window_fraction, name: Same as for `lea_fc`.

    Raises:
        InputError: Same as for `lea_fc`.

    Example:
        >>> model = kae.architectures.lea_only((8, 8, 1), (3,), classes=4, window=4, strides=2, units=8)
        >>> model.get_layer("lea").output.shape, model.output_shape
        ((None, 4, 4, 3), (None, 4))
    """
    options = {"pair": pair, "kernels": kernels, "kernel_size": kernel_size, "bottleneck": bottleneck}
    options |= {"hidden": hidden, "window_fraction": window_fraction}
    return lea_fc(input_shape, code_shape, classes, window, strides, **options, units=units, name=name)


def _lea(name, window, strides, channels, code_shape, window_fraction, **options) -> LocallyEmbeddedAutoencoder:
    autoencoder = window_autoencoder((*as_pair(window), channels), code_shape, **options)
    return LocallyEmbeddedAutoencoder(autoencoder, window, strides, window_fraction=window_fraction, name=name)


def _copy(bottleneck: Bottleneck | str, i: int) -> Bottleneck | str:
    """Returns a bottleneck for the i-th LEA: each has its own weights and noise."""
    if isinstance(bottleneck, str):
        return bottleneck
    return type(bottleneck).from_config(_reseeded(bottleneck.get_config(), i))


def _reseeded(config, i: int):
    """Returns the configuration with every seed raised by i, also in nested layers and initializers."""
    if isinstance(config, list | tuple):
        return type(config)(_reseeded(value, i) for value in config)
    if not isinstance(config, dict):
        return config
    return {
        key: value + i if key == "seed" and isinstance(value, int) else _reseeded(value, i)
        for key, value in config.items()
    }

"""A model as two functions for TensorFlow: images to whole numbers, and whole numbers to images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Bottleneck, EntropyCoded, ScaleHyperprior
from keras_ae.compression.any_size import of_any_size
from keras_ae.compression.integer_network import LARGEST_SIDE_CODE
from keras_ae.compression.tables import LARGEST
from keras_ae.export import Endpoint, Input

ENCODE, DECODE = "to_integers", "from_integers"


@dataclass(frozen=True)
class Networks:
    """What is on both sides of the whole numbers.

    Attributes:
        image_shape: (height, width, channels) of images; None where any will do.
        code_shape: Shape of an image's code; None likewise.
        stride: Pixels per position of a map, (rows, columns): images are padded to multiples of it.
        endpoints: `to_integers` gives "integers", and with a hyperprior "side"; `from_integers` gives "images",
            uint8.
        variables: Weights that the endpoints use.
    """

    image_shape: tuple[int | None, int | None, int]
    code_shape: tuple[int | None, ...]
    stride: tuple[int, int]
    endpoints: dict[str, Endpoint]
    variables: list[Any]


def networks_of(model, step: float) -> Networks:
    """Returns the functions of an autoencoder whose codes are rounded to multiples of `step`.

    A convolutional one takes images of any size. A discrete bottleneck's integers are taken as they are.

    Raises:
        InputError: The model is no autoencoder of images.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> networks_of(model, step=0.1).image_shape
        (4, 4, 1)
    """
    if not (hasattr(model, "decode") and getattr(model, "features", None) is None):
        raise InputError(f"a {type(model).__name__} to compress with", "an Autoencoder of images")
    encoder, decoder, stride = model.encoder, model.decoder, _stride(model)
    image_shape, code_shape = tuple(model.image_shape), tuple(model.indices_shape or model.code_shape)
    if stride is not None:
        wide = of_any_size(encoder), of_any_size(decoder)
        if None not in wide:
            encoder, decoder = wide
            image_shape, code_shape = (None, None, image_shape[-1]), (None, None, code_shape[-1])
    to_integers, from_integers = _functions(encoder, model.bottleneck, decoder, step)
    endpoints = {
        ENCODE: Endpoint(to_integers, (Input("images", (None, *image_shape)),)),
        DECODE: Endpoint(from_integers, (Input("integers", (None, *code_shape), "int32"),)),
    }
    variables = [*encoder.variables, *model.bottleneck.variables, *decoder.variables]
    return Networks(image_shape, code_shape, stride or (1, 1), endpoints, variables)


def _stride(model) -> tuple[int, int] | None:
    """Pixels per position of a code map; None of other codes, and of maps whose sides do not divide an image's"""
    image, code = model.image_shape, model.code_shape
    if len(code) != 3 or None in (*image, *code) or image[0] % code[0] or image[1] % code[1]:
        return None
    return image[0] // code[0], image[1] // code[1]


def _functions(encoder, bottleneck: Bottleneck, decoder, step: float) -> tuple[Callable, Callable]:
    if isinstance(bottleneck, EntropyCoded):
        step = step * bottleneck.step

    def to_integers(images):
        features = encoder(images, training=False)
        if bottleneck.sizes:
            return {"integers": bottleneck.indices(bottleneck(features, training=False))}
        if not isinstance(bottleneck, EntropyCoded):
            return {"integers": _whole(ops.cast(bottleneck(features, training=False), "float32") / step)}
        values = bottleneck.values(features)
        integers = {"integers": _whole(bottleneck.multiples(values, step))}
        if isinstance(bottleneck, ScaleHyperprior):
            integers["side"] = _whole(bottleneck.side(values), LARGEST_SIDE_CODE)
        return integers

    def from_integers(integers):
        codes = bottleneck.codes(integers) if bottleneck.sizes else ops.cast(integers, "float32") * step
        images = ops.cast(decoder(codes, training=False), "float32")
        return {"images": ops.cast(ops.round(ops.clip(images, 0.0, 1.0) * 255.0), "uint8")}

    return to_integers, from_integers


def _whole(values, largest: int = LARGEST) -> keras.KerasTensor:
    """Values rounded to whole numbers, int32, of at most `largest`."""
    return ops.cast(ops.clip(ops.round(values), -largest, largest), "int32")

"""A model as two TensorFlow functions: images to integers, and integers to images."""

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
    """The networks on either side of the integers.

    Attributes:
        image_shape: (height, width, channels) of images; height and width are None if any will do.
        code_shape: Shape of an image's code; likewise.
        stride: Pixels per position of a map, (rows, columns): images are padded to multiples of it.
        to_integers: Maps images and a step, a scalar, to "integers" and, with a hyperprior, "side", int32.
        from_integers: Maps integers and a step to "images", uint8.
        variables: Weights of both.
    """

    image_shape: tuple[int | None, int | None, int]
    code_shape: tuple[int | None, ...]
    stride: tuple[int, int]
    to_integers: Callable
    from_integers: Callable
    variables: list[Any]

    def traced(self) -> dict[str, Callable]:
        """Returns both functions, traced once for all steps."""
        endpoints = self._endpoints(self.to_integers, self.from_integers, (Input("step", ()),))
        return {name: endpoint.concrete().get_concrete_function() for name, endpoint in endpoints.items()}

    def endpoints(self, step: float) -> dict[str, Endpoint]:
        """Returns both functions with a fixed step, as the endpoints of a SavedModel."""
        return self._endpoints(
            lambda images: self.to_integers(images, step), lambda integers: self.from_integers(integers, step), ()
        )

    def _endpoints(self, to_integers: Callable, from_integers: Callable, more: tuple[Input, ...]):
        images = Input("images", (None, *self.image_shape))
        integers = Input("integers", (None, *self.code_shape), "int32")
        return {
            ENCODE: Endpoint(to_integers, (images, *more)),
            DECODE: Endpoint(from_integers, (integers, *more)),
        }


def networks_of(model) -> Networks:
    """Returns the functions of an autoencoder whose codes are rounded to multiples of a step.

    If the autoencoder is convolutional, they take images of any size. A discrete bottleneck's integers are used as
    they are.

    Raises:
        InputError: If the model is not an autoencoder of images.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> networks_of(model).image_shape
        (4, 4, 1)
    """
    check_model(model)
    encoder, decoder, stride = model.encoder, model.decoder, _stride(model)
    image_shape, code_shape = tuple(model.image_shape), tuple(model.indices_shape or model.code_shape)
    if stride is not None:
        wide = of_any_size(encoder), of_any_size(decoder)
        if None not in wide:
            encoder, decoder = wide
            image_shape, code_shape = (None, None, image_shape[-1]), (None, None, code_shape[-1])
    functions = _functions(encoder, model.bottleneck, decoder)
    variables = [*encoder.variables, *model.bottleneck.variables, *decoder.variables]
    return Networks(image_shape, code_shape, stride or (1, 1), *functions, variables)


def check_model(model) -> None:
    """Refuse (`InputError`) what is not an autoencoder of images."""
    if not (hasattr(model, "decode") and getattr(model, "features", None) is None):
        raise InputError(f"a {type(model).__name__} to compress with", "an Autoencoder of images")


def _stride(model) -> tuple[int, int] | None:
    """Returns the pixels per position of a code map; None if it is no map or does not divide the image evenly."""
    image, code = model.image_shape, model.code_shape
    if len(code) != 3 or None in (*image, *code) or image[0] % code[0] or image[1] % code[1]:
        return None
    return image[0] // code[0], image[1] // code[1]


def _functions(encoder, bottleneck: Bottleneck, decoder) -> tuple[Callable, Callable]:
    def to_integers(images, step):
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

    def from_integers(integers, step):
        codes = bottleneck.codes(integers) if bottleneck.sizes else ops.cast(integers, "float32") * step
        images = ops.cast(decoder(codes, training=False), "float32")
        return {"images": ops.cast(ops.round(ops.clip(images, 0.0, 1.0) * 255.0), "uint8")}

    return to_integers, from_integers


def _whole(values, largest: int = LARGEST) -> keras.KerasTensor:
    """Rounds values to integers, int32, clipped to −`largest` to `largest`."""
    return ops.cast(ops.clip(ops.round(values), -largest, largest), "int32")

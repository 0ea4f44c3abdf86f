"""The endpoints of exported models, as TensorFlow functions of tensors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.pixels import TOLERANCE
from keras_ae.density import Density
from keras_ae.export.names import BYTES
from keras_ae.export.resizing import CONVERTED, Resizing


@dataclass(frozen=True)
class Input:
    """One input of an endpoint: its name, shape with the batch (None), and type; a default makes it optional.

    Integer codes have `sizes`: along the last axis, each integer is from 0 to below its own size. Where the shape
    leaves an image's sides open, `example` is an (h, w, c) to try.

    Example:
        >>> double = Endpoint(lambda codes: {"doubled": 2 * codes}, (Input("codes", (None, 3)),))
        >>> double.concrete().input_signature[0].shape.as_list()
        [None, 3]
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    default: Any = None
    sizes: tuple[int, ...] = ()
    example: tuple[int, ...] = ()


@dataclass(frozen=True)
class Endpoint:
    """A function of tensors, in the order of its inputs, that returns tensors by name.

    Attributes:
        function: The function, which TensorFlow can trace.
        inputs: Inputs of the function, in their order.
        random: Whether the function draws random numbers, so its outputs cannot be compared value by value.
        allowed: Largest difference of each output, by name, from the Keras model's; see `check_parity`.

    Example:
        >>> images = Input("images", (None, 4, 4, 1))
        >>> brightness = Endpoint(lambda x: {"mean": ops.mean(x, axis=(1, 2, 3))}, (images,))
        >>> brightness.concrete()(ops.ones((2, 4, 4, 1)))["mean"].numpy().tolist()
        [1.0, 1.0]
    """

    function: Callable
    inputs: tuple[Input, ...]
    random: bool = False
    allowed: Mapping[str, float] = field(default_factory=dict)

    def concrete(self):
        """Returns the function as a `tf.function` with its signature, in which inputs have their names."""
        import tensorflow as tf

        signature = [tf.TensorSpec(each.shape, each.dtype, each.name) for each in self.inputs]
        return tf.function(self.function, input_signature=signature, autograph=False)


def image_endpoints(
    name: str,
    function: Callable,
    image_shape: tuple[int, int, int],
    allowed: Mapping[str, float] | None = None,
    resizing: Resizing | None = None,
) -> dict[str, Endpoint]:
    """Returns two endpoints for a function of images: one takes float32 images in [0, 1], the other uint8.

    The first rejects values that are not finite or lie outside [0, 1]. With `resizing`, the second takes
    images of any size, gray or in colour, and converts them to the model's shape; its output "maps" has the
    original size of the images.

    Args:
        name: Name of the first; the second has `_uint8` appended.
        function: Maps images [n, h, w, c] to tensors by name.
        image_shape: (h, w, c) of the model's images.
        allowed: See `Endpoint`.
        resizing: How bytes of any size are prepared; without it, they must have the model's size.

    Example:
        >>> endpoints = image_endpoints("score", lambda x: {"scores": ops.mean(x, axis=(1, 2, 3))}, (4, 4, 1))
        >>> list(endpoints)
        ['score', 'score_uint8']
        >>> endpoints["score_uint8"].function(np.full((1, 4, 4, 1), 255, "uint8"))["scores"].numpy().tolist()
        [1.0]
    """
    import tensorflow as tf

    def of_floats(images):
        finite = tf.debugging.assert_all_finite(images, "expected finite pixels, received NaN or infinities")
        low = tf.debugging.assert_greater_equal(
            finite, -TOLERANCE, "expected pixels in [0, 1]; bytes go to *_uint8"
        )
        high = tf.debugging.assert_less_equal(
            finite, 1 + TOLERANCE, "expected pixels in [0, 1]; bytes go to *_uint8"
        )
        with tf.control_dependencies([check for check in (low, high) if check is not None]):
            return function(tf.identity(finite))

    def of_bytes(images):
        if resizing is None:
            return function(tf.cast(images, tf.float32) / 255)
        outputs = function(tf.ensure_shape(resizing.images(images, image_shape[2]), (None, *image_shape)))
        return {
            output: resizing.maps(values, images) if output == "maps" else values
            for output, values in outputs.items()
        }

    shape, channels, example = (None, *image_shape), image_shape[2], image_shape
    any_size: tuple[int | None, ...] = shape
    if resizing is not None:
        any_size = (None, None, None, None if channels in CONVERTED else channels)
        height, width = map(max, image_shape, resizing.preparation.smallest)
        example = (height, width, channels)
    of_any_size = Input("images", any_size, "uint8", example=example)
    return {
        name: Endpoint(of_floats, (Input("images", shape),), allowed=allowed or {}),
        f"{name}{BYTES}": Endpoint(of_bytes, (of_any_size,), allowed=allowed or {}),
    }


def portable_endpoint(
    function: Callable, image_shape: tuple[int, int, int], allowed: Mapping[str, float] | None = None
) -> Endpoint:
    """Returns an endpoint for formats without checks: an image with NaN or infinities gets outputs of NaN.

    Integer outputs, which have no NaN, are −1.

    Args:
        function: Maps images [n, h, w, c] to tensors [n, ...] of floats or integers by name, or to decisions, bool
            [n], which are True for a broken image, so that it is not overlooked.
        image_shape: (h, w, c) of the images.
        allowed: See `Endpoint`.

    Example:
        >>> endpoint = portable_endpoint(lambda x: {"scores": ops.mean(x, axis=(1, 2, 3))}, (2, 2, 1))
        >>> images = np.stack([np.ones((2, 2, 1), "float32"), np.full((2, 2, 1), np.nan, "float32")])
        >>> endpoint.function(images)["scores"].numpy().tolist()
        [1.0, nan]
    """
    import tensorflow as tf

    def marked(images):
        # Written with operations that every format has: x − x is 0 only for finite x.
        broken = tf.reduce_any(tf.not_equal(images - images, 0.0), axis=(1, 2, 3))
        outputs = {}
        for name, values in function(images).items():
            if values.dtype == tf.bool:
                outputs[name] = tf.logical_or(broken, values)
                continue
            spread = tf.reshape(broken, (-1,) + (1,) * (len(values.shape) - 1))
            mark = tf.constant(-1 if values.dtype.is_integer else np.nan, values.dtype)
            outputs[name] = tf.where(spread, mark, values)
        return outputs

    return Endpoint(marked, (Input("images", (None, *image_shape)),), allowed=allowed or {})


def autoencoder_endpoints(model, density: Density | None = None) -> dict[str, Endpoint]:
    """Returns `encode`, `decode`, `reconstruct` and, with a density of codes, `sample`; see `image_endpoints`.

    With a discrete bottleneck, `encode` also returns "indices", which `decode_indices` takes.

    Args:
        model: An `Autoencoder`.
        density: A density fitted to its codes.

    Raises:
        InputError: The model is not an autoencoder, or the density is not fitted to codes of this length.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> density = kae.density.StandardNormal().fit(np.zeros((1, 2)))
        >>> list(autoencoder_endpoints(model, density))
        ['reconstruct', 'reconstruct_uint8', 'encode', 'encode_uint8', 'decode', 'sample']
    """
    if not hasattr(model, "decode"):
        raise InputError(f"a {type(model).__name__} to export", "an Autoencoder")

    import tensorflow as tf

    def float32(tensor):
        return keras.ops.cast(tensor, "float32")

    def decode(codes):
        finite = tf.debugging.assert_all_finite(codes, "expected finite codes, received NaN or infinities")
        return {given_back: float32(model.decode(finite))}

    given_back = "images" if getattr(model, "features", None) is None else "features"
    endpoints = {
        **image_endpoints("reconstruct", lambda x: {given_back: float32(model.reconstruct(x))}, model.image_shape),
        **image_endpoints("encode", lambda x: encoded(model, x), model.image_shape),
        "decode": Endpoint(decode, (Input("codes", (None, *model.code_shape)),)),
        **_of_indices(model, given_back),
    }
    if density is not None:
        shape, draw = density.code_shape(model), sampler(density)

        def sample(count, seed):
            codes = keras.ops.reshape(draw(count, seed), (-1, *shape))
            return {given_back: float32(model.decode(codes))}

        endpoints["sample"] = Endpoint(
            sample, (Input("count", (), "int32"), Input("seed", (), "int32")), random=True
        )
    return endpoints


def encoded(model, images) -> dict[str, Any]:
    """Returns "codes", float32, and with a discrete bottleneck "indices", int32; TensorFlow can trace it.

    Example:
        >>> bottleneck = kae.bottlenecks.FiniteScalar(2, levels=3)
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,), bottleneck=bottleneck)
        >>> {name: tuple(each.shape) for name, each in encoded(model, np.ones((3, 4, 4, 1), "float32")).items()}
        {'codes': (3, 2), 'indices': (3, 2)}
    """
    codes = model.encode(images)
    outputs = {"codes": keras.ops.cast(codes, "float32")}
    if getattr(model, "indices_shape", None):
        outputs["indices"] = model.bottleneck.indices(codes)
    return outputs


def _of_indices(model, given_back: str) -> dict[str, Endpoint]:
    """The endpoint that decodes integers, for a discrete bottleneck only."""
    if not getattr(model, "indices_shape", None):
        return {}
    import tensorflow as tf

    sizes = model.bottleneck.sizes

    def decode(indices):
        message = f"expected indices from 0 to below {' or '.join(str(n) for n in dict.fromkeys(sizes))}"
        inside = tf.reduce_all((indices >= 0) & (indices < tf.constant(sizes)))
        with tf.control_dependencies([tf.debugging.Assert(inside, [message])]):
            return {given_back: keras.ops.cast(model.decode(tf.identity(indices)), "float32")}

    taken = Input("indices", (None, *model.indices_shape), "int32", None, sizes)
    return {"decode_indices": Endpoint(decode, (taken,))}


def sampler(density: Density) -> Callable:
    """Returns a TensorFlow function (count, seed) → codes [count, d] that draws from a fitted density.

    The same seed gives the same codes.

    Example:
        >>> draw = sampler(kae.density.StandardNormal().fit(np.zeros((1, 2))))
        >>> first, again, other = draw(5, seed=0).numpy(), draw(5, seed=0).numpy(), draw(5, seed=1).numpy()
        >>> first.shape, np.array_equal(first, again), np.array_equal(first, other)
        ((5, 2), True, False)
    """
    density.check()
    return density.sampler()

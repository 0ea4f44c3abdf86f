"""Models as SavedModels with several endpoints, which TensorFlow runs without this library."""

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from keras_ae._support.directories import write_directory
from keras_ae._support.execution import require_tensorflow
from keras_ae._support.image_arrays import as_pixels
from keras_ae._support.written_files import saved_model_files
from keras_ae.export.conversion import archive, conversion
from keras_ae.export.endpoints import Endpoint, Input
from keras_ae.export.loading import load_saved_model
from keras_ae.export.names import BYTES
from keras_ae.export.parity import Parity, check_moments, check_parity

CHECKED = 16  # images that outputs are compared on
DRAWN, DRAWN_AT_ONCE = 4096, 256  # draws whose moments are compared, and how many are held in memory


def write_saved_model(
    model: keras.Model, endpoints: Mapping[str, Endpoint], path, images=None
) -> dict[str, Parity]:
    """Writes endpoints of a model as one SavedModel, and keeps it only if it agrees with the Keras model.

    The first endpoint is also the default signature (`serving_default`). The batch may have any size.

    Args:
        model: The model whose variables the endpoints' functions use.
        endpoints: The endpoints, by name.
        path: Directory; if it exists, it must hold nothing but an earlier export, which is replaced.
        images: uint8 or floats in [0, 1], [n, h, w, c], to compare on; random images by default.

    Returns:
        The difference of each endpoint, by name, from the Keras model.

    Raises:
        InputError: An endpoint differs by more than its outputs may (`check_parity`), or `path` holds other files.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> endpoints = {"encode": kae.export.autoencoder_endpoints(model)["encode"]}
        >>> write_saved_model(model, endpoints, "exported")["encode"].holds
        True
    """
    require_tensorflow("export")
    return write_directory(
        path, lambda written: fill_saved_model(model, endpoints, written, images), saved_model_files
    )


def fill_saved_model(
    model: keras.Model, endpoints: Mapping[str, Endpoint], path: Path, images=None
) -> dict[str, Parity]:
    """Writes endpoints as a SavedModel into a directory; see `write_saved_model`, which also guards other files.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> endpoints = {"encode": kae.export.autoencoder_endpoints(model)["encode"]}
        >>> fill_saved_model(model, endpoints, Path("filled"))["encode"].holds
        True
    """
    require_tensorflow("export")
    with conversion(", ".join(endpoints), "savedmodel"):
        functions = {name: endpoint.concrete() for name, endpoint in endpoints.items()}
        archive(model, functions | {"serving_default": functions[next(iter(endpoints))]}, path)
    return _check(endpoints, path, images)


def _check(endpoints: Mapping[str, Endpoint], path: Path, images) -> dict[str, Parity]:
    import tensorflow as tf

    signatures = load_saved_model(path).signatures
    checked = {}
    for name, endpoint in endpoints.items():
        exported = signatures[name]
        if endpoint.random:
            checked[name] = _check_draws(name, endpoint, exported)
            continue
        values = {each.name: _example(name, each, images) for each in endpoint.inputs}
        expected = endpoint.function(*(tf.constant(value) for value in values.values()))
        received = exported(**{key: tf.constant(value) for key, value in values.items()})
        checked[name] = check_parity(name, _arrays(expected), _arrays(received), endpoint.allowed)
    return checked


def _check_draws(name: str, endpoint: Endpoint, exported) -> Parity:
    import tensorflow as tf

    def draws(function, seeds):
        for seed in seeds:
            drawn = function(count=tf.constant(DRAWN_AT_ONCE), seed=tf.constant(seed))
            yield next(iter(_arrays(drawn).values()))

    batches = DRAWN // DRAWN_AT_ONCE
    seeds = range(batches), range(batches, 2 * batches)  # all different: the draws are independent
    return check_moments(name, draws(endpoint.function, seeds[0]), draws(exported, seeds[1]))


def _example(name: str, each: Input, images) -> np.ndarray:
    """A value for an input: the given images, random images, or random codes."""
    if each.default is not None or not each.shape:
        return np.asarray(0 if each.default is None else each.default, each.dtype)
    generator, sides = np.random.default_rng(0), each.example or tuple(s for s in each.shape[1:] if s is not None)
    if each.sizes:
        return generator.integers(0, each.sizes, (CHECKED, *sides)).astype(each.dtype)
    if each.name != "images":
        return generator.standard_normal((CHECKED, *sides)).astype(np.float32)
    if images is None:
        images = generator.random((CHECKED, *sides)).astype(np.float32)
    images = _enlarged(as_pixels(images[:CHECKED]), sides[:2])
    return np.round(images * 255).astype(np.uint8) if name.endswith(BYTES) else images


def _enlarged(images: np.ndarray, sides) -> np.ndarray:
    """Repeats the pixels of images that are smaller than a height and width, those of raw images before a crop."""
    for axis, side in enumerate(sides, start=1):
        images = images.repeat(-(-side // images.shape[axis]), axis)
    return images


def _arrays(outputs) -> dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in outputs.items()}

"""Networks trained on photographs, for the features of their layers: by name, from a file, or from a package."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.packaged_networks import PACKAGED, PackagedNetwork
from keras_ae.features.efficientnet_lite import efficientnet_lite, middle_layers
from keras_ae.features.torch_weights import read_torch_weights
from keras_ae.model_file import load_model

STRIDES = (8, 16)  # of the default layers
_MIDDLE, _HALF = 127.0, 128.0  # grey levels by which EfficientNet-lite's authors shifted and scaled images


@dataclass(frozen=True)
class Backbone:
    """A network, and the preprocessing that it expects.

    Attributes:
        network: Model from images [n, h, w, 3]; only its inner layers are used, not its output.
        matrix, offset: [3, 3] and [3]: the network's input is `image @ matrix + offset` for images in [0, 1].
        layers: Names of the default layers.
    """

    network: keras.Model
    matrix: np.ndarray
    offset: np.ndarray
    layers: tuple[str, ...]


def open_backbone(name: str, image_size: tuple[int, int], weights: str | None = "imagenet") -> Backbone:
    """Returns a backbone by its name.

    Args:
        name: "efficientnet_lite0" to "efficientnet_lite2"; a network of `keras.applications` ("ResNet50" or
            "resnet_50"); or the path of a `.keras` file with a model that takes images in [0, 1].
        image_size: Height and width of the images.
        weights: "imagenet", None for random weights, or a file: PyTorch's legacy format (`read_torch_weights`) for
            an EfficientNet-lite, Keras's for `keras.applications`. Ignored for a `.keras` file.

    Raises:
        InputError: There is no such network, or its weights are unavailable.
    """
    name = os.fspath(name)
    if name.endswith(".keras"):
        return _from_file(Path(name), image_size)
    if name in PACKAGED:
        return _packaged(PACKAGED[name], image_size, weights)
    return _application(name, image_size, weights)


def _packaged(chosen: PackagedNetwork, image_size: tuple[int, int], weights: str | None) -> Backbone:
    network = efficientnet_lite((*image_size, 3), chosen.number)
    if weights is not None:
        path = chosen.weights() if weights == "imagenet" else Path(weights)
        _take_torch_weights(network, read_torch_weights(path))
    matrix = (np.eye(3) * (255 / _HALF)).astype(np.float32)
    offset = np.full(3, -_MIDDLE / _HALF, np.float32)
    return Backbone(network, matrix, offset, middle_layers(chosen.number))


def _take_torch_weights(network: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Sets a network's weights from a file, which has them in the same order, followed by a classifier's."""
    rest = iter([array for name, array in arrays.items() if not name.endswith("num_batches_tracked")])
    for layer in network.layers:
        if not layer.weights:
            continue
        theirs = [next(rest, np.zeros(0)) for _ in layer.weights]
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            theirs = [theirs[0].transpose(2, 3, 0, 1)]
        elif isinstance(layer, keras.layers.Conv2D):
            theirs = [theirs[0].transpose(2, 3, 1, 0)]
        for mine, array in zip(layer.weights, theirs, strict=True):
            if mine.shape != array.shape:
                raise InputError(f"weights of {array.shape} for {mine.path}", f"{tuple(mine.shape)}")
        layer.set_weights(theirs)


def _application(name: str, image_size: tuple[int, int], weights: str | None) -> Backbone:
    builders = applications()
    known = {_plain(each): each for each in builders}
    if _plain(name) not in known:
        raise unknown_name("backbone", name, (*PACKAGED, *builders))
    builder = builders[known[_plain(name)]]
    try:
        network = builder(include_top=False, weights=weights, input_shape=(*image_size, 3))
    except Exception as error:  # a download that fails raises nearly anything
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        received = f"the network {name} for images of {image_size[0]} × {image_size[1]} ({reason})"
        action = "put its weight file where Keras looks (~/.keras/models), or take a .keras file"
        raise InputError(received, "a network whose weights can be had", action) from error
    matrix, offset = _affine(sys.modules[builder.__module__].preprocess_input)
    return Backbone(network, matrix, offset, layers_at(network, STRIDES))


def applications() -> dict[str, Callable[..., keras.Model]]:
    """Returns the builders of the networks of `keras.applications`, by name."""
    named = vars(keras.applications).items()
    return {name: value for name, value in named if callable(value) and name[0].isupper()}


def _plain(name: str) -> str:
    """Returns a name without case, underscores and hyphens: mobilenet_v2 is MobileNetV2."""
    return name.lower().replace("_", "").replace("-", "")


def _affine(preprocess: Callable) -> tuple[np.ndarray, np.ndarray]:
    """Returns an affine preprocessing of images in [0, 255] as matrix and offset for images in [0, 1]."""
    probes = 255.0 * np.concatenate([np.zeros((1, 3)), np.eye(3)]).astype(np.float32)
    seen = np.asarray(preprocess(probes[:, None, None, :].copy()), np.float32)[:, 0, 0, :]
    return seen[1:] - seen[0], seen[0]


def _from_file(path: Path, image_size: tuple[int, int]) -> Backbone:
    network = load_model(path, compile=False)
    expected = (*image_size, 3)
    shape = tuple(getattr(network, "input_shape", ())[1:])
    if len(shape) != 3 or any(a not in (None, b) for a, b in zip(shape, expected, strict=True)):
        received = f"{path}, a network for images of {shape}"
        raise InputError(received, f"one for {expected}", "give another --image-size, or another network")
    return Backbone(network, np.eye(3, dtype=np.float32), np.zeros(3, np.float32), layers_at(network, STRIDES))


def layers_at(network: keras.Model, strides: tuple[int, ...]) -> tuple[str, ...]:
    """Returns the last layer at each stride that the network has; if it has none, its last layer with maps."""
    height = network.input_shape[1] or 2**16
    maps = [layer for layer in network.layers if len(getattr(layer, "output", np.zeros(0)).shape) == 4]
    last = {round(height / layer.output.shape[1]): layer.name for layer in maps if layer.output.shape[1]}
    return tuple(last[stride] for stride in strides if stride in last) or (maps[-1].name,)

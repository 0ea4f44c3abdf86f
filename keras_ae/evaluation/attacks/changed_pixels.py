"""Classifiers asked about images that differ from others in one pixel: only what the pixel reaches is computed."""

from dataclasses import dataclass
from itertools import pairwise

import keras
import numpy as np
import tensorflow as tf

from keras_ae.layers import LocallyEmbeddedAutoencoder
from keras_ae.layers.locally_embedded_windows import Axis, Windowing, as_pair

_REACHED_AT_ONCE, _MULTIPLIED_AT_ONCE = 2048, 16_384  # changed pixels: their crops take memory
_WORTHWHILE = 0.75  # part of the last map that a pixel may reach: beyond it the whole network is as fast
_SIDES = {  # of the windows of layers that make every output from one window
    keras.layers.Conv2D: "kernel_size",
    keras.layers.DepthwiseConv2D: "kernel_size",
    keras.layers.MaxPooling2D: "pool_size",
    keras.layers.AveragePooling2D: "pool_size",
    LocallyEmbeddedAutoencoder: "window",
}
_OF_EVERY_PIXEL = (keras.layers.Activation, keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.Rescaling)
_NOTHING_AT_INFERENCE = (keras.layers.Dropout, keras.layers.SpatialDropout2D, keras.layers.GaussianNoise)


class ChangedPixels:
    """Logits of copies of images with one other pixel each, for networks of local layers and dense ones behind.

    A pixel reaches a few values of the map behind a local layer (a convolution, pooling, a locally embedded
    autoencoder): those are computed from crops of the maps of the image itself, and so on from layer to layer. The
    first dense layer sees the difference to the image's last map. The logits are those of the whole network, up
    to rounding, with its weights at the time of asking.

    Args:
        network: What `local_network` found in a classifier.
    """

    def __init__(self, network: "LocalNetwork"):
        self._network = network
        self._reached = tf.function(self._what_is_reached, reduce_retracing=True)
        self._logits = tf.function(network.logits, reduce_retracing=True)

    def logits(self, images: np.ndarray, owners: np.ndarray, pixels: np.ndarray, values: np.ndarray) -> np.ndarray:
        """float32 [n, classes].

        Args:
            images: float32 [m, h, w, c].
            owners: int [n], ascending: of which image each is a copy.
            pixels: int [n]: which pixel is changed, row by row.
            values: [n, c]: its new values.
        """
        kernel, found = self._network.kernel, []
        for some in _slices(len(owners), _MULTIPLIED_AT_ONCE):
            given = owners[some], pixels[some], values[some]
            reached = [
                self._part(images, *(array[part] for array in given))
                for part in _slices(len(given[0]), _REACHED_AT_ONCE)
            ]
            found.append(self._behind(kernel, *map(np.concatenate, zip(*reached, strict=True))))
        return np.concatenate(found)

    def _part(self, images, owners, pixels, values) -> tuple[np.ndarray, ...]:
        """`_what_is_reached` of some, but the dense layer's outputs one for each."""
        first = owners[0]
        images, owners = images[first : owners[-1] + 1], owners - first
        places = (np.asarray(array, np.int32) for array in (owners, *np.divmod(pixels, images.shape[2])))
        outputs, *reached = self._reached(images.astype(np.float32), values.astype(np.float32), *places)
        return outputs.numpy()[owners], *(tensor.numpy() for tensor in reached)

    def _behind(self, kernel, outputs, differences, rows, columns) -> np.ndarray:
        """Logits: for all differences at one place of the map, one matrix product."""
        height, width = differences.shape[1:3]
        differences = differences.reshape(len(differences), -1)
        places = rows * kernel.shape[1] + columns
        order = np.argsort(places, kind="stable")
        for some in np.split(order, np.flatnonzero(np.diff(places[order])) + 1):
            y, x = rows[some[0]], columns[some[0]]
            weights = kernel[y : y + height, x : x + width].reshape(differences.shape[1], -1)
            outputs[some] += differences[some] @ weights
        return self._logits(outputs).numpy()

    def _what_is_reached(self, images, values, owners, rows, columns):
        """The dense layer's outputs for the images; differences to their last maps, and where these begin."""
        maps, patches, starts = images, values[:, None, None], (rows, columns)
        for layer in self._network.layers:
            maps, patches, starts = layer(maps, patches, starts, owners)
        before = _cropped(maps, owners, starts, patches.shape[1:3])
        return self._network.dense_outputs(maps), patches - before, *starts


@dataclass(frozen=True)
class LocalNetwork:
    """A classifier in parts: local layers, a dense layer of all that they give, and what follows.

    Attributes:
        layers: From maps, patches, where these begin and whose they are to the same behind a layer.
        shape: (height, width, channels) of the map that the dense layer sees.
        dense: The dense layer.
        rest: The layers behind its activation.
    """

    layers: tuple
    shape: tuple[int, int, int]
    dense: keras.layers.Dense
    rest: tuple

    @property
    def kernel(self) -> np.ndarray:
        """The dense layer's weights [height, width, channels, units]."""
        return keras.ops.convert_to_numpy(self.dense.kernel).reshape(*self.shape, -1)

    def dense_outputs(self, maps):
        """What the dense layer makes of whole maps, before its activation."""
        outputs = tf.reshape(maps, (-1, np.prod(self.shape))) @ self.dense.kernel
        return outputs if self.dense.bias is None else outputs + self.dense.bias

    def logits(self, outputs):
        """The classifier's logits from the dense layer's outputs."""
        outputs = self.dense.activation(outputs)
        for layer in self.rest:
            outputs = layer(outputs)
        return outputs


def local_network(classifier: keras.Model) -> LocalNetwork | None:
    """The parts of a classifier that can be asked about changed pixels; None for all other classifiers.

    It is one chain of layers in float32, of which the local ones are known here, and a pixel does not reach more
    than half of the map before the first dense layer.
    """
    chain = _chain(classifier)
    if chain is None:
        return None
    layers, spans = [], (1, 1)
    for position, layer in enumerate(chain):
        if isinstance(layer, keras.layers.Flatten):
            return _with_head(layers, spans, layer, chain[position + 1 :])
        if type(layer) in _OF_EVERY_PIXEL:
            layers.append(_OfEveryPixel(layer))
        elif _is_local(layer):
            layers.append(_OfWindows(layer, spans))
            spans = layers[-1].spans
        elif type(layer) not in _NOTHING_AT_INFERENCE:
            return None
    return None


def _chain(classifier) -> list | None:
    """The layers behind the input, if each has the one before it as its only input, in float32."""
    layers = getattr(classifier, "layers", [])
    if len(getattr(classifier, "inputs", None) or []) != 1 or not isinstance(layers[0], keras.layers.InputLayer):
        return None
    if any(len(layer._inbound_nodes) != 1 or layer.compute_dtype != "float32" for layer in layers[1:]):
        return None
    if any(after.input is not before.output for before, after in pairwise(layers)):
        return None
    return layers[1:] if layers[-1].output is classifier.outputs[0] and len(layers[0].output.shape) == 4 else None


def _is_local(layer) -> bool:
    """Whether a layer makes every output from one window, all in the same way."""
    if type(layer) not in _SIDES or getattr(layer, "data_format", "channels_last") != "channels_last":
        return False
    if type(layer) is keras.layers.AveragePooling2D and layer.padding != "valid":  # does not count padding
        return False
    return as_pair(getattr(layer, "dilation_rate", 1)) == (1, 1) and layer.padding in ("same", "valid")


def _with_head(layers, spans, flatten, behind) -> LocalNetwork | None:
    """The network, if a dense layer follows and a pixel does not reach most of what it sees."""
    shape = tuple(flatten.input.shape[1:])
    while behind and type(behind[0]) in _NOTHING_AT_INFERENCE:
        behind = behind[1:]
    if not behind or type(behind[0]) is not keras.layers.Dense or len(shape) != 3:
        return None
    if np.prod(spans) > _WORTHWHILE * np.prod(shape[:2]):
        return None
    return LocalNetwork(tuple(layers), shape, behind[0], tuple(behind[1:]))


def _slices(count: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, count, size)]


class _OfEveryPixel:
    """A layer that makes every pixel of its output from the same pixel of its input."""

    def __init__(self, layer):
        self._layer = layer

    def __call__(self, maps, patches, starts, owners):
        return self._layer(maps), self._layer(patches), starts


class _OfWindows:
    """A layer that makes every pixel of its output from one window of its input.

    Args:
        layer: It.
        spans: Rows and columns of the patches that it is given.

    Attributes:
        spans: Of those that it gives.
    """

    def __init__(self, layer, spans: tuple[int, int]):
        self._layer = layer
        window, strides = as_pair(getattr(layer, _SIDES[type(layer)])), as_pair(layer.strides)
        self._sides, channels = layer.input.shape[1:3], layer.input.shape[3]
        self._axes = Windowing(window, strides, layer.padding).axes(self._sides)
        self._filling = tf.float32.min if isinstance(layer, keras.layers.MaxPooling2D) else 0.0
        axes = zip(self._axes, spans, strict=True)
        self.spans = tuple(min((span + axis.window - 2) // axis.stride + 1, axis.count) for axis, span in axes)
        cropped = zip(self._axes, self.spans, strict=True)
        self._crops = tuple((span - 1) * axis.stride + axis.window for axis, span in cropped)
        self._of_crops = type(layer).from_config({**layer.get_config(), "padding": "valid"})
        self._of_crops.build((None, *self._crops, channels))

    def __call__(self, maps, patches, starts, owners):
        begins = [self._first(axis, *given) for axis, *given in zip(self._axes, starts, self.spans, strict=True)]
        corners = [begin * axis.stride for begin, axis in zip(begins, self._axes, strict=True)]
        offsets = [s + axis.before - corner for s, axis, corner in zip(starts, self._axes, corners, strict=True)]
        pads = [(axis.before, max(axis.length - axis.before - side, 0)) for axis, side in self._with_sides()]
        padded = tf.pad(maps, [(0, 0), *pads, (0, 0)], constant_values=self._filling)
        crops = _cropped(padded, owners, corners, self._crops, patches, offsets)
        of_layer = self._layer.trainable_variables, self._layer.non_trainable_variables  # as they are now
        made, _ = self._of_crops.stateless_call(*of_layer, crops)
        return self._layer(maps), made, tuple(begins)

    def _with_sides(self):
        return zip(self._axes, self._sides, strict=True)

    def _first(self, axis: Axis, start, span: int):
        """The first output of those computed: the first whose window has the patch in it, or one before."""
        first = -((axis.window - 1 - axis.before - start) // axis.stride)
        return tf.clip_by_value(first, 0, axis.count - span)


def _cropped(maps, owners, corners, sides, patches=None, offsets=None):
    """Crops [n, *sides, c] of maps [m, h, w, c], at corners (y [n], x [n]), with patches [n, a, b, c] laid over.

    Args:
        offsets: Where in its crop each patch begins, (y [n], x [n]); what lies outside is left out.
    """
    (height, width), channels = maps.shape[1:3], maps.shape[3]
    y, x = (tf.range(side) + corner[:, None] for side, corner in zip(sides, corners, strict=True))
    places = ((owners[:, None] * height + y)[:, :, None] * width) + x[:, None]
    table = tf.reshape(maps, (-1, channels))
    if patches is not None:
        rows, columns = patches.shape[1:3]
        y, x = (tf.range(side) - offset[:, None] for side, offset in zip(sides, offsets, strict=True))
        within = ((y >= 0) & (y < rows))[:, :, None] & ((x >= 0) & (x < columns))[:, None]
        number = tf.range(tf.shape(owners)[0])
        of_patches = ((number[:, None] * rows + y)[:, :, None] * columns) + x[:, None]
        places = tf.where(within, tf.shape(table)[0] + of_patches, places)
        table = tf.concat((table, tf.reshape(patches, (-1, channels))), axis=0)
    return tf.gather(table, places)

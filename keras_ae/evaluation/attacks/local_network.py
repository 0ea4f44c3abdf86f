"""Classifiers in which a pixel affects few values of a map: chains of local layers followed by dense ones."""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from keras_ae.layers import Axis, LocallyEmbeddedAutoencoder, Windowing, as_pair

_WORTHWHILE = 0.75  # fraction of the last map that a pixel may affect: beyond it, the whole network is as fast
_SIDES = {  # attribute with the window's sides, for layers that compute each output from one window
    keras.layers.Conv2D: "kernel_size",
    keras.layers.DepthwiseConv2D: "kernel_size",
    keras.layers.MaxPooling2D: "pool_size",
    keras.layers.AveragePooling2D: "pool_size",
    LocallyEmbeddedAutoencoder: "window",
}
_OF_EVERY_PIXEL = (
    keras.layers.Activation,
    keras.layers.BatchNormalization,
    keras.layers.LeakyReLU,
    keras.layers.ReLU,
    keras.layers.Rescaling,
)
_NOTHING_AT_INFERENCE = (keras.layers.Dropout, keras.layers.SpatialDropout2D, keras.layers.GaussianNoise)


@dataclass(frozen=True)
class LocalNetwork:
    """A classifier in parts: local layers, a dense layer on all their outputs, and what follows.

    Attributes:
        layers: Functions that map maps, patches, where these begin and their owners to the first three, one layer
            further.
        shape: (height, width, channels) of the map that the dense layer sees.
        dense: The dense layer.
        rest: The layers after its activation.
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
        """Returns the dense layer's outputs for whole maps, before its activation."""
        outputs = tf.reshape(maps, (-1, np.prod(self.shape))) @ self.dense.kernel
        return outputs if self.dense.bias is None else outputs + self.dense.bias

    def logits(self, outputs):
        """Returns the classifier's logits, given the dense layer's outputs."""
        outputs = self.dense.activation(outputs)
        for layer in self.rest:
            outputs = layer(outputs)
        return outputs


def local_network(classifier: keras.Model) -> LocalNetwork | None:
    """Returns the parts of a classifier that supports queries about changed pixels; None for all others.

    Such a classifier is a single chain of float32 layers, with local ones only of the kinds known here, in which a
    pixel does not affect most of the map before the first dense layer.
    """
    if len(getattr(classifier, "inputs", None) or []) != 1 or len(classifier.inputs[0].shape) != 4:
        return None
    chain = list(classifier.layers) if isinstance(classifier, keras.Sequential) else _chain(classifier)
    shape, spans = classifier.inputs[0].shape, (1, 1)
    layers: list[_OfEveryPixel | _OfWindows] = []
    for position, layer in enumerate(chain):
        if getattr(layer, "compute_dtype", None) != "float32":  # an operation that is no layer has none
            return None
        if type(layer) is keras.layers.Flatten:
            return _with_head(layers, spans, tuple(shape[1:]), chain[position + 1 :])
        if _is_of_every_pixel(layer):
            layers.append(_OfEveryPixel(layer))
        elif _is_local(layer):
            windows = _OfWindows(layer, shape, spans)
            layers.append(windows)
            spans = windows.spans
        elif type(layer) not in _NOTHING_AT_INFERENCE:
            return None
        shape = layer.compute_output_shape(shape)
    return None


def _chain(classifier) -> list:
    """Returns the layers after the input, if each has the one before it as its only input; none otherwise."""
    nodes = [classifier._nodes_by_depth[depth] for depth in sorted(classifier._nodes_by_depth, reverse=True)]
    if any(len(level) != 1 or len(level[0].input_tensors) > 1 for level in nodes):
        return []
    return [node.operation for [node] in nodes[1:]]


def _is_of_every_pixel(layer) -> bool:
    """Whether a layer computes each output pixel from the same pixel of its input."""
    return type(layer) in _OF_EVERY_PIXEL and getattr(layer, "axis", -1) in (-1, 3)


def _is_local(layer) -> bool:
    """Whether a layer computes each output from one window, all in the same way."""
    if type(layer) not in _SIDES or getattr(layer, "data_format", "channels_last") != "channels_last":
        return False
    if type(layer) is keras.layers.AveragePooling2D and layer.padding != "valid":  # does not count padding
        return False
    return as_pair(getattr(layer, "dilation_rate", 1)) == (1, 1) and layer.padding in ("same", "valid")


def _with_head(layers, spans, shape, behind) -> LocalNetwork | None:
    """Returns the network if a dense layer follows and a pixel does not affect most of its inputs, else None."""
    while behind and type(behind[0]) in _NOTHING_AT_INFERENCE:
        behind = behind[1:]
    dense, *rest = behind or [None]
    worthwhile = np.prod(spans) <= _WORTHWHILE * np.prod(shape[:2])
    if type(dense) is not keras.layers.Dense or not worthwhile:
        return None
    if any(getattr(layer, "compute_dtype", None) != "float32" for layer in behind):
        return None
    return LocalNetwork(tuple(layers), shape, dense, tuple(rest))


class _OfEveryPixel:
    """A layer that computes each output pixel from the same pixel of its input."""

    def __init__(self, layer):
        self._layer = layer

    def __call__(self, maps, patches, starts, owners):
        return self._layer(maps), self._layer(patches), starts


class _OfWindows:
    """A layer that computes each output pixel from one window of its input.

    Args:
        layer: The layer.
        shape: (batch, height, width, channels) of its input maps.
        spans: Rows and columns of its input patches.

    Attributes:
        spans: Rows and columns of its output patches.
    """

    def __init__(self, layer, shape: tuple, spans: tuple[int, int]):
        self._layer, self._sides = layer, shape[1:3]
        window, strides = as_pair(getattr(layer, _SIDES[type(layer)])), as_pair(layer.strides)
        self._axes = Windowing(window, strides, layer.padding).axes(self._sides)
        self._filling = tf.float32.min if isinstance(layer, keras.layers.MaxPooling2D) else 0.0
        axes = zip(self._axes, spans, strict=True)
        rows, columns = (min((n + axis.window - 2) // axis.stride + 1, axis.count) for axis, n in axes)
        self.spans = (rows, columns)
        cropped = zip(self._axes, self.spans, strict=True)
        self._crops = tuple((span - 1) * axis.stride + axis.window for axis, span in cropped)
        self._of_crops = type(layer).from_config({**layer.get_config(), "padding": "valid"})
        self._of_crops.build((None, *self._crops, shape[3]))

    def __call__(self, maps, patches, starts, owners):
        begins = [self._first(axis, *given) for axis, *given in zip(self._axes, starts, self.spans, strict=True)]
        corners = [begin * axis.stride for begin, axis in zip(begins, self._axes, strict=True)]
        offsets = [s + axis.before - corner for s, axis, corner in zip(starts, self._axes, corners, strict=True)]
        pads = [(axis.before, max(axis.length - axis.before - side, 0)) for axis, side in self._with_sides()]
        padded = tf.pad(maps, [(0, 0), *pads, (0, 0)], constant_values=self._filling)
        crops = cropped(padded, owners, corners, self._crops, patches, offsets)
        weights = zip(self._of_crops.variables, self._layer.variables, strict=True)  # as they are now
        with keras.StatelessScope(weights):
            made = self._of_crops(crops)
        return self._layer(maps), made, tuple(begins)

    def _with_sides(self):
        return zip(self._axes, self._sides, strict=True)

    def _first(self, axis: Axis, start, span: int):
        """Returns the first output to compute: the first whose window overlaps the patch, or an earlier one."""
        first = -((axis.window - 1 - axis.before - start) // axis.stride)
        return tf.clip_by_value(first, 0, axis.count - span)


def cropped(maps, owners, corners, sides, patches=None, offsets=None):
    """Returns crops [n, *sides, c] of maps [m, h, w, c], with patches [n, a, b, c] laid over them.

    Args:
        maps: The maps.
        owners: int [n]: index of the map that each crop is cut from.
        corners: First row and column of each crop: (y [n], x [n]).
        sides: Rows and columns of a crop.
        patches: Patches, one per crop; none by default.
        offsets: Where in its crop each patch begins: (y [n], x [n]); what lies outside the crop is left out.
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

"""Queries about images that differ from others in one pixel: only what that pixel affects is computed."""

import numpy as np
import tensorflow as tf
from foolbox import TensorFlowModel

from keras_ae.evaluation.attacks.local_network import LocalNetwork, cropped

_REACHED_AT_ONCE, _MULTIPLIED_AT_ONCE = 2048, 16_384  # changed pixels, whose crops take memory


class FollowingModel(TensorFlowModel):
    """A Foolbox model that follows changed pixels through the network (`changed_pixels`), where supported."""

    changed_pixels: "ChangedPixels | None" = None


class ChangedPixels:
    """Computes logits of copies of images with one changed pixel each, for local layers followed by dense ones.

    A pixel affects only a few values of the map after a local layer (a convolution, pooling, a locally embedded
    autoencoder): those are computed from crops of the original image's maps, layer by layer. The first dense layer
    sees the difference from the original image's last map. The logits are those of the whole network, up to
    rounding, with its weights at the time of the query.

    Args:
        network: The result of `local_network` for a classifier.
    """

    def __init__(self, network: LocalNetwork):
        self._network = network
        self._reached = tf.function(self._what_is_reached, reduce_retracing=True)
        self._logits = tf.function(network.logits, reduce_retracing=True)

    def logits(self, images: np.ndarray, owners: np.ndarray, pixels: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Returns the logits of changed copies of images: float32 [n, classes].

        Args:
            images: float32 [m, h, w, c].
            owners: int [n], ascending: index of the image that each copies.
            pixels: int [n]: index of the changed pixel, counted row by row.
            values: [n, c]: its new values.
        """
        kernel, logits = self._network.kernel, []
        for some in _slices(len(owners), _MULTIPLIED_AT_ONCE):
            given = owners[some], pixels[some], values[some]
            reached = [
                self._part(images, *(array[part] for array in given))
                for part in _slices(len(given[0]), _REACHED_AT_ONCE)
            ]
            logits.append(self._behind(kernel, *map(np.concatenate, zip(*reached, strict=True))))
        return np.concatenate(logits)

    def _part(self, images, owners, pixels, values) -> tuple[np.ndarray, ...]:
        """`_what_is_reached` for some changes, with the dense layer's outputs repeated for each."""
        first = owners[0]
        images, owners = images[first : owners[-1] + 1], owners - first
        places = (np.asarray(array, np.int32) for array in (owners, *np.divmod(pixels, images.shape[2])))
        outputs, *reached = self._reached(images.astype(np.float32), values.astype(np.float32), *places)
        return outputs.numpy()[owners], *(tensor.numpy() for tensor in reached)

    def _behind(self, kernel, outputs, differences, rows, columns) -> np.ndarray:
        """Returns the logits, by one matrix product for all differences at one place of the map."""
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
        """Returns the dense layer's outputs for images, the changes of their last maps, and where these begin."""
        maps, patches, starts = images, values[:, None, None], (rows, columns)
        for layer in self._network.layers:
            maps, patches, starts = layer(maps, patches, starts, owners)
        before = cropped(maps, owners, starts, patches.shape[1:3])
        return self._network.dense_outputs(maps), patches - before, *starts


def _slices(count: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, count, size)]

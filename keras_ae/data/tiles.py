"""Overlapping square tiles of images, which take the place of the images themselves."""

from dataclasses import replace
from math import ceil
from numbers import Real

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.pixels import in_unit
from keras_ae.data.backings import ArrayImages, Images
from keras_ae.data.checks import positive
from keras_ae.data.split import Split

LARGEST_OVERLAP, OVERLAP = 0.75, 0.25  # the second is the default
ROUNDING = 1e-9


def check_tiles(tile: int, overlap: float) -> None:
    """Refuses a side that is not a whole number of pixels, and an overlap outside 0 to 0.75 (`InputError`)."""
    positive("tile", tile)
    if not isinstance(overlap, Real) or not 0 <= overlap <= LARGEST_OVERLAP:
        received = f"overlap={overlap}"
        raise InputError(received, f"a part of a tile from 0 to {LARGEST_OVERLAP}", f"{OVERLAP} is usual")


def tile_starts(size: tuple[int, int], tile: int, overlap: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first rows and first columns of tiles, evenly spaced so that the last tiles end at the border.

    Args:
        size: Height and width of the image.
        tile: Side of a tile.
        overlap: Least fraction of a tile shared with its neighbour, from 0 to 0.75; rounding to whole pixels may
            take one pixel off.

    Raises:
        InputError: If a tile is larger than the image, or the overlap is out of range.
    """
    check_tiles(tile, overlap)
    if tile > min(size):
        received = f"tiles of {tile} pixels of images of {size[0]} × {size[1]}"
        raise InputError(received, f"at most {min(size)}", "give a smaller --tile, or larger images")
    height, width = (_starts(side, tile, overlap) for side in size)
    return height, width


def _starts(side: int, tile: int, overlap: float) -> np.ndarray:
    count = 1 + max(0, ceil((side - tile) / (tile * (1 - overlap)) - ROUNDING))
    return np.linspace(0, side - tile, count).round().astype(int)


class TiledImages:
    """Tiles of other images, image by image and row by row, with the same `shape` and methods.

    Args:
        images: Images in memory, or files, which are read only when their tiles are.
        tile, overlap: Same as for `tile_starts`.
    """

    def __init__(self, images: Images, tile: int, overlap: float):
        self.images, self.tile, self.is_streamed = images, tile, images.is_streamed
        height, width, channels = map(int, images.shape)
        rows, columns = tile_starts((height, width), tile, overlap)
        self.corners = [(int(top), int(left)) for top in rows for left in columns]
        self.shape = (tile, tile, channels)

    def __len__(self) -> int:
        return len(self.images) * len(self.corners)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns float32 [len(rows), tile, tile, c]."""
        tiles = np.empty((len(rows), *self.shape), np.float32)
        images, places = np.divmod(np.asarray(rows), len(self.corners))
        for image in np.unique(images):
            whole = self._whole(image)
            for i in np.flatnonzero(images == image):
                top, left = self.corners[places[i]]
                tiles[i] = in_unit(whole[top : top + self.tile, left : left + self.tile])
        return tiles

    def fetch(self, rows):
        """Returns a float32 tensor [b, tile, tile, c] for a tensor of int64 rows [b]."""
        import tensorflow as tf

        tiles = tf.numpy_function(self.read, [rows], tf.float32, stateful=False)
        tiles.set_shape((None, *self.shape))
        return tiles

    def _whole(self, image: int) -> np.ndarray:
        if type(self.images) is ArrayImages:  # in memory: only the tiles are copied
            return self.images.array[image]
        return self.images.read(np.array([image]))[0]


def tiled_split(split: Split, tile: int, overlap: float) -> Split:
    """Returns the tiles of a split's images, with the labels, files and groups of each image."""
    images = TiledImages(split.images, tile, overlap)
    count = len(images.corners)
    groups = split.groups or tuple(f"{row:09}" for row in range(len(split.images)))

    def repeated(names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if names is None else tuple(name for name in names for _ in range(count))

    return replace(
        split,
        images=images,
        labels=None if split.labels is None else np.repeat(split.labels, count, axis=0),
        kept=repeated(split.kept),
        groups=repeated(groups),
        masks=None,
    )

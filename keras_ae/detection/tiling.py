"""Cuts large images into overlapping tiles, and joins maps of tiles into maps of images."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from keras import ops

from keras_ae.data import OVERLAP, tile_starts


@dataclass(frozen=True)
class Tiling:
    """A division of an image into evenly spaced square tiles; the last ones end at its rim.

    Args:
        size: Height and width of the image.
        tile: Side of a tile, at most the image's shorter side.
        overlap: Least fraction of a tile that its neighbour shares, from 0 to 0.75.

    Raises:
        InputError: If a tile is larger than the image, or the overlap is out of range.

    Example:
        >>> tiling = Tiling((10, 4), tile=4, overlap=0.25)
        >>> tiling.starts[0].tolist(), tiling.starts[1].tolist()  # three rows of one tile
        ([0, 3, 6], [0])
        >>> tiles = tiling.cut(np.arange(40, dtype="float32").reshape(1, 10, 4, 1))
        >>> tuple(tiles.shape), float(tiles[1, 0, 0, 0, 0])  # tiles, images, rows, columns, channels
        ((3, 1, 4, 4, 1), 12.0)
    """

    size: tuple[int, int]
    tile: int
    overlap: float = OVERLAP

    def __post_init__(self):
        _ = self.starts  # raises an error for impossible sizes

    @cached_property
    def starts(self) -> tuple[np.ndarray, np.ndarray]:
        """First rows and first columns of the tiles."""
        return tile_starts(self.size, self.tile, self.overlap)

    @property
    def count(self) -> int:
        """Number of tiles per image."""
        return len(self.starts[0]) * len(self.starts[1])

    def cut(self, images):
        """Returns the tiles [tiles, n, tile, tile, c] of images [n, height, width, c], row by row."""
        tiles = ops.transpose(self._grid(images), (1, 3, 0, 2, 4, 5))
        return ops.reshape(tiles, (self.count, -1, self.tile, self.tile, images.shape[-1]))

    def strips(self, images):
        """Returns the same tiles as [n · rows, columns, tile, tile, c]: a strip is a row of tiles of one image."""
        tiles = ops.transpose(self._grid(images), (0, 1, 3, 2, 4, 5))
        return ops.reshape(tiles, (-1, self.columns, self.tile, self.tile, images.shape[-1]))

    @property
    def columns(self) -> int:
        """Number of tiles per strip."""
        return len(self.starts[1])

    def _grid(self, images):
        """Returns the tiles as [n, rows, tile, columns, tile, c]."""
        places = [(starts[:, None] + np.arange(self.tile)).ravel() for starts in self.starts]
        pixels = ops.take(ops.take(images, places[0], axis=1), places[1], axis=2)
        rows, columns = (len(starts) for starts in self.starts)
        return ops.reshape(pixels, (-1, rows, self.tile, columns, self.tile, images.shape[-1]))

    def joined(self, maps):
        """Returns maps [n, height, width] of maps of tiles [tiles, n, tile, tile], averaged where tiles overlap.

        The nearer a pixel is to the rim of a tile, the less that tile's value counts.
        """
        strips = ops.reshape(ops.transpose(maps, (1, 0, 2, 3)), (-1, self.columns, self.tile, self.tile))
        return self.joined_strips(strips)

    def joined_strips(self, maps):
        """Same as `joined`, for maps of `strips`: [n · rows, columns, tile, tile]."""
        rows, columns = (len(starts) for starts in self.starts)
        values = ops.reshape(maps, (-1, rows, columns, self.tile, self.tile))
        values = ops.transpose(values, (0, 1, 3, 2, 4))
        values = ops.reshape(values, (-1, rows * self.tile, columns * self.tile))
        down, across = (self._weights(side, starts) for side, starts in zip(self.size, self.starts, strict=True))
        return ops.matmul(ops.matmul(down, values), across.T)

    def _weights(self, side: int, starts: np.ndarray) -> np.ndarray:
        """Returns, for each pixel along a side, the weights of all tiles' pixels: [side, tiles · tile]."""
        within = np.minimum(np.arange(self.tile) + 0.5, self.tile - np.arange(self.tile) - 0.5)
        weights = np.zeros((side, len(starts), self.tile))
        for i, start in enumerate(starts):
            weights[start + np.arange(self.tile), i, np.arange(self.tile)] = within
        flat = weights.reshape(side, -1)
        return (flat / flat.sum(axis=1, keepdims=True)).astype(np.float32)

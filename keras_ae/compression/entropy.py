"""Divides the integers of an image into parts, each coded by one table."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from keras_ae.compression.coder import Decoder
from keras_ae.compression.integer_network import IntegerNetwork
from keras_ae.compression.tables import Tables

Arrays = tuple[np.ndarray, ...]  # int32 [..., channels], in the order in which they are sent


class Entropy(Protocol):
    """Assigns a table to each of an image's integers.

    Example:
        >>> from keras_ae.compression.tables import of_values
        >>> entropy: Entropy = Independent(of_values(np.array([[0, 5], [1, 6]])))
        >>> [(table, values.tolist()) for table, values in entropy.parts((np.array([[0, 5], [1, 5]]),))]
        [(0, [0, 1]), (1, [5, 5])]
    """

    tables: Tables

    def parts(self, arrays: Arrays) -> Iterator[tuple[int, np.ndarray]]:
        """Yields the numbers of tables with the values that they code, in reading order."""

    def read(self, decoder: Decoder, shape: tuple[int, ...]) -> Arrays:
        """Returns the arrays of an image whose code has this shape."""


class Independent:
    """One table for each channel."""

    def __init__(self, tables: Tables):
        self.tables = tables

    def parts(self, arrays: Arrays) -> Iterator[tuple[int, np.ndarray]]:
        (codes,) = arrays
        yield from _channels(codes)

    def read(self, decoder: Decoder, shape: tuple[int, ...]) -> Arrays:
        return (_read_channels(decoder, shape),)


class Conditional:
    """One table for each channel of a side code, then one for each level of scale that it assigns to values.

    Args:
        tables: Tables of the side code's channels, then one for each level.
        network: Network that maps the side code to the levels.
    """

    def __init__(self, tables: Tables, network: IntegerNetwork):
        self.tables, self.network = tables, network
        self._first = network.kernels[0].shape[2]  # table of the lowest level

    def parts(self, arrays: Arrays) -> Iterator[tuple[int, np.ndarray]]:
        side, codes = arrays
        yield from _channels(side)
        order, tables, starts = self._by_level(side, codes.shape[:2])
        values = codes.ravel()[order]
        for i, table in enumerate(tables):
            yield int(table), values[starts[i] : starts[i + 1]]

    def read(self, decoder: Decoder, shape: tuple[int, ...]) -> Arrays:
        height, width, _ = shape
        side = _read_channels(decoder, ((height + 3) // 4, (width + 3) // 4, self._first))
        order, tables, starts = self._by_level(side, (height, width))
        codes = np.empty(int(np.prod(shape)), np.int32)
        for i, table in enumerate(tables):
            codes[order[starts[i] : starts[i + 1]]] = decoder.read(int(table), int(starts[i + 1] - starts[i]))
        return side, codes.reshape(shape)

    def _by_level(self, side: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns the places of values sorted by level, the levels' tables, and where each level begins."""
        levels = self.network.levels(side, size).ravel()
        order = np.argsort(levels, kind="stable")
        present, starts = np.unique(levels[order], return_index=True)
        return order, self._first + present, np.append(starts, len(order))


def _channels(codes: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    rows = np.ascontiguousarray(codes.reshape(-1, codes.shape[-1]).T)
    yield from enumerate(rows)


def _read_channels(decoder: Decoder, shape: tuple[int, ...]) -> np.ndarray:
    positions = int(np.prod(shape[:-1]))
    rows = np.stack([decoder.read(channel, positions) for channel in range(shape[-1])])
    return np.ascontiguousarray(rows.T).reshape(shape)

"""Symbols to bytes and back, by asymmetric numeral systems (`constriction`; Duda, 2013)."""

import functools
import importlib.util
from collections.abc import Iterable
from typing import Any

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.compression.tables import Tables

HALF = 2**16  # an escaped value is coded as two numbers below this


def require_coder() -> None:
    """Raises an `InputError` unless `constriction` is installed."""
    if importlib.util.find_spec("constriction") is None:
        action = 'pip install "keras-ae[compression]"'
        raise InputError("no package constriction, which codes symbols", "it to be installed", action)


class Coder:
    """Codes the parts of a message, each a sequence of integers with one table.

    A stream is a number in base 2³², little-endian, without trailing zero bytes. The state s starts as its two
    highest digits. The next symbol is the one whose interval of the cumulative counts contains s mod 2²⁴; then s
    becomes ⌊s / 2²⁴⌋ · count + (s mod 2²⁴) − (the sum of the counts before it), and if that is below 2³², the next
    digit is appended to it. Values that a table lacks follow their part, each as two 16-bit numbers (the higher
    one first) of equal probability.

    Args:
        tables: The tables.

    Raises:
        InputError: If `constriction` is not installed.

    Example:
        >>> from keras_ae.compression.tables import of_values
        >>> coder = Coder(of_values(np.array([[0], [1], [1], [2]])))
        >>> stream = coder.encode([(0, np.array([1, 0, 99]))])
        >>> coder.decoder(stream).read(0, 3).tolist()
        [1, 0, 99]
    """

    def __init__(self, tables: Tables):
        require_coder()
        self.tables = tables
        self._models: dict[int, Any] = {}

    def model(self, table: int):
        """Returns constriction's model of a table."""
        if table not in self._models:
            # It gives each symbol a count of 1 and shares out the rest, which yields exactly these counts.
            free = (self.tables.of(table) - 1).astype(np.float64)
            self._models[table] = _stream().model.Categorical(free, perfect=False)
        return self._models[table]

    def encode(self, parts: Iterable[tuple[int, np.ndarray]]) -> bytes:
        """Returns the stream of parts, each a table's number and its values, int32 [n]."""
        coder = _stream().stack.AnsCoder()
        for table, values in reversed(list(parts)):  # a stack: last in, first out
            symbols = self.tables.symbols(table, values)
            escaped = values[symbols == len(self.tables.of(table)) - 1]
            if len(escaped):
                coder.encode_reverse(_halves(escaped), _uniform())
            coder.encode_reverse(symbols, self.model(table))
        return coder.get_compressed().astype("<u4").tobytes().rstrip(b"\x00")

    def decoder(self, stream: bytes) -> "Decoder":
        """Returns a decoder of a stream, which reads the parts in the order in which `encode` took them."""
        return Decoder(self, stream)


class Decoder:
    """Reads the parts of one stream; see `Coder`."""

    def __init__(self, coder: Coder, stream: bytes):
        words = np.frombuffer(stream + b"\x00" * (-len(stream) % 4), "<u4").astype(np.uint32)
        self._coder, self._stack = coder, _stream().stack.AnsCoder(*([words] if len(words) else []))

    def read(self, table: int, count: int) -> np.ndarray:
        """Returns the next part, int32 [count]."""
        symbols = self._stack.decode(self._coder.model(table), count)
        tables = self._coder.tables
        escaped = symbols == len(tables.of(table)) - 1
        values = (symbols + tables.lowest[table]).astype(np.int32)
        if escaped.any():
            high, low = self._stack.decode(_uniform(), 2 * int(escaped.sum())).reshape(-1, 2).T.astype(np.int64)
            values[escaped] = (high * HALF + low).astype(np.uint32).view(np.int32)
        return values

    @property
    def is_finished(self) -> bool:
        """Whether the stream has been read to its end."""
        return bool(self._stack.is_empty())


def _halves(values: np.ndarray) -> np.ndarray:
    """Splits int32 [n] into their higher and lower 16 bits, int32 [2n]."""
    whole = values.astype(np.int32).view(np.uint32)
    return np.stack([whole >> 16, whole & (HALF - 1)], axis=1).ravel().astype(np.int32)


@functools.cache
def _uniform():
    return _stream().model.Uniform(HALF)


def _stream():
    import constriction  # its modules cannot be imported by themselves

    return constriction.stream

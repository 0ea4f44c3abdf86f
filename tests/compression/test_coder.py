"""Streams against a decoder written from their description, and files that were damaged."""

import keras
import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.compression import HEADER_BYTES, Codec, Container
from keras_ae.compression.coder import Coder
from keras_ae.compression.tables import of_probabilities, of_values


def _decoded(stream: bytes, tables, parts: list[tuple[int, int]]) -> list[list[int]]:
    """What `Coder` describes, with Python's whole numbers."""
    state = int.from_bytes(stream, "little")
    digits = []
    while state >= 2**64:
        digits.append(state & 0xFFFFFFFF)
        state >>= 32

    def symbol(counts) -> int:
        nonlocal state
        ends, place = np.cumsum(counts), state % 2**24
        found = int(np.searchsorted(ends, place, side="right"))
        state = (state >> 24) * int(counts[found]) + place - int(ends[found] - counts[found])
        if state < 2**32 and digits:
            state = state << 32 | digits.pop()
        return found

    read = []
    for table, count in parts:
        counts = tables.of(table)
        values = [symbol(counts) for _ in range(count)]
        for i, value in enumerate(values):
            values[i] += int(tables.lowest[table])
            if value == len(counts) - 1:
                high, low = symbol([2**8] * 2**16), symbol([2**8] * 2**16)
                whole = high * 2**16 + low
                values[i] = whole - 2**32 if whole >= 2**31 else whole
        read.append(values)
    assert state == 0
    assert not digits
    return read


def test_streams_are_what_the_description_says_and_as_long_as_the_tables_say():
    pytest.importorskip("constriction", reason="no package constriction: no coder")
    generator = np.random.default_rng(0)
    columns = generator.normal(0, [0.3, 20.0], (4000, 2)).round().astype(np.int32)
    tables = of_values(columns[:2000])
    coder = Coder(tables)
    parts = [(0, columns[2000:, 0]), (1, columns[2000:, 1]), (1, np.int32([5, 10**6, -(2**31), 2**31 - 1]))]
    stream = coder.encode(parts)
    decoder = coder.decoder(stream)
    for table, values in parts:
        np.testing.assert_array_equal(decoder.read(table, len(values)), values)
    assert decoder.is_finished
    assert _decoded(stream, tables, [(t, len(v)) for t, v in parts]) == [v.tolist() for _, v in parts]
    bits = sum(tables.bits(t, v).sum() for t, v in parts)
    assert 0 <= 8 * len(stream) - bits < 64


def test_tables_stand_for_distributions():
    probabilities = np.array([1e-12, 0.2, 0.5, 0.3 - 1e-9, 1e-12])
    tables = of_probabilities([(-2, probabilities)])
    assert tables.of(0).sum() == 2**24
    assert (tables.of(0) > 0).all()
    assert tables.lowest[0] == -1
    np.testing.assert_allclose(tables.bits(0, np.array([-1, 0, 1])), -np.log2(probabilities[1:4]), atol=1e-5)


def test_a_constant_column_costs_nothing_and_a_wide_one_is_cut():
    tables = of_values(np.stack([np.full(1000, 7), np.linspace(-(10**6), 10**6, 1000).astype(int)], axis=1))
    assert tables.bits(0, np.array([7]))[0] < 0.01
    assert len(tables.of(1)) <= 2**12 + 1


def test_no_damaged_file_is_read():
    whole = Container(b"abcd", 300, 200, bytes(range(100))).to_bytes()
    assert len(whole) == 100 + HEADER_BYTES
    generator = np.random.default_rng(0)
    for i in range(500):
        damaged = bytearray(whole)
        if i % 3 == 0:
            damaged[generator.integers(len(whole))] ^= 1 << generator.integers(8)
        elif i % 3 == 1:
            damaged = damaged[: generator.integers(len(whole))]
        else:
            damaged = bytearray(generator.bytes(generator.integers(1, 200)))
        with pytest.raises(InputError):
            Container.from_bytes(bytes(damaged))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no .kaec file"),
        (b"PNG!" * 9, "no .kaec file"),
        (b"KAEC\x02", "version 2"),
        (b"KAEC\x01ab", "cut off"),
    ],
)
def test_what_is_no_file_is_refused_in_words(content, message):
    with pytest.raises(InputError, match=message):
        Container.from_bytes(content, "a.kaec")


def test_a_codec_on_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(InputError, match="the jax backend; expected TensorFlow to compress; set KERAS_BACKEND"):
        Codec.of(None)

"""What is written is read back; any change of any byte is noticed."""

import errno
import hashlib
import json

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from keras_ae.callbacks.checkpoint_files import (
    MAGIC,
    CheckpointFiles,
    DamagedError,
    read_checkpoint,
    write_checkpoint,
)

TYPES = st.sampled_from(["float32", "float64", "int64", "uint32", "bool", ml_dtypes.bfloat16]).map(np.dtype)
ARRAYS = TYPES.flatmap(
    lambda kind: arrays_of.arrays(np.uint8, arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0)).map(
        lambda array: array.astype(kind)
    )
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(
    VALUES | ARRAYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def same(one, other) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@settings(max_examples=25)
@given(TREES)
def test_what_is_written_is_read_back(tmp_path_factory, tree):
    path = tmp_path_factory.getbasetemp() / "tree.checkpoint"
    write_checkpoint(path, tree)
    assert same(tree, read_checkpoint(path))


def test_any_byte_counts(tmp_path):
    path = tmp_path / "a.checkpoint"
    write_checkpoint(path, {"step": 3, "weights": [np.arange(5, dtype=np.float32)]})
    content = path.read_bytes()
    for i in range(len(content)):
        path.write_bytes(content[:i] + bytes([content[i] ^ 16]) + content[i + 1 :])
        with pytest.raises(DamagedError):
            read_checkpoint(path)
        path.write_bytes(content[:i])
        with pytest.raises(DamagedError):
            read_checkpoint(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(DamagedError):
        read_checkpoint(path)


def test_a_disk_that_fails_does_not_damage_a_checkpoint(tmp_path, monkeypatch):
    files = CheckpointFiles(tmp_path / "checkpoint")
    files.save(0, 1, {"step": 1})
    error = OSError(errno.EIO, "Input/output error")
    monkeypatch.setattr("keras_ae.callbacks.checkpoint_files._read", lambda path: (_ for _ in ()).throw(error))
    with pytest.raises(OSError, match="Input/output"):
        files.load()
    monkeypatch.undo()
    assert files.load() == {"step": 1}


def test_the_last_two_are_kept_and_the_newest_loaded(tmp_path):
    files = CheckpointFiles(tmp_path / "checkpoint")
    assert files.load() is None
    for epoch, step in ((0, 9), (0, 10), (1, 0)):
        files.save(epoch, step, [epoch, step])
    assert len(files.paths()) == 2
    assert files.load() == [1, 0]
    files.remove()
    assert not files.directory.exists()


def test_a_failed_write_leaves_the_ones_before(tmp_path):
    files = CheckpointFiles(tmp_path)
    files.save(0, 1, "one")
    with pytest.raises(TypeError):
        files.save(0, 2, {"not JSON": object()})
    assert files.load() == "one"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "header",
    [
        b"null",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        json.dumps({"tree": {"__array__": 3}, "arrays": []}).encode(),
        json.dumps({"tree": 1, "arrays": [{"dtype": "float32", "shape": [10**9, 10**6]}]}).encode(),
        json.dumps({"tree": 1, "arrays": [{"dtype": "object", "shape": [1]}]}).encode(),
    ],
    ids=["null", "empty", "not UTF-8", "deep", "no such array", "terabytes", "objects"],
)
def test_a_header_that_is_none_counts_as_damaged_although_the_checksum_fits(header, tmp_path):
    content = len(header).to_bytes(8, "little") + header
    (tmp_path / "a").write_bytes(MAGIC + hashlib.sha256(content).digest() + content)
    with pytest.raises(DamagedError):
        read_checkpoint(tmp_path / "a")

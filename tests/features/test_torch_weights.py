"""Weight files of PyTorch are read without it, and run nothing."""

import collections
import os
import pickle
import struct
import sys
import types
import zipfile

import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.features.torch_weights import MAGIC, PROTOCOL, read_torch_weights


class _Storage:
    def __init__(self, key, values):
        self.key, self.values = key, values


@pytest.fixture
def torch_names(monkeypatch):
    """Modules with the names that a weight file holds, so that `pickle` can write such a file."""
    module, utilities = types.ModuleType("torch"), types.ModuleType("torch._utils")

    class FloatStorage:
        pass

    FloatStorage.__module__, FloatStorage.__qualname__ = "torch", "FloatStorage"

    def _rebuild_tensor_v2(*_):
        raise AssertionError("only its name is written")

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    module.FloatStorage, module._utils, utilities._rebuild_tensor_v2 = FloatStorage, utilities, _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "torch._utils", utilities)
    return FloatStorage, _rebuild_tensor_v2


def _write(path, state, storages, storage_type):
    class Pickler(pickle.Pickler):
        def persistent_id(self, each):
            if isinstance(each, _Storage):
                return "storage", storage_type, each.key, "cpu", len(each.values), None
            return None

    with path.open("wb") as file:
        for each in (MAGIC, PROTOCOL, {"little_endian": True}):
            pickle.dump(each, file, protocol=2)
        Pickler(file, protocol=2).dump(state)
        pickle.dump([storage.key for storage in storages], file, protocol=2)
        for storage in storages:
            file.write(struct.pack("<q", len(storage.values)) + storage.values.tobytes())


def test_tensors_are_read_with_their_offsets_and_strides(tmp_path, torch_names):
    storage_type, rebuild = torch_names
    storage = _Storage("0", np.arange(8, dtype="<f4"))

    class Tensor:
        def __init__(self, *arguments):
            self.arguments = arguments

        def __reduce__(self):
            return rebuild, self.arguments

    state = collections.OrderedDict(
        transposed=Tensor(storage, 0, (2, 3), (1, 2), False, {}), last=Tensor(storage, 6, (2,), (1,), False, {})
    )
    _write(tmp_path / "w.pth", state, [storage], storage_type)
    read = read_torch_weights(tmp_path / "w.pth")
    assert read["transposed"].tolist() == [[0, 2, 4], [1, 3, 5]]
    assert read["last"].tolist() == [6, 7]
    beyond = collections.OrderedDict(beyond=Tensor(storage, 6, (4,), (1,), False, {}))
    _write(tmp_path / "w.pth", beyond, [storage], storage_type)
    with pytest.raises(InputError, match="beyond its storage"):
        read_torch_weights(tmp_path / "w.pth")


def test_a_pickle_that_names_anything_else_is_refused_and_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    with (tmp_path / "evil.pth").open("wb") as file:
        for each in (MAGIC, PROTOCOL, Evil()):
            pickle.dump(each, file, protocol=2)
    with pytest.raises(InputError, match="is no part of weights"):
        read_torch_weights(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


def test_the_zip_format_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("w/data.pkl", pickle.dumps({}))
    with pytest.raises(InputError, match=r"in PyTorch's zip format; expected its format before version 1\.6"):
        read_torch_weights(tmp_path / "w.pth")


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(7)])
def test_other_files_are_refused_in_one_line(tmp_path, content):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(InputError, match="a weight file of PyTorch"):
        read_torch_weights(tmp_path / "w.pth")

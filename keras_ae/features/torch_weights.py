"""Reads the arrays of a PyTorch weight file, without PyTorch and without executing code from the pickle."""

import collections
import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from keras_ae._support.errors import InputError, absent

MAGIC = 0x1950A86A20F9469CFC6C  # of the format before zip files
PROTOCOL = 1001
ZIP = b"PK\x03\x04"
_TYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8"}


class _Storage:
    """The values behind one or more tensors, stored at the end of the file."""

    def __init__(self, dtype: str, count: int):
        self.dtype, self.count = np.dtype(dtype), count
        self.values = np.empty(0, self.dtype)  # read after the tensors that view them


class _View:
    """A tensor: a part of a storage, to be extracted once the storage is read."""

    def __init__(self, storage: _Storage, offset: int, size, stride, *_):
        self.storage, self.offset, self.size, self.stride = storage, int(offset), tuple(size), tuple(stride)

    def array(self) -> np.ndarray:
        values = self.storage.values
        last = self.offset + sum((n - 1) * step for n, step in zip(self.size, self.stride, strict=True))
        if min(self.size, default=1) < 1 or self.offset < 0 or min(self.stride, default=0) < 0:
            raise ValueError(f"a tensor of {self.size}")
        if last >= len(values):
            raise ValueError("a tensor beyond its storage")
        steps = [step * values.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.size, steps).copy()


class _Unpickler(pickle.Unpickler):
    """Accepts tensors, their storages and ordered dictionaries, and nothing else."""

    def __init__(self, file: BinaryIO):
        super().__init__(file, encoding="utf-8")
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _View
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is no part of weights")

    def persistent_load(self, saved: tuple) -> _Storage:
        kind, dtype, key, _, count = saved[:5]
        if kind != "storage" or (len(saved) > 5 and saved[5] is not None):
            raise pickle.UnpicklingError("it has a reference that is no storage")
        return self.storages.setdefault(key, _Storage(dtype, int(count)))


def read_torch_weights(path) -> dict[str, np.ndarray]:
    """Returns the arrays of a PyTorch state dictionary by name, in the legacy format (`torch.save` before 1.6).

    Args:
        path: The file. Only dictionaries of tensors are read: a pickle that names anything else is refused.

    Raises:
        InputError: There is no such file, it is damaged, or it holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(absent(path), "a weight file of PyTorch", "check the path")
    try:
        with path.open("rb") as file:
            if file.read(len(ZIP)) == ZIP:
                action = "save it with torch.save(weights, file, _use_new_zipfile_serialization=False)"
                raise InputError(f"{path}, in PyTorch's zip format", "its format before version 1.6", action)
            file.seek(0)
            return _read(file)
    except InputError:
        raise
    except Exception as error:  # a damaged pickle makes the unpickler raise nearly anything
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"{path} ({reason})", "a weight file of PyTorch", "install its package again") from error


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    if _Unpickler(file).load() != MAGIC or _Unpickler(file).load() != PROTOCOL:
        raise ValueError("no weight file of the legacy format")
    _Unpickler(file).load()  # describes the system that wrote it
    reader = _Unpickler(file)
    tensors = reader.load()
    for key in _Unpickler(file).load():
        storage = reader.storages[key]
        count = int(np.frombuffer(file.read(8), "<i8")[0])
        content = file.read(storage.count * storage.dtype.itemsize)
        if count != storage.count:
            raise ValueError(f"a storage of {count} values, where {storage.count} are expected")
        storage.values = np.frombuffer(content, storage.dtype)
    return {name: view.array() for name, view in tensors.items()}

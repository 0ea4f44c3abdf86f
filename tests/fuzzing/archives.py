"""NumPy archives: types, ranks, values and labels of every kind; headers that claim too much; damaged archives."""

import io
import os
import struct
import zipfile
from pathlib import Path

import numpy as np

from .base import Base, photo
from .case import Case
from .checks import loaded
from .damage import Generator, bomb, damaged, pick, zip_members, zipped

TYPES = (
    "u1",
    "i1",
    "u2",
    ">u2",
    "i4",
    "i8",
    "u8",
    "f2",
    "f4",
    ">f4",
    "f8",
    "g",
    "?",
    "c8",
    "U3",
    "S2",
    "M8[s]",
    "V4",
)


def make(generator: Generator, base: Base, directory: Path) -> Case:
    """An archive, loaded."""
    kind = pick(generator, KINDS)
    name, expected = KINDS[kind](generator, base, directory / "data.npz")
    return Case("archives", name, "load", {"source": "npz:data.npz"}, expected, check=loaded)


def _photos(generator: Generator, count: int = 12, channels: int = 1) -> np.ndarray:
    return np.stack([photo(generator, (16, 16, channels)) for _ in range(count)])


def _type(generator, base, path):
    kind = pick(generator, TYPES)
    images = _photos(generator)
    numeric = kind[-2:-1] in ("u", "i", "f") or kind in ("g", "?")
    values = images.astype("f8") / 255 if kind[-2:-1] == "f" or kind == "g" else images // 2
    with np.errstate(all="ignore"):
        np.savez(path, x=values.astype(kind) if kind != "V4" else np.zeros((12, 16, 16), kind))
    return f"images of type {kind}", "either" if numeric else "refused"


def _rank(generator, base, path):
    shape = tuple(int(n) for n in generator.integers(0, 5, size=int(generator.integers(0, 7))))
    np.savez(path, x=np.zeros(shape, pick(generator, ("u1", "f4"))))
    return f"images of shape {shape}", "refused" if len(shape) not in (3, 4) or 0 in shape else "either"


def _values(generator, base, path):
    odd = pick(generator, (np.nan, np.inf, -np.inf, -2, -1e-3, 1e30, 256, 300, 1.5, 1e-320))
    images = _photos(generator).astype("f4") / 255
    images[3, 2, 2] = odd
    np.savez(path, x=images)
    return f"a value {odd}", "refused" if odd < 0 or not odd < 1e3 else "either"


def _labels(generator, base, path):
    odd = pick(
        generator,
        (
            *(np.arange(5), np.arange(12.0), np.arange(12) + 2**40, -np.arange(12), np.zeros((12, 3, 2), int)),
            *(np.array(["a"] * 12), np.zeros(12, complex), np.zeros(0, int), np.int64(3), np.full(12, np.nan)),
        ),
    )
    np.savez(path, x=_photos(generator), y=odd)
    negative = odd.dtype.kind == "i" and odd.shape == (12,) and odd.min() < 0
    return f"labels {odd.dtype} {odd.shape}", "either" if negative else "refused"


def _names(generator, base, path):
    arrays = {"x_train": _photos(generator), "x_test": _photos(generator, 6)}
    change = pick(generator, ("rename", "other", "shape", "markup", "test of another type", "none"))
    if change == "rename":
        arrays["X"] = arrays.pop("x_train")
    if change == "shape":
        arrays["x_test"] = np.zeros((4, 8, 8, 1), "u1")
    if change == "markup":
        arrays = {"<script>\n[bold]": arrays["x_train"]}
    if change == "test of another type":
        arrays["x_test"] = arrays["x_test"] / 255
    if change == "none":
        arrays = {}
    if change == "other":
        arrays["../../etc"] = np.zeros(3)
    np.savez(path, **arrays)
    return f"names: {change}", {"other": "accepted", "test of another type": "either"}.get(change, "refused")


def _objects(generator, base, path):
    np.savez(path, x=np.array([{"a": 1}, print], dtype=object), allow_pickle=True)
    return "pickled objects", "refused"


def _header(generator, base, path):
    """A member whose header tells anything."""
    shape = pick(
        generator,
        (
            *(
                "(10**6, 10**6)",
                "(1000000, 1000, 1000, 3)",
                "(2**70,)",
                "(-1, 16, 16)",
                "(4611686018427387904, 4)",
            ),
            *(
                "(12, 16, 16",
                "__import__('os')",
                "(12.0, 16, 16)",
                "('a',)",
                "None",
                "(12, 16, 16)" + " " * 60_000,
            ),
            *("(" * 3000 + ")" * 3000, "(True, 16, 16)", "[12, 16, 16]"),
        ),
    )
    kind = pick(generator, ("'|u1'", "'<f8'", "'|O'", "'|V9999999999'", "5", "[('a', '<f4')]", "'x'"))
    header = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    version = pick(generator, (1, 2, 3, 9))
    length = struct.pack("<H", len(header) % 65536) if version == 1 else struct.pack("<I", len(header))
    content = b"\x93NUMPY" + bytes([version, 0]) + length + header + bytes(12 * 16 * 16)
    path.write_bytes(zipped({"x.npy": content}))
    sound = shape.startswith("(12, 16, 16)") and kind == "'|u1'"
    return f"header with shape {shape[:30]} and type {kind}", "either" if sound or shape[0] == "[" else "refused"


def _member(generator, base, path):
    members = zip_members((base.root / "data.npz").read_bytes())
    name = pick(generator, members)
    how = pick(generator, ("text", "damaged", "pickle", "twice", "empty"))
    if how == "text":
        members[name] = b"hello"
    elif how == "pickle":
        members[name] = b"\x80\x04cos\nsystem\n(S'true'\ntR."
    elif how == "empty":
        members[name] = b""
    elif how == "damaged":
        members[name], how = damaged(generator, members[name])
    else:
        members["x_train"] = members["x_train.npy"]
    path.write_bytes(zipped(members))
    return f"{name}: {how}", "either" if how not in ("text", "pickle", "empty") else "refused"


def _zip(generator, base, path):
    content, how = damaged(generator, (base.root / "data.npz").read_bytes())
    path.write_bytes(content)
    return f"the archive: {how}", "refused" if how in ("noise", "empty", "a text") or "cut" in how else "either"


def _compression(generator, base, path):
    content = bytearray((base.root / "data.npz").read_bytes())
    method = int(pick(generator, (1, 6, 9, 12, 14, 93, 99, 65535)))
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.find(signature)
        while at >= 0:
            struct.pack_into("<H", content, at + offset, method)
            at = content.find(signature, at + 4)
    path.write_bytes(bytes(content))
    return f"compression {method}", "refused"


def _encrypted(generator, base, path):
    content = bytearray((base.root / "data.npz").read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        struct.pack_into("<H", content, at + offset, 1)
    path.write_bytes(bytes(content))
    return "a member said to be encrypted", "refused"


def _compressed(generator, base, path):
    method = pick(generator, (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    path.write_bytes(zipped(zip_members((base.root / "data.npz").read_bytes()), method))
    return f"compressed by method {method}", "accepted"


def _bomb(generator, base, path):
    """Three gigabytes in three megabytes; made once."""
    made = base.root / "bomb.npz"
    if not made.exists():
        file = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|u1", "fortran_order": False, "shape": (3 << 10, 1 << 10, 1 << 10)}
        )
        made.write_bytes(bomb("x.npy", 3 << 30, file.getvalue()))
    os.link(made, path)
    return "a zip bomb of 3 GB", "refused"


def _no_archive(generator, base, path):
    kind = pick(
        generator, ("FIFO", "directory", "loop", "/dev/zero", "/dev/null", "/dev/full", "sparse", "npy", "missing")
    )
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(8 << 30)
    elif kind == "npy":
        with path.open("wb") as file:
            np.save(file, _photos(generator))
    elif kind != "missing":
        os.symlink("data.npz" if kind == "loop" else kind, path)
    return f"no archive: {kind}", "refused"


KINDS = {
    **{"type": _type, "rank": _rank, "values": _values, "labels": _labels, "names": _names, "objects": _objects},
    **{"header": _header, "header again": _header, "member": _member, "zip": _zip, "zip again": _zip},
    **{"compression": _compression, "encrypted": _encrypted, "compressed": _compressed, "bomb": _bomb},
    **{"no archive": _no_archive},
}

"""Archives that claim more than they hold, hold more than memory does, or hold no arrays: refused in one line."""

import io
import os
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from keras_ae import InputError
from keras_ae.data import load

GOOD = np.arange(10 * 4 * 4, dtype=np.uint8).reshape(10, 4, 4)


def _npy(array=GOOD, header: str | None = None) -> bytes:
    """An array as .npy, perhaps with another header than its own."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    if header is None:
        return buffer.getvalue()
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + array.tobytes()


def _header(shape, kind="|u1") -> str:
    return f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"


def _write(tmp_path, content: bytes, name="x.npy", **options) -> str:
    path = tmp_path / "images.npz"
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr(name, content)
    return f"npz:{path}"


def _refusal(source, message) -> None:
    start = time.monotonic()
    with pytest.raises(InputError, match=message) as caught:
        load(source)
    assert time.monotonic() - start < 5
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "header",
    [
        _header("(10, 1000000, 1000000)"),
        _header("(9999999999999999999999, 4, 4)"),
        _header("(10, 4, 4)", "<f8"),
        _header("(11, 4, 4)"),
        _header("(9, 4, 4)"),
        _header("(-10, -4, 4)"),
        _header("(10, 4, 4)", "|V0"),
    ],
)
def test_a_header_that_claims_more_or_less_than_there_is_is_refused(tmp_path, header):
    _refusal(_write(tmp_path, _npy(header=header)), r"images\.npz' with 'x', of which the header claims")


@pytest.mark.parametrize(
    "header", ["", "[" * 100, "{'descr': '|u1'}", _header("10"), _header("(10, 4, 4)", "?!"), "__import__('os')"]
)
def test_a_header_that_is_none_is_refused(tmp_path, header):
    _refusal(_write(tmp_path, _npy(header=header)), "which is no array")


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY", b"\x93NUMPY\x09\x09", _npy()[:50]])
def test_a_member_that_is_no_array_is_refused(tmp_path, content):
    _refusal(_write(tmp_path, content), "which is no array|damaged")


def test_an_unknown_compression_is_refused(tmp_path):
    source = _write(tmp_path, _npy(), compression=zipfile.ZIP_DEFLATED)
    path = tmp_path / "images.npz"
    content = bytearray(path.read_bytes())
    for place in (content.index(b"PK\x03\x04") + 8, content.index(b"PK\x01\x02") + 10):
        content[place : place + 2] = (99).to_bytes(2, "little")
    path.write_bytes(content)
    _refusal(source, r"damaged or of another format \(That compression method")


def test_an_encrypted_member_is_refused(tmp_path):
    source = _write(tmp_path, _npy())
    path = tmp_path / "images.npz"
    content = bytearray(path.read_bytes())
    for place in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[place] |= 1
    path.write_bytes(content)
    _refusal(source, "damaged or of another format .*encrypted")


def test_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "images.npz")
    _refusal(f"npz:{tmp_path}/images.npz", "No regular file")
    os.symlink("/dev/zero", tmp_path / "zero.npz")
    _refusal(f"npz:{tmp_path}/zero.npz", "No regular file")


def test_arrays_that_memory_does_not_hold_are_refused_before_they_are_read(tmp_path, monkeypatch):
    np.savez(tmp_path / "images.npz", x=np.full((100, 100, 100), 7, np.uint8))
    monkeypatch.setattr("keras_ae.data.npz_archive.available_memory", lambda: 1_900_000)
    _refusal(f"npz:{tmp_path}/images.npz", "take 0.0 GB of memory; expected at most the 0.0 GB")
    monkeypatch.setattr("keras_ae.data.npz_archive.available_memory", lambda: 2_000_000)
    assert load(f"npz:{tmp_path}/images.npz").sizes["train"] == 80


def _bomb(tmp_path) -> str:
    """300 MB of zeros in 0.3 MB, written in pieces."""
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as member:
        member.write(_npy(np.empty(0, np.uint8), _header("(300, 1000, 1000)")))
        for _ in range(300):
            member.write(bytes(1_000_000))
    return f"npz:{path}"


def test_a_bomb_is_refused_within_little_memory(tmp_path):
    source = _bomb(tmp_path)
    code = f"""
import resource
from keras_ae.data import load
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load({source!r})
except ValueError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    message, growth = done.stdout.splitlines()
    assert "0.3 GB packed into 0.3 MB" in message
    assert int(growth) < 100_000  # kilobytes


def test_masks_of_few_pixels_are_not_taken_for_a_bomb(tmp_path):
    masks = np.zeros((1000, 64, 64), np.uint8)
    masks[:, 10:20, 5:9] = 1
    np.savez_compressed(tmp_path / "masks.npz", x=masks)
    assert load(f"npz:{tmp_path}/masks.npz").images("train").max() == 1


def test_a_limit_on_the_process_counts_as_memory(tmp_path):
    np.savez(tmp_path / "images.npz", x=np.zeros((60, 1000, 1000), np.uint8))
    code = f"""
import resource
from keras_ae.data import load
in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (in_use + 100_000_000,) * 2)
try:
    load("npz:{tmp_path}/images.npz")
except ValueError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "arrays that take 0.1 GB of memory" in done.stdout

"""Damage to bytes, to JSON and to zip archives; every function takes the generator that draws where and how."""

import copy
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

Generator = np.random.Generator
BYTES = ("flip", "cut", "empty", "zeros", "insert", "noise", "text", "double")

# In place of any JSON value.
WRONG = (
    *(None, True, -1, 0, 1, 2**70, 0.5, "", "x", "../..", "\x00", "é\ud800", "<b>=1+1</b>"),
    *([], {}, [[]], [None], {"a": {}}, "9" * 400, ["x"] * 40),
)
NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", "-1e300", "1e300", "9" * 5000)
DOCUMENTS = {
    "not UTF-8": b"\xff\xfe{\x00",
    "empty": b"",
    "not JSON": b"{'a': 1,",
    "null": b"null",
    "a list": b"[]",
    "a number": b"5",
    "a text": b'"x"',
    "an empty object": b"{}",
    "nested deep": b"[" * 100_000 + b"]" * 100_000,
    "objects nested deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a huge number": b'{"format": ' + b"9" * 10_000 + b"}",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a large text": b'{"a": "' + b"x" * 3_000_000 + b'"}',
    "twice": b"{}{}",
    "NUL": b"\x00" * 64,
}


def pick(generator: Generator, choices):
    """One of several things, of any kind."""
    choices = list(choices)
    return choices[int(generator.integers(len(choices)))]


def damaged(generator: Generator, content: bytes, how: str | None = None) -> tuple[bytes, str]:
    """Bytes with damage of one kind, which is named."""
    how = how or pick(generator, BYTES)
    at = int(generator.integers(max(1, len(content))))
    if how == "flip":
        flipped = bytearray(content or b"\x00")
        for place in generator.integers(len(flipped), size=int(generator.integers(1, 6))):
            flipped[place] ^= 1 << int(generator.integers(8))
        return bytes(flipped), "flipped bits"
    if how == "cut":
        return content[:at], f"cut at {at} of {len(content)} bytes"
    if how == "zeros":
        return content[:at] + bytes(min(64, len(content) - at)) + content[at + 64 :], f"zeros at {at}"
    if how == "insert":
        return content[:at] + generator.bytes(7) + content[at:], f"7 bytes put in at {at}"
    if how == "noise":
        return generator.bytes(200), "noise"
    if how == "text":
        return b"no such thing\n", "a text"
    return (content * 2, "twice") if how == "double" else (b"", "empty")


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value in a JSON document."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def with_value(document: Any, path: tuple, value: Any) -> Any:
    """A copy of a JSON document with another value at a path; the value `...` removes it."""
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return changed


def damaged_json(generator: Generator, content: bytes) -> tuple[bytes, str, tuple]:
    """A JSON document with one value wrong or gone: its bytes, what is wrong, and where."""
    document = json.loads(content)
    path = pick(generator, places(document))
    name, drawn = ".".join(map(str, path)), generator.random()
    if drawn < 0.2:
        return json.dumps(with_value(document, path, ...)).encode(), f"without {name}", path
    if drawn < 0.4:
        text = pick(generator, NUMBERS)
        marked = json.dumps(with_value(document, path, "@@here@@"))
        return marked.replace('"@@here@@"', text).encode(), f"{name} is {text[:20]}", path
    value = pick(generator, WRONG)
    return json.dumps(with_value(document, path, value)).encode(), f"{name} is {ascii(value)[:40]}", path


def zip_members(content: bytes) -> dict[str, bytes]:
    """The members of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return file.getvalue()


def bomb(name: str, size: int, head: bytes = b"") -> bytes:
    """A zip archive with one member of so many bytes, nearly all zeros."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        member.write(head)
        for start in range(0, size, 1 << 24):
            member.write(bytes(min(1 << 24, size - start)))
    return file.getvalue()

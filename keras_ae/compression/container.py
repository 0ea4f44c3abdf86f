"""The file of one compressed image: .kaec."""

import struct
import zlib
from dataclasses import dataclass

from keras_ae._support.errors import InputError

SUFFIX = ".kaec"
MAGIC, VERSION = b"KAEC", 1
IDENTITY = 4  # bytes of a codec's checksum that files keep
_FIXED, _SUM = struct.Struct("<4sB4s"), struct.Struct("<I")
HEADER_BYTES = _FIXED.size + 2 * 2 + _SUM.size  # for images with sides of 128 to 16,383 pixels
LARGEST_SIDE = 2**28 - 1
_EXPECTED = "a whole .kaec file"


@dataclass(frozen=True)
class Container:
    """The content of a file: the identity of its codec, the image's size, and the stream of symbols.

    The bytes are "KAEC", the version (1), the first four bytes of the codec's SHA-256, height and width (seven
    bits per byte, lowest first; the highest bit says that more follow), the stream, and the CRC-32 of all before
    it, little-endian.

    Example:
        >>> container = Container(b"abcd", 300, 2, b"stream")
        >>> Container.from_bytes(container.to_bytes()) == container, len(container.to_bytes())
        (True, 22)
    """

    identity: bytes
    height: int
    width: int
    stream: bytes

    def to_bytes(self) -> bytes:
        start = _FIXED.pack(MAGIC, VERSION, self.identity) + _number(self.height) + _number(self.width)
        content = start + self.stream
        return content + _SUM.pack(zlib.crc32(content))

    @classmethod
    def from_bytes(cls, content: bytes, name: str = "bytes") -> "Container":
        """Reads what `to_bytes` returned.

        Args:
            content: Bytes of the file.
            name: Name of the file in error messages.

        Raises:
            InputError: If it is not a .kaec file, is of another version, truncated or damaged.
        """
        action = "compress the image again, or get the file anew"
        if content[:4] != MAGIC:
            raise InputError(f"{name}, which is no .kaec file", "what keras-ae compress wrote", "correct it")
        if len(content) > 4 and content[4] != VERSION:
            received = f"{name} of version {content[4]} of the format"
            raise InputError(received, f"version {VERSION}", "update keras-ae")
        if len(content) < _FIXED.size + 2 + _SUM.size:
            raise InputError(f"{name} of {len(content)} bytes, cut off", _EXPECTED, action)
        body, (expected,) = content[: -_SUM.size], _SUM.unpack(content[-_SUM.size :])
        if zlib.crc32(body) != expected:
            raise InputError(f"{name} with another checksum, cut off or damaged", _EXPECTED, action)
        identity = body[5 : _FIXED.size]
        height, place = _read_number(body, _FIXED.size, name)
        width, place = _read_number(body, place, name)
        return cls(identity, height, width, body[place:])


def _number(value: int) -> bytes:
    if not 0 < value <= LARGEST_SIDE:
        raise InputError(f"an image with a side of {value} pixels", f"1 to {LARGEST_SIDE}")
    digits = bytearray()
    while value >= 128:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


def _read_number(content: bytes, place: int, name: str) -> tuple[int, int]:
    value = 0
    for i, byte in enumerate(content[place : place + 4]):
        value |= (byte & 127) << 7 * i
        if byte < 128 and value:
            return value, place + i + 1
    raise InputError(f"{name} without an image's size", _EXPECTED, "compress the image again")

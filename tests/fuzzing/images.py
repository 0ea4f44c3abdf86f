"""Image files: of every format and mode; cut, flipped, oversized, empty; under odd names; and what is no file."""

import io
import os
import socket
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from .base import SHAPE, Base, photo, picture_bomb, png
from .case import Case
from .checks import loaded, scored
from .damage import Generator, damaged, pick

FORMATS = {
    "png": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "jpg": ("L", "RGB", "CMYK"),
    "gif": ("L", "P", "RGB", "1"),
    "bmp": ("1", "L", "P", "RGB"),
    "tif": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"),
    "webp": ("L", "RGB", "RGBA"),
    "ppm": ("L", "RGB", "1"),
    "tga": ("L", "RGB", "RGBA"),
    "jp2": ("L", "RGB", "RGBA"),
}
NAMES = (
    b"not \xff\xfe UTF-8.png",
    *(b"<script>alert(1)<script>.png", b"[bold]x[.png", b"new\nline.png", b"tab\tand\rreturn.png", b"--out.png"),
    *(b"=1+1.png", b"+cmd|calc.png", b"@SUM(A1).png", b"-1.png", b'quote".png', b"comma,x.png", b"%s{0}.png"),
    *(b"\x1b[31mred.png", b"x" * 251 + b".png", b".png.png", "ü\u202e\u0301🙂.png".encode(), b" .png", b"a.PNG"),
)
EXIF = (
    b"Exif\x00\x00",
    b"Exif\x00\x00MM\x00*\xff\xff\xff\xff",
    b"\x00",
    b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + b"\xff" * 40,
)


def make(generator: Generator, base: Base, directory: Path) -> Case:
    """A folder of good photographs and one odd entry, loaded or scored."""
    folder = directory / "photos"
    folder.mkdir()
    for i in range(6):
        (folder / f"good{i}.png").write_bytes(png(photo(generator)))
    kind = pick(generator, KINDS)
    name, fate = KINDS[kind](generator, base, folder)
    if generator.random() < 0.25:
        base.copy("detector", directory)
        arguments = ["score", "detector", "folder:photos", *(["--json"] if generator.random() < 0.3 else [])]
        if generator.random() < 0.3:
            arguments += ["--maps", "out", "--maps-of", "all"]
        expected = "either" if fate == "alone" else "accepted"
        return Case("images", f"{name}, scored", "command", arguments, expected, check=scored(folder))
    skip = bool(generator.random() < 0.5)
    arguments = {"source": "folder:photos", "image_size": SHAPE, "skip_bad": skip, "test_fraction": 0.3}
    arguments |= {"channels": pick(generator, (None, 1, 3)), "cache": pick(generator, (True, False, "auto"))}
    expected = {"good": "accepted", "bad": "accepted" if skip else "refused"}.get(fate, "either")
    return Case("images", f"{name}{', skip_bad' if skip else ''}", "load", arguments, expected, check=loaded)


def _encoded(generator: Generator, extension: str, mode: str, **options) -> bytes:
    side = int(generator.integers(16, 40))
    image = Image.fromarray(photo(generator, (side, side, 3)))
    if mode.startswith("I"):
        values = photo(generator, (side, side)).astype(np.uint16 if ";" in mode else np.int32) * 257
        image = Image.fromarray(values)
    elif mode == "LAB":
        image = Image.frombytes("LAB", image.size, image.tobytes())
    else:
        image = image.convert("RGBA").convert(mode) if mode in ("LA", "RGBA") else image.convert(mode)
    file = io.BytesIO()
    image.save(file, {"jpg": "jpeg", "tif": "tiff", "jp2": "jpeg2000"}.get(extension, extension), **options)
    return file.getvalue()


def _any(generator: Generator) -> tuple[bytes, str, str]:
    extension = pick(generator, FORMATS)
    mode = pick(generator, FORMATS[extension])
    return _encoded(generator, extension, mode), extension, mode


def _whole(generator, base, folder):
    content, extension, mode = _any(generator)
    (folder / f"odd.{extension}").write_bytes(content)
    return f"a whole {extension} of mode {mode}", "bad" if mode == "F" else "good"


def _damaged(generator, base, folder):
    content, extension, mode = _any(generator)
    content, how = damaged(generator, content)
    (folder / f"odd.{extension}").write_bytes(content)
    return f"{extension} of mode {mode}, {how}", "bad" if how in ("noise", "a text", "empty") else "unknown"


def _cut(generator, base, folder):
    """Of compressed pictures half is not the picture."""
    extension = pick(generator, ("png", "jpg", "gif", "webp", "bmp", "tif"))
    content = _encoded(generator, extension, "L" if extension != "gif" else "P")
    (folder / f"odd.{extension}").write_bytes(content[: int(len(content) * (0.3 + 0.4 * generator.random()))])
    return f"{extension} cut in the middle", "bad"


def _wrong_extension(generator, base, folder):
    content, extension, mode = _any(generator)
    other = pick(generator, FORMATS)
    (folder / f"odd.{other}").write_bytes(content)
    return f"{extension} of mode {mode} named {other}", "bad" if mode == "F" else "good"


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _claimed_size(generator, base, folder):
    """A PNG whose header tells any size, with the pixels of a small one."""
    width, height = (int(pick(generator, (0, 1, 16, 9_000, 40_000, 2**31 - 1, 2**32 - 1))) for _ in "wh")
    depth, colour = pick(generator, ((8, 0), (8, 2), (16, 2), (1, 0), (3, 0), (8, 9)))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(200)))
    (folder / "odd.png").write_bytes(content + _chunk(b"IEND", b""))
    fits = width <= 16 and height <= 16
    return f"PNG that claims {width} × {height}, depth {depth}", "unknown" if fits else "bad"


def _bomb(generator, base, folder):
    os.link(picture_bomb(base), folder / "odd.png")
    return "PNG of 13,300 × 13,300 in 0.2 MB", "unknown"


def _exif(generator, base, folder):
    extension = pick(generator, ("png", "jpg", "webp"))
    exif = bytes(pick(generator, (*EXIF, generator.bytes(60), b"Exif\x00\x00" + generator.bytes(60))))
    (folder / f"odd.{extension}").write_bytes(_encoded(generator, extension, "RGB", exif=exif))
    return f"{extension} with a broken EXIF", "good"


def _text_chunk(generator, base, folder):
    content = png(photo(generator))
    kind = pick(
        generator, (b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"gAMA", b"tRNS", b"eXIf", b"acTL", b"PLTE", b"pHYs")
    )
    chunk = _chunk(
        kind, pick(generator, (b"", b"x", generator.bytes(30), b"a\x00\x00" + zlib.compress(bytes(9 << 20))))
    )
    (folder / "odd.png").write_bytes(content[:33] + chunk + content[33:])
    return f"PNG with an odd {kind.decode()} chunk", "unknown"


def _animated(generator, base, folder):
    extension = pick(generator, ("gif", "png", "webp", "tif"))
    frames = [Image.fromarray(photo(generator, (16, 16, 3))) for _ in range(3)]
    frames[0].save(folder / f"odd.{extension}", save_all=True, append_images=frames[1:])
    return f"{extension} of three frames", "good"


def _odd_size(generator, base, folder):
    height, width = (int(pick(generator, (1, 2, 3, 5, 1000, 20_000))) for _ in "hw")
    while height * width > 30_000_000:
        width //= 10
    Image.new(pick(generator, ("L", "RGB")), (width, height), 7).save(folder / "odd.png")
    return f"a whole picture of {height} × {width}", "good"


def _named(generator, base, folder):
    name = pick(generator, NAMES)
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(png(photo(generator)))
    return f"the name {ascii(name)[:60]}", "good"


def _nested(generator, base, folder):
    name = pick(generator, (b"\xff", b"<b>", b"=1", b".hidden", b"a\nb", b"x" * 250, b"odd.png"))
    inner = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
    inner.mkdir()
    (inner / "image.png").write_bytes(png(photo(generator)))
    return f"a folder named {ascii(name)[:40]}", "unknown"


def _no_file(generator, base, folder):
    path = folder / "odd.png"
    kind = pick(generator, ("FIFO", "socket", "directory", "loop", "dangling link", "link up", "sparse", *DEVICES))
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "socket":
        here = os.getcwd()
        os.chdir(folder)  # the path of a socket is short
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("odd.png")
        os.chdir(here)
    elif kind == "directory":
        path.mkdir()
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(8 << 30)
    else:
        os.symlink({"loop": "odd.png", "dangling link": "nowhere", "link up": ".."}.get(kind, kind), path)
    return f"in place of a file: {kind}", "unknown" if kind in ("directory", "link up") else "special"


DEVICES = ("/dev/zero", "/dev/full", "/dev/null", "/dev/random", "/proc/self/mem", "/etc/passwd")


def _alone(generator, base, folder):
    """Nothing but the odd entry."""
    for file in folder.iterdir():
        file.unlink()
    name, _ = pick(generator, (_damaged, _no_file, _named, _whole, _cut))(generator, base, folder)
    return f"alone: {name}", "alone"


KINDS = {
    **{
        "whole": _whole,
        "damaged": _damaged,
        "damaged again": _damaged,
        "cut": _cut,
        "extension": _wrong_extension,
    },
    **{"claimed": _claimed_size, "bomb": _bomb, "exif": _exif, "chunk": _text_chunk, "animated": _animated},
    **{"size": _odd_size, "name": _named, "nested": _nested, "no file": _no_file, "alone": _alone},
}

"""Names of compressed files and of their images, and checks of what must not be overwritten."""

import os
from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae._support.pictures import is_ours
from keras_ae.compression.container import MAGIC, SUFFIX

PNG = ".png"


def compressed_files(folder: Path) -> list[str]:
    """Returns the paths of the .kaec files below a folder, relative to it, in order; hidden ones are skipped."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(place).relative_to(folder)
        found += [(here / name).as_posix() for name in names if name.endswith(SUFFIX) and not name.startswith(".")]
    return sorted(found)


def image_name(file: str) -> str:
    """Returns the name of a .kaec file's image: a PNG, whatever was compressed."""
    name = file.removesuffix(SUFFIX)
    return name if name.lower().endswith(PNG) else name + PNG


def check_compressed(files, out: Path) -> None:
    """Refuses to overwrite anything but .kaec files (`InputError`)."""
    for file in files if out.exists() else ():
        path = out / f"{file}{SUFFIX}"
        if path.exists() and not (path.is_file() and _starts(path) in (MAGIC, b"")):
            raise InputError(
                f"{path}, which keras-ae did not write", "no other files of these names", "give another --out"
            )


def check_decompressed(files, out: Path) -> None:
    """Refuses to overwrite files that this library did not write, and images that share a name (`InputError`)."""
    names: dict[str, str] = {}
    for file in files:
        other = names.setdefault(image_name(file), file)
        if other != file:
            raise InputError(f"{file} and {other}", "one file for each image's name", "decompress them separately")
        path = out / image_name(file)
        if path.exists() and not is_ours(path):
            raise InputError(
                f"{path}, which keras-ae did not write", "no other files of these names", "give another --out"
            )


def _starts(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(MAGIC))

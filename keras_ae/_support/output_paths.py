"""Checks, before anything long begins, whether results can be written where a user wants them."""

import errno
import os
import stat
import tempfile
from pathlib import Path

from keras_ae._support.errors import InputError, path_problem
from keras_ae._support.files import shown_name


def check_output_directory(path: Path, option: str = "--out") -> None:
    """Refuse a path that is not a directory, or cannot be created or written. Nothing is left behind.

    Args:
        path: The directory, which need not exist yet.
        option: The option with which the user gave it, for the error.

    Raises:
        InputError: It cannot be written; the reason is given.
    """
    expected, action = "a directory that can be made and written", f"give another {option}"
    path = Path(path)
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        received = f"{shown_name(str(path))}, whose name is no UTF-8"
        raise InputError(received, "a name that TensorFlow, too, can write", action) from None
    try:
        place = _nearest(path)
        if not stat.S_ISDIR(os.stat(place).st_mode):
            what = "a file" if place == path else f"below {place}, a file"
            raise InputError(f"{path}, {what}", "a directory to write to", action)
        longest = os.pathconf(place, "PC_NAME_MAX")
        for part in path.parts[len(place.parts) :]:
            if len(os.fsencode(part)) > longest:
                raise OSError(errno.ENAMETOOLONG, part)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise InputError(f"{path} ({path_problem(error)})", expected, action) from None


def check_output_file(path: Path, option: str = "--out") -> None:
    """Refuse a file that cannot be written: a directory, or a file in one that cannot be created or written.

    Raises:
        InputError: `check_output_directory` refuses it.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}, a directory", "a file to write", f"give another {option}")
    if not path.exists():  # devices, such as /dev/null, can be written where no file can be created
        check_output_directory(path, option)  # which checks the name, too


def _nearest(path: Path, option: str = "--out") -> Path:
    """The path, or the nearest existing directory above it."""
    place = path
    while True:
        try:
            os.stat(place)
            return place
        except FileNotFoundError:
            if os.path.islink(place):
                expected = "a directory that can be made and written"
                raise InputError(f"{place}, a link to nothing", expected, f"give another {option}") from None
            if place == place.parent:
                raise
            place = place.parent

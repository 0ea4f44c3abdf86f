"""Reads and checks the record of a codec's directory, without Keras."""

from pathlib import Path
from typing import Any

from keras_ae._support.checksums import read_checksums, verify
from keras_ae._support.errors import InputError
from keras_ae._support.reading import read_object

RECORD, TABLES, FORMAT = "codec.json", "codec.npz", 1
_EXPECTED, _ACTION = "a codec that keras-ae wrote", "make it again: keras-ae export RUN --codec --out CODEC"


def read_codec_record(path: Path) -> dict[str, Any]:
    """Returns the record of a codec after checking that its files are unchanged.

    Raises:
        InputError: If there is no record, it is of another format, or a file was changed.
    """
    path = Path(path)
    if (path / "run.json").exists():
        action = f"make one of it: keras-ae export {path} --codec --out CODEC"
        raise InputError(f"{path}, a run", "the directory of a codec", action)
    record = read_object(path / RECORD, _EXPECTED, _ACTION)
    if record.get("format") != FORMAT:
        raise InputError(f"{path} of format {record.get('format')!r}", f"format {FORMAT}", "update keras-ae")
    sums = read_checksums(path)
    if not {RECORD, TABLES, "saved_model.pb"} <= set(sums):
        raise InputError(f"{path} without checksums of its files", _EXPECTED, _ACTION)
    verify(path, sums, _ACTION)
    return record

"""The files of exports, saved detectors and shared runs that versions without `checksums.json` wrote.

Each function gives the names, within a directory, of files that can be shown to be this library's; of a directory
of anything else none.
"""

from pathlib import Path
from typing import Any

from keras_ae.directories import sha256
from keras_ae.errors import InputError
from keras_ae.reading import read_object

DETECTOR = ("autoencoder.keras", "detector.npz", "detector.json")
SHARED = ("model.keras", "run.json", "check.json", "README.md", "metrics.json", "environment.json", "history.csv")


def saved_model_files(path: Path) -> set[str]:
    """Of an exported detector: those whose checksums are in its card, the card, and the README made of it.

    Of a SavedModel without a card nothing tells who wrote it.
    """
    listed = _values(path / "card.json").get("sha256")
    if not isinstance(listed, dict) or "saved_model.pb" not in listed:
        return set()
    names = {name for name, expected in listed.items() if _is(path / name, expected)}
    if "saved_model.pb" not in names:
        return set()
    readme = path / "README.md"
    if readme.is_file() and readme.read_bytes().partition(b"\n")[0].endswith(b": an anomaly detector"):
        names.add("README.md")
    return names | {"card.json"}


def saved_detector_files(path: Path) -> set[str]:
    """Of a detector for `load_detector`."""
    is_ours = {"format", "score", "rate", "threshold"} <= _values(path / "detector.json").keys()
    return set(DETECTOR) if is_ours else set()


def shared_run_files(path: Path) -> set[str]:
    """Of a shared run, whose `check.json` has the checksum of the model."""
    return set(SHARED) if _is(path / "model.keras", _values(path / "check.json").get("sha256")) else set()


def _values(file: Path) -> dict[str, Any]:
    try:
        return read_object(file, "", "")
    except InputError:
        return {}


def _is(file: Path, expected) -> bool:
    return file.is_file() and sha256(file) == expected

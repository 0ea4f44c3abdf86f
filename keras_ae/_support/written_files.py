"""Who wrote the files of exports, saved detectors and shared runs, and whether they have changed since.

For versions that wrote no `checksums.json`, functions return the names of files that are provably ours; for a
directory of anything else, none.
"""

import mmap
from pathlib import Path
from typing import Any

from keras_ae._support.checksums import CHECKSUMS, read_checksums, sha256, verify
from keras_ae._support.errors import InputError
from keras_ae._support.reading import read_object

LARGEST_GRAPH = 2**31  # bytes; no protocol buffer holds more
MARK = "keras_ae_checksums"  # a name in a SavedModel that says that `checksums.json` belongs to it
CHANGED = "export it again, or pass --unverified (unverified=True) to go on"
SAVED = "detector_keras"  # where `detect train` saves a detector for `load_detector`, beside its export
DETECTOR = ("autoencoder.keras", "detector.npz", "detector.json")
SHARED = ("model.keras", "run.json", "check.json", "README.md", "metrics.json", "environment.json", "history.csv")


def saved_model_files(path: Path) -> set[str]:
    """Files of an exported detector: those whose checksums are in its card, the card, and the README made from it.

    Without a card, nothing shows who wrote a SavedModel.
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
    """Files of a detector for `load_detector`."""
    is_ours = {"format", "score", "rate", "threshold"} <= _values(path / "detector.json").keys()
    return set(DETECTOR) if is_ours else set()


def shared_run_files(path: Path) -> set[str]:
    """Files of a shared run, whose `check.json` has the checksum of the model."""
    return set(SHARED) if _is(path / "model.keras", _values(path / "check.json").get("sha256")) else set()


def _values(file: Path) -> dict[str, Any]:
    try:
        return read_object(file, "", "")
    except InputError:
        return {}


def _is(file: Path, expected) -> bool:
    return file.is_file() and sha256(file) == expected


def verify_export(path: Path, required: bool = False, needed: tuple[str, ...] = ()) -> bool:
    """Compare the files of an export with its `checksums.json`.

    Args:
        path: The SavedModel's directory.
        required: Whether something else says that there are checksums; the SavedModel itself may say so, too.
        needed: Files besides the SavedModel's graph that must be listed.

    Returns:
        Whether there are checksums; False for exports of earlier versions.

    Raises:
        InputError: The checksums were removed, or a file is missing or has changed.
    """
    if not required and not (path / CHECKSUMS).exists() and not _is_marked(path / "saved_model.pb"):
        return False
    verify_listed(path, read_checksums(path), needed)
    return True


def _is_marked(graph: Path) -> bool:
    if not graph.is_file() or not 0 < graph.stat().st_size <= LARGEST_GRAPH:
        return False  # whatever loads it will report what is wrong
    with graph.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(MARK.encode()) >= 0


def verify_listed(path: Path, sums: dict[str, str], needed: tuple[str, ...] = ()) -> None:
    """Compare the files of an export with their checksums, which must include that of its graph."""
    if not {"saved_model.pb", *needed} <= set(sums):
        raise InputError(f"{path} without checksums of its files", "those of the export", CHANGED)
    verify(path, sums, CHANGED)

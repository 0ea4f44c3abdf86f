"""Finds the trained models at a path, and their kinds, without loading Keras."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keras_ae._support.directories import recover
from keras_ae._support.errors import InputError, absent
from keras_ae._support.written_files import SAVED
from keras_ae.detection import CARD
from keras_ae.runs import EXPORTED, Run, pretrained_models

BUNDLED = "variational_digits"
EXPECTED = "a run, a comparison, what `detect train`, `export` or `share` wrote, or a .keras file"


@dataclass(frozen=True)
class Source:
    """The location of one trained model.

    Attributes:
        kind: "run" (a finished one, or a shared one), "exported" (a SavedModel) or "file" (a .keras file).
        path: The directory or the file.
        name: Name of the model on the page.
        detector: Directory of the `AnomalyDetector` made from it, if there is one.
        exported: Directory of that detector's export, if there is one.
    """

    kind: Literal["run", "exported", "file"]
    path: Path
    name: str
    detector: Path | None = None
    exported: Path | None = None


def bundled_model() -> Path:
    """Returns the directory of the small model that comes with the library.

    Raises:
        InputError: If KERAS_AE_MODELS names a directory without it.

    Example:
        >>> bundled_model().name
        'variational_digits'
    """
    try:
        return pretrained_models()[BUNDLED]
    except (InputError, KeyError):
        action = "give the directory of a run, or unset KERAS_AE_MODELS"
        raise InputError("no run, and no bundled model", EXPECTED, action) from None


def find_sources(path) -> list[Source]:
    """Returns the models at a path: one, or all finished ones of a comparison.

    Raises:
        InputError: If there are none.

    Example:
        >>> kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,)).save("tiny.keras")
        >>> find_sources("tiny.keras")[0].kind, find_sources(bundled_model())[0].kind
        ('file', 'run')
    """
    path = Path(path)
    recover(path)
    if path.is_file() and path.suffix == ".keras":
        return [Source("file", path, path.stem)]
    if not path.is_dir():
        received = f"{path}, a file" if path.exists() else absent(path)
        raise InputError(received, EXPECTED, "correct the path")
    if (path / "run.json").is_file():
        return [_run(path, path.resolve().name)]
    if (path / "run" / "run.json").is_file():  # from `detect train`
        detector = path / SAVED
        recover(detector)
        saved = detector if (detector / "detector.json").is_file() else None
        exported = path / EXPORTED if (path / EXPORTED / CARD).is_file() else None
        return [_run(path / "run", path.resolve().name, saved, exported)]
    if (path / "saved_model.pb").is_file():
        return [Source("exported", path, path.resolve().name)]
    candidates = sorted(file.parent for file in path.glob("candidates/*/metrics.json"))
    if not candidates:
        raise InputError(f"{path}, in which there is no trained model", EXPECTED, "give the directory of one")
    return [_run(candidate, candidate.name) for candidate in candidates]


def _run(path: Path, name: str, detector: Path | None = None, exported: Path | None = None) -> Source:
    run = Run.open(path)
    if not run.directory.model_path.is_file():
        raise InputError(f"{path}, a run without model.keras", "a finished run", "train it again")
    return Source("run", path, name, detector, exported)

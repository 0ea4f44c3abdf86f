"""Finding studies: folders of `experiments/` with a `study.py`, in the working directory or where one is told."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.studies.study import Study


def find_studies(experiments: Path) -> dict[str, Path]:
    """From a study's name to its folder.

    Raises:
        InputError: If there is no such directory, or no study in it.
    """
    if not experiments.is_dir():
        action = "run it in a clone of keras_ae, which has the papers' studies, or give --experiments DIRECTORY"
        raise InputError(f"no directory {experiments.absolute()}", "a directory with a folder per study", action)
    found = {path.parent.name: path.parent for path in sorted(experiments.glob("*/study.py"))}
    if not found:
        raise InputError(
            f"{experiments}, without studies", "folders with a study.py", "give another --experiments"
        )
    return found


def load_study(name: str, experiments: Path) -> Study:
    """The `STUDY` of `experiments/NAME/study.py`.

    Raises:
        InputError: If there is none of that name; the nearest are suggested.
    """
    return _module(name, experiments, "study").STUDY


def load_report(name: str, experiments: Path) -> Callable[[Path], list[Path]]:
    """The function `report(results)` of `experiments/NAME/figures.py`.

    It makes the study's tables and figures from the small files in `experiments/NAME/results/` alone, and returns
    the paths of what it wrote.
    """
    return _module(name, experiments, "figures").report


def load_collect(name: str, experiments: Path) -> Callable[[Study, Path, Path], None] | None:
    """The function `collect(study, trained, kept)` of `experiments/NAME/figures.py`, if it has one.

    It measures the trained models of the runs in `trained/PRESET/` once more, and writes what the figures need as
    small files to `kept`. It trains nothing.
    """
    return getattr(_module(name, experiments, "figures"), "collect", None)


def _module(name: str, experiments: Path, part: str) -> ModuleType:
    experiments = experiments.resolve()  # "." has no name.
    studies = find_studies(experiments)
    if name not in studies:
        raise unknown_name("study", name, studies)
    root = str(experiments.parent)
    if (
        root not in sys.path
    ):  # So that an experiment can import its own modules, also in the processes of its runs.
        sys.path.insert(0, root)
    return importlib.import_module(f"{experiments.name}.{name}.{part}")

"""Finds studies: folders of `experiments/` with a `study.py`, in the working directory or a given one."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.studies.study import Study


def find_studies(experiments: Path) -> dict[str, Path]:
    """Returns the folders of studies by their names.

    Args:
        experiments: Directory with a folder for each study.

    Raises:
        InputError: If there is no such directory, or no study in it.

    Example:
        >>> folder = Path("some_studies/rates")
        >>> folder.mkdir(parents=True)
        >>> (folder / "study.py").touch()
        >>> kae.studies.find_studies(Path("some_studies")) == {"rates": folder}
        True
    """
    experiments = Path(experiments)
    if not experiments.is_dir():
        action = "run it in a clone of keras_ae, which has the papers' studies, or give --experiments DIRECTORY"
        raise InputError(f"no directory {experiments.absolute()}", "a directory with a folder per study", action)
    folders = {path.parent.name: path.parent for path in sorted(experiments.glob("*/study.py"))}
    if not folders:
        raise InputError(
            f"{experiments}, without studies", "folders with a study.py", "give another --experiments"
        )
    return folders


def load_study(name: str, experiments: Path) -> Study:
    """Returns the `STUDY` of `experiments/NAME/study.py`.

    Args:
        name: Name of the study's folder.
        experiments: Directory with a folder for each study.

    Raises:
        InputError: If there is no study of that name; the nearest names are suggested.

    Example:
        >>> folder = Path("studies_to_load/rates")
        >>> folder.mkdir(parents=True)
        >>> code = "from keras_ae.studies import Study; STUDY = Study('rates', 'Learning rates', {'quick': list})"
        >>> _ = (folder / "study.py").write_text(code)
        >>> kae.studies.load_study("rates", Path("studies_to_load")).title
        'Learning rates'
    """
    return _module(name, experiments, "study").STUDY


def load_report(name: str, experiments: Path) -> Callable[[Path], list[Path]]:
    """Returns the function `report(results)` of `experiments/NAME/figures.py`.

    It makes the study's tables and figures from the small files in `experiments/NAME/results/` alone, and returns
    the paths of what it wrote.

    Args:
        name: Name of the study's folder.
        experiments: Directory with a folder for each study.

    Example:
        >>> folder = Path("studies_to_report/rates")
        >>> folder.mkdir(parents=True)
        >>> (folder / "study.py").touch()
        >>> _ = (folder / "figures.py").write_text("report = lambda results: [results / 'table.md']")
        >>> report = kae.studies.load_report("rates", Path("studies_to_report"))
        >>> [path.name for path in report(folder / "results")]
        ['table.md']
    """
    return _module(name, experiments, "figures").report


def load_collect(name: str, experiments: Path) -> Callable[[Study, Path, Path], None] | None:
    """Returns the function `collect(study, trained, kept)` of `experiments/NAME/figures.py`, if it has one.

    It measures the trained models of the runs in `trained/PRESET/` again, and writes the data of the figures as
    small files to `kept`. It trains nothing.
    """
    return getattr(_module(name, experiments, "figures"), "collect", None)


def _module(name: str, experiments: Path, part: str) -> ModuleType:
    experiments = experiments.resolve()  # "." has no name.
    studies = find_studies(experiments)
    if name not in studies:
        raise unknown_name("study", name, studies)
    root = str(experiments.parent)
    if root not in sys.path:  # lets an experiment import its own modules, also in the processes of its runs
        sys.path.insert(0, root)
    return importlib.import_module(f"{experiments.name}.{name}.{part}")

"""Runs already trained under another name or for another preset, which are copied instead of trained again."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae._support.leases import NAME
from keras_ae.runs import Run, RunConfig, RunDirectory
from keras_ae.studies.study import StudyRun, config_key


class FinishedRuns:
    """The finished runs in some directories, by configuration.

    A configuration includes the seed: trained again, a run would give the same result.

    Args:
        places: Directories with a directory for each run. They are read once, when the first copy is requested.
    """

    def __init__(self, places: Iterable[Path]):
        self._places = tuple(places)

    def add(self, config: RunConfig, path: Path) -> None:
        """Add a run that has been trained since."""
        self._paths.setdefault(config_key(config), []).append(path)

    def copy(self, run: StudyRun, path: Path) -> bool:
        """Copy a finished run of the same configuration to `path`; False if there is none, or `path` has begun."""
        if path.exists():
            return False
        for other in self._paths.get(config_key(run.config), ()):
            try:
                Run.open(other)
            except InputError:  # damaged, or gone
                continue
            unfinished = path.with_name(f".{path.name}.copy")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(other, unfinished, ignore=shutil.ignore_patterns(f"{NAME}*"))
            unfinished.rename(path)
            return True
        return False

    @cached_property
    def _paths(self) -> dict[str, list[Path]]:
        paths: dict[str, list[Path]] = {}
        for file in (file for place in self._places for file in sorted(place.glob("*/run.json"))):
            if file.parent.name.startswith("."):  # an unfinished copy, left by a process that was killed
                continue
            directory = RunDirectory(file.parent)
            if directory.is_finished:
                with suppress(InputError):  # damaged: nothing to copy
                    paths.setdefault(config_key(directory.record().config), []).append(directory.path)
        return paths

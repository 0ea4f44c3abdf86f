"""Runs that are trained already, under another name or for another preset: copied, not trained again."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae.runs import Run, as_json, first_difference
from keras_ae.studies.study import StudyRun


def copy_finished(run: StudyRun, path: Path, places: Iterable[Path]) -> bool:
    """Copy a finished run of the same configuration to `path`; False if there is none, or one is begun at `path`.

    A configuration has the seed in it: trained again, the run would come to the same.

    Args:
        run: The run.
        path: Where it belongs.
        places: Directories with a directory for each run.
    """
    if path.exists():
        return False
    config = as_json(run.config)
    for record in (file for place in places for file in sorted(place.glob("*/run.json"))):
        try:
            other = Run.open(record.parent)
        except InputError:  # unfinished or damaged: nothing to copy
            continue
        if first_difference(as_json(other.config), config, "config") is None:
            unfinished = path.with_name(f".{path.name}.copy")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(other.path, unfinished)
            unfinished.rename(path)
            return True
    return False

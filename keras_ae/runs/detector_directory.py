"""The directory of `detect train`: the run, the detector to deploy, and the one for `load_detector`."""

from pathlib import Path

from keras_ae._support.directories import check_replaceable
from keras_ae._support.written_files import SAVED, saved_detector_files, saved_model_files
from keras_ae.runs.directory import RunDirectory

RUN, EXPORTED = "run", "detector"


def check_detector_directory(out) -> None:
    """Refuse a directory in which `detect train` would replace somebody else's files.

    Args:
        out: The directory, which need not exist.

    Raises:
        InputError: There are such files; the first is named.
    """
    out = Path(out)
    check_replaceable(out / EXPORTED, saved_model_files)
    check_replaceable(out / SAVED, saved_detector_files)
    RunDirectory(out / RUN).check_new("run")

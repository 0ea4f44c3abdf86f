"""Shared by `recalibrate` and `monitor`: opening an exported detector, and scoring a folder's images."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.commands.console import print_lines
from keras_ae.data import FileLog, LeftOut, image_files, path_groups
from keras_ae.runs import EXPORTED


@dataclass(frozen=True)
class FolderScores:
    """Scores of the images of a folder.

    Attributes:
        files: Paths of the n files that could be read, relative to the folder.
        scores: float64 [n].
        groups: Name of each file's group, or None.
        bad: Number of files that could not be read.
    """

    files: tuple[str, ...]
    scores: np.ndarray
    groups: tuple[str, ...] | None
    bad: int


def detector_directory(path: Path) -> Path:
    """The directory of an exported detector: `path`, or the one inside a directory of `detect train`.

    Raises:
        InputError: `path` is a run without a detector.
    """
    if (path / EXPORTED / "card.json").exists():
        return path / EXPORTED
    if (path / "run.json").exists():
        action = f"make one of it: keras-ae export {path} --score NAME --out DETECTOR"
        raise InputError(f"{path}, a run without a detector", "an exported detector", action)
    return path


def check_groups(folder: Path, group: str | None) -> int:
    """Returns the number of a folder's groups, or of its files; refuses a pattern that does not match them."""
    files = list(image_files(folder))
    return len(files) if group is None else len(set(path_groups(files, group)))


def score_images_of(detector, folder: Path, group: str | None, by_time: bool, batch_size: int, progress: bool):
    """Returns the `FolderScores` of a folder, in the order of the files' paths or, `by_time`, of their times.

    Raises:
        InputError: No image can be read.
    """
    from keras_ae._support.progress import progress_bars

    left_out, log, scored, bad = LeftOut(), FileLog(), [], 0
    with progress_bars(disable=not progress, transient=True) as bars:
        task = bars.add_task("scoring", total=None)
        for row in detector.score_folder(folder, batch_size=batch_size, left_out=left_out, log=log):
            bars.advance(task)
            if row.problem:
                bad += 1
            else:
                scored.append((row.file, row.score))
    print_lines((*log.notes(), *left_out.notes()))
    if bad:
        print(f"note: {bad:,} files could not be read", file=sys.stderr)
    if not scored:
        raise InputError(f"{folder}, of whose images none can be read", "images that can be", "check the files")
    if by_time:
        scored.sort(key=lambda each: (folder / each[0]).stat().st_mtime_ns)
    files = tuple(file for file, _ in scored)
    scores = np.array([score for _, score in scored], np.float64)
    return FolderScores(files, scores, None if group is None else path_groups(files, group), bad)

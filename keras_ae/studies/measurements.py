"""Measurements of trained models, made once for each model, measure and set of images, identified by content."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas

from keras_ae._support.files import write_arrays, write_json, write_text
from keras_ae._support.pixels import in_bytes
from keras_ae.runs import RunDirectory
from keras_ae.studies.study import StudyRun

UNKNOWN = "unknown measure version"  # the key of measurements kept before there were keys
KEYS = "measured.json"
MODEL, HISTORY = "model.keras", "history.csv"  # files of a run that measures read
MOST_ROWS = 100  # of a history


@dataclass(frozen=True)
class Subject:
    """What is measured: a run, several runs together, or only the images of a run.

    Attributes:
        name: Unique among the subjects of a measure in a preset.
        runs: The runs whose models or images are measured.
        directories: Where they were trained, in the same order.
        columns: Values that identify its rows in a table; its name, as "run", by default.
    """

    name: str
    runs: tuple[StudyRun, ...]
    directories: tuple[RunDirectory, ...]
    columns: Mapping[str, str] | None = None

    @property
    def run(self) -> StudyRun:
        """The run of a subject that is a single run."""
        return self.runs[0]

    @property
    def directory(self) -> RunDirectory:
        """The directory in which this single run was trained."""
        return self.directories[0]


def each(runs: Iterable[StudyRun], trained: Path) -> list[Subject]:
    """Each run as a subject of its own.

    Args:
        runs: Finished runs.
        trained: Directory with a directory for each run.
    """
    return [Subject(run.name, (run,), (RunDirectory(trained / run.name),)) for run in runs]


def finished(runs: Iterable[StudyRun], trained: Path) -> list[StudyRun]:
    """The runs with a finished directory in `trained`."""
    return [run for run in runs if RunDirectory(trained / run.name).is_finished]


@dataclass(frozen=True)
class Measure:
    """What to measure, and how.

    Attributes:
        name: Part of the names of the files that are kept.
        function: Maps a `Subject` to its measurements.
        version: Raise it when the measuring code changes its results: everything is then measured again.
        settings: What the result depends on besides the model and the images: numbers, texts, dataclasses.
        reads: The files of a run that are measured; none if only the images are.
    """

    name: str
    function: Callable[[Subject], Any]
    version: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    reads: tuple[str, ...] = (MODEL,)

    def key(self, subject: Subject) -> str:
        """A key that changes with the content of the files read, the images, the settings and the version."""
        content = {"measure": self.name, "version": self.version, "settings": self.settings}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=_plain).encode())
        for directory in subject.directories:
            digest.update(directory.record().data.fingerprint.encode())
            for name in self.reads:
                digest.update(hashlib.sha256((directory.path / name).read_bytes()).digest())
        return digest.hexdigest()[:16]


def _plain(value):
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else repr(value)


class Store:
    """The kept measurements of a preset, and the key of each.

    A measurement is made if there is none, or one with another key; those of subjects that are not there (any
    more) are kept. Measurements from before there were keys have the key "unknown measure version": they are made
    again if their run is there, and stay readable if not.

    Args:
        results: Directory of what is kept of a study.
        preset: Name of the preset, with which the files' names begin.
    """

    def __init__(self, results: Path, preset: str):
        self.results, self.preset = results, preset

    def values(self, measure: Measure, subjects: Sequence[Subject]) -> None:
        """Keep JSON values by subject, in PRESET_{measure}.json."""
        path = self._path(f"{measure.name}.json")
        values = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        for subject, key in self._pending(measure, subjects, values):
            values[subject.name] = _measured(measure, subject)
            write_json(path, values)
            self._remember(measure, subject, key)

    def rows(self, measure: Measure, subjects: Sequence[Subject]) -> None:
        """Keep rows of a table, with the subjects' columns, in PRESET_{measure}.csv."""
        path = self._path(f"{measure.name}.csv")
        table = pandas.read_csv(path) if path.exists() else pandas.DataFrame()
        there = [subject.name for subject in subjects if _rows_of(table, subject).any()]
        for subject, key in self._pending(measure, subjects, there):
            rows = pandas.DataFrame(_measured(measure, subject)).assign(**_columns(subject))
            others = table[~_rows_of(table, subject)].drop(columns="key", errors="ignore")
            table = pandas.concat([others, rows]) if len(others) else rows
            write_text(path, table.to_csv(index=False, float_format="%.6g"))
            self._remember(measure, subject, key)

    def table(self, measure: Measure, subject: Subject) -> None:
        """Keep a table of a subject, in PRESET_{measure}_{subject}.csv."""
        path = self._path(f"{measure.name}_{subject.name}.csv")
        for _, key in self._pending(measure, [subject], [subject.name] if path.exists() else []):
            rows = pandas.DataFrame(_measured(measure, subject))
            write_text(path, rows.to_csv(index=False, float_format="%.4g"))
            self._remember(measure, subject, key)

    def arrays(self, measure: Measure, subject: Subject) -> None:
        """Keep arrays of a subject by name, in PRESET_{subject}.npz."""
        path = self._path(f"{subject.name}.npz")
        for _, key in self._pending(measure, [subject], [subject.name] if path.exists() else []):
            save_arrays(path, _measured(measure, subject))
            self._remember(measure, subject, key)

    def keys(self, measure: str) -> dict[str, str]:
        """Keys of the subjects whose measurements are kept."""
        return self._read().get(self.preset, {}).get(measure, {})

    def _path(self, name: str) -> Path:
        return self.results / f"{self.preset}_{name}"

    def _pending(self, measure: Measure, subjects: Sequence[Subject], there: Iterable[str]):
        """Yields (subject, key) of those to measure, one at a time: each is remembered once it is done."""
        known, there = self.keys(measure.name), set(there)
        for subject in subjects:
            key = measure.key(subject)
            if subject.name not in there or known.get(subject.name, UNKNOWN) != key:
                yield subject, key

    def _remember(self, measure: Measure, subject: Subject, key: str) -> None:
        """Keeps the key after the measurement: if killed in between, the measurement is made again."""
        keys = self._read()
        keys.setdefault(self.preset, {}).setdefault(measure.name, {})[subject.name] = key
        write_json(self.results / KEYS, keys)

    def _read(self) -> dict:
        path = self.results / KEYS
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _measured(measure: Measure, subject: Subject):
    """Measures a subject, and removes its network from memory."""
    measured = measure.function(subject)
    if measure.reads == (MODEL,):
        import keras

        keras.utils.clear_session()
    return measured


def _columns(subject: Subject) -> Mapping[str, str]:
    return subject.columns or {"run": subject.name}


def _rows_of(table: pandas.DataFrame, subject: Subject) -> pandas.Series:
    rows = pandas.Series(len(table) > 0, index=table.index)
    for column, value in _columns(subject).items():
        rows &= table[column].astype(str) == value if column in table else False
    return rows


def curve(subject: Subject, most: int = MOST_ROWS) -> pandas.DataFrame:
    """At most `most` evenly spaced rows of a run's history, the last one among them."""
    return pandas.DataFrame(thinned(subject.directory.history(), most))


def thinned(rows: list, most: int = MOST_ROWS) -> list:
    """At most `most` evenly spaced rows, the last one among them."""
    apart = -(-len(rows) // most)
    return rows[::-apart][::-1]


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file; empty without a file."""
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name to an .npz file, whole or not at all."""
    write_arrays(path, arrays, compressed=True)


def as_bytes(pictures: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Pictures in [0, 1] as uint8."""
    return {name: in_bytes(picture) for name, picture in pictures.items()}

"""A run on disk: files that are written whole or not at all."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError, absent
from keras_ae._support.files import remove_unfinished, write_atomically, write_csv, write_json
from keras_ae._support.leases import NAME, Holder, Lease, leased
from keras_ae._support.reading import read_numbers, read_object
from keras_ae._support.schemes import check_local
from keras_ae.runs.config import RunConfig, as_json, upgraded
from keras_ae.runs.record import FORMAT, RunRecord

FILES = ("run.json", "comparison.json", "environment.json", "metrics.json", "results.json", "model.keras")


class RunDirectory:
    """`run.json`, `environment.json`, `history.csv`, `metrics.json` and `model.keras` of one run.

    A run is finished once its `metrics.json` exists, which is written last.

    Example:
        >>> directory = kae.runs.RunDirectory("runs/first")
        >>> directory.is_finished
        False
        >>> directory.write("metrics", {"steps": 2, "parameters": 1138})
        >>> directory.is_finished, directory.read("metrics")["steps"]
        (True, 2)
    """

    def __init__(self, path):
        check_local(path)
        self.path = Path(path)
        self._lease: Lease | None = None  # while it is locked by this object

    @property
    def is_finished(self) -> bool:
        """Whether the run is finished: it has a `metrics.json`."""
        return (self.path / "metrics.json").is_file()

    @property
    def model_path(self) -> Path:
        """The file of the trained model."""
        return self.path / "model.keras"

    @property
    def logs(self) -> Path:
        """The directory of TensorBoard's logs."""
        return self.path / "logs"

    @property
    def checkpoint(self) -> Path:
        """Where the state of an unfinished run is kept."""
        return self.path / "checkpoint"

    @property
    def pause_path(self) -> Path:
        """Where a paused run keeps what a finished one has: model and measurements."""
        return self.path / "paused"

    @property
    def paused_after(self) -> int:
        """Step at which the run last paused; 0 if it never has."""
        paused = RunDirectory(self.pause_path)
        steps = paused.read("metrics").get("steps") if paused.is_finished else 0
        return steps if isinstance(steps, int) else 0

    def pause(self, model, metrics: dict[str, Any]) -> None:
        """Keeps the model as it is now, with its measurements."""
        self.remove_pause()
        paused = RunDirectory(self.pause_path)
        paused.save_model(model)
        paused.write("metrics", metrics)

    def remove_pause(self) -> None:
        """Removes what `pause` kept."""
        if self.pause_path.is_dir():
            (self.pause_path / "metrics.json").unlink(missing_ok=True)  # first: it marks the rest as complete
            shutil.rmtree(self.pause_path)

    def open(self, kind: str, record: dict[str, Any], upgrade: Callable[[dict], dict] | None = None) -> None:
        """Makes the directory for this configuration, or checks that it already holds this configuration.

        Args:
            kind: "run" or "comparison"; names the file with the record.
            record: What repeats it; "format", "config" and "data" must equal those of an existing record.
            upgrade: Maps a "config" of an earlier version to one of this version.

        Raises:
            InputError: If the directory holds something else; the first difference is named.
        """
        record = {"format": FORMAT, **record}
        self.check(kind, {"config": None, "data": None, **record}, upgrade)
        file = self.path / f"{kind}.json"
        if not file.exists():
            write_json(file, record)

    @contextmanager
    def opened(
        self,
        kind: str,
        record: dict[str, Any],
        upgrade: Callable[[dict], dict] | None = None,
        lock: str = NAME,
    ) -> Iterator[None]:
        """Same as `open`, and locks the directory (`locked`) before anything is written there.

        Args:
            kind, record, upgrade: As for `open`.
            lock: Name of the lock.

        Raises:
            InputError: As for `open` and `locked`.
        """
        self.check(kind, {"format": FORMAT, "config": None, "data": None, **record}, upgrade)
        self.path.mkdir(parents=True, exist_ok=True)
        with self.locked(lock):
            self.open(kind, record, upgrade)  # checks again: another process may have been faster
            yield

    def check(self, kind: str, record: dict[str, Any], upgrade: Callable[[dict], dict] | None = None) -> None:
        """Refuses what `open` would refuse, by those parts of the record that are known before images are read.

        Args:
            kind, upgrade: As for `open`.
            record: Some of the record's parts "format", "config" and "data".

        Raises:
            InputError: As for `open`.
        """
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path}, a file", "a directory to write to", "give another --out")
        self.check_files()
        self.check_new(kind)
        if not (self.path / f"{kind}.json").exists():
            return
        earlier = self.read(kind)
        if upgrade and "config" in earlier:
            earlier["config"] = upgrade(earlier["config"])
        for part in ("format", "config", "data"):
            difference = first_difference(earlier.get(part), record[part], part) if part in record else None
            if difference:
                name, before, now = difference
                raise InputError(
                    f"{name} {now!r} for {self.path}",
                    f"{before!r}, which the {kind} in this directory has",
                    "give another --out, or remove the directory",
                )

    def check_new(self, kind: str) -> None:
        """Refuses a directory that holds other files but no run or comparison.

        Args:
            kind: "run" or "comparison", as for `open`.

        Raises:
            InputError: There are files, but no `run.json` or `comparison.json`.
        """
        if os.path.lexists(self.path / f"{kind}.json") or not self.path.is_dir():
            return
        if any(not entry.name.startswith(".") for entry in self.path.iterdir()):
            expected = f"an empty directory or one of a {kind}"
            raise InputError(f"{self.path}, which holds other files", expected, "give another --out")

    def check_resume(self, resume: bool) -> None:
        """Refuses (`InputError`) an unfinished run with a checkpoint, unless it is to be resumed."""
        if not resume and any(self.checkpoint.glob("*")):
            raise InputError(
                f"{self.path}, which holds an unfinished run",
                "a new directory, a finished run, or leave to go on",
                "give --resume (resume=True), or remove the directory",
            )

    @contextmanager
    def locked(self, name: str = NAME) -> Iterator[None]:
        """Keeps other processes, also on other machines, from training here.

        If this process ends without unlocking, processes on this machine notice at once, those on other machines
        after `LEASE` seconds.

        Args:
            name: Name of the lock: parts of one study lock its directory under names of their own.

        Raises:
            InputError: If another process is training here.
        """
        if self._cannot_be_written and self.is_finished:
            yield  # there is nothing left to train
            return
        with leased(self.path, name) as lease:
            if isinstance(lease, Holder):
                raise InputError(
                    f"{self.path}, in which another process is training ({lease.process} on {lease.host})",
                    "a directory that nobody writes to",
                    "wait for it, or give another --out",
                )
            if name == NAME:  # and not before: they may belong to another process, such as that of another part
                remove_unfinished(self.path)
            self._lease = lease
            try:
                yield
            finally:
                self._lease = None

    def check_lock(self) -> None:
        """Refuses to go on if another process has taken over, as may happen if this one was stopped for long."""
        if self._lease is not None and not self._lease.is_held:
            received = f"{self.path}, which another process took over while this one did not answer"
            raise InputError(received, "a process that is not stopped", "leave it to the other one")

    @property
    def _cannot_be_written(self) -> bool:
        return not os.access(self.path, os.W_OK)

    def read(self, name: str) -> dict[str, Any]:
        """Returns the content of `NAME.json`.

        Raises:
            InputError: If it is missing, or is not JSON.
        """
        file = self.path / f"{name}.json"
        if not os.path.lexists(file):
            where = f"{self.path}" if self.path.is_dir() else absent(self.path)
            raise InputError(where, f"a directory with a {file.name}", "give the directory of a run")
        return read_object(file, f"JSON that keras-ae wrote as {file.name}", "remove the directory and run again")

    def record(self) -> RunRecord:
        """Returns the checked record of the run, which may be unfinished.

        Raises:
            InputError: There is none, or it is damaged or of another version's format.
        """
        self.check_files()
        file = self.path / "run.json"
        if not os.path.lexists(file):
            self.read("run")  # says so
        return RunRecord.read(file)

    def check_files(self) -> None:
        """Refuses a directory where something else, such as a circular link, has the name of a run's file."""
        for file in (self.path / name for name in FILES):
            if os.path.lexists(file) and not file.is_file():
                expected = "a file, as keras-ae writes it"
                raise InputError(f"{file}, which is no file or cannot be reached", expected, "remove it")

    def write(self, name: str, value: Any) -> None:
        """Writes `NAME.json`."""
        self.check_lock()
        write_json(self.path / f"{name}.json", value)

    def history(self) -> list[dict[str, float]]:
        """Returns the rows of `history.csv`, one for each evaluation.

        Raises:
            InputError: It is missing or damaged.
        """
        expected = "the learning curve of a run"
        return read_numbers(self.path / "history.csv", expected, "train the run again, or copy it whole")

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Writes `history.csv`."""
        self.check_lock()
        write_csv(self.path / "history.csv", rows)

    def save_model(self, model) -> None:
        """Writes `model.keras`."""
        self.check_lock()
        write_atomically(self.model_path, lambda temporary: model.save(temporary), durable=True)


def check_run_directory(config: RunConfig, out, resume: bool) -> None:
    """Refuses a directory that `train` would refuse, before the images are read.

    Args:
        config: The run's configuration.
        out: The run's directory.
        resume: Whether an unfinished run there is to go on.

    Raises:
        InputError: It holds other files, another run, or an unfinished one that is not to be resumed.
    """
    directory = RunDirectory(out)
    directory.check("run", {"config": as_json(config)}, upgraded)
    if not directory.is_finished:
        directory.check_resume(resume)


def first_difference(before, now, name: str):
    """Returns (name, value before, value now) of the first difference between two JSON values, or None."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            difference = first_difference(before.get(key), now.get(key), f"{name}.{key}")
            if difference:
                return difference
        return None
    return None if before == now else (name, before, now)

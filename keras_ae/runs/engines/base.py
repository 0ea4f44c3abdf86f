"""Engines, which train and measure runs for a study, a comparison or a search: jobs in, outcomes out."""

import queue
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from keras_ae._support.errors import InputError
from keras_ae._support.schemes import check_local
from keras_ae.runs.processes import POLL
from keras_ae.runs.worker import Call, Job, Outcome

Name = TypeVar("Name")


class CrashedError(RuntimeError):
    """A process died during a job, or raised an error that is not the user's mistake.

    Args:
        does: What it was doing.
        status: Its exit status; None if there is none.
        lines: The last lines that it printed.
    """

    def __init__(self, does: str, status: int | None, lines: list[str]):
        self.does, self.status, self.lines = does, status, lines
        ended = "" if status is None else f" ({status})"
        super().__init__("\n".join([f"the process that {does} ended{ended}", *lines]))

    def __reduce__(self):
        return type(self), (self.does, self.status, self.lines)


class Engine(ABC):
    """Trains runs, several at a time; a context manager that ends on exit what is still running.

    Attributes:
        slots: Number of jobs that it does at a time.
        replicas: Number of processes that train a run together.
    """

    slots: int
    replicas = 1

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    @abstractmethod
    def submit(self, job: Job | Call) -> Future[Outcome]:
        """Do a job as soon as a slot is free.

        Returns:
            Its outcome, also if a run is refused or diverges. If the process dies, the result is a `CrashedError`.
        """

    @abstractmethod
    def close(self) -> None:
        """End all running jobs; no more are started."""

    def start(self) -> None:  # noqa: B027
        """Prepare now what the first jobs would otherwise wait for."""

    def prepare(self, out, sources: Iterable[str] = ()) -> None:
        """Refuse (`InputError`) files that the workers cannot reach.

        Args:
            out: Existing directory that they write to.
            sources: Images, as `load` takes them, and paths that they read.
        """
        check_local(out)

    def run(
        self, jobs: Mapping[Name, Job | Call], watch: Callable[[int], None] = lambda _: None
    ) -> dict[Name, Outcome]:
        """Do all of these jobs.

        Args:
            jobs: The jobs, by name.
            watch: Called with the number of finished jobs, twice a second while none ends.

        Returns:
            The outcome of each, in the order of the jobs: 0, DIVERGED or NO_MEMORY.

        Raises:
            InputError, OSError: A job was refused; the engine is closed.
            CrashedError: A process crashed; likewise.
        """
        outcomes: dict[Name, Outcome] = {}
        try:
            futures = {name: self.submit(job) for name, job in jobs.items()}
            for name, future in as_they_end(futures, watch):
                outcomes[name] = future.result()
                raise_refusal(outcomes[name])
        except BaseException:
            self.close()
            raise
        return {name: outcomes[name] for name in jobs}


def as_they_end(futures: Mapping[Name, Future], watch: Callable[[int], None]) -> Iterator[tuple[Name, Future]]:
    """Yields each future once it is done, and calls `watch` with their number, twice a second while none ends.

    Whenever one is yielded, the caller may add more futures to the mapping, under new names.
    """
    ended: queue.SimpleQueue[Name] = queue.SimpleQueue()
    seen: set[Name] = set()
    count = 0
    while True:
        for name in [name for name in futures if name not in seen] if len(seen) < len(futures) else ():
            seen.add(name)
            futures[name].add_done_callback(partial(_put, ended, name))
        if count == len(seen):
            return
        try:
            name = ended.get(timeout=POLL)
        except queue.Empty:
            watch(count)
            continue
        count += 1
        yield name, futures[name]


def _put(ended: queue.SimpleQueue, name: Any, _: Future) -> None:
    ended.put(name)


def raise_refusal(outcome: Outcome) -> None:
    """Raise the error that refused a job, in its own words, if it was refused."""
    if outcome.refusal:
        raise InputError(*outcome.refusal)
    if outcome.system:
        raise OSError(*outcome.system)

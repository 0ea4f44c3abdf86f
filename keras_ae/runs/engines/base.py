"""What trains and measures runs for a study, a comparison or a search: jobs go in, outcomes come out."""

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
    """A process ended, or raised what is no mistake of the user's, while it did a job.

    Args:
        does: What it did.
        status: Its exit status; None where there is none.
        lines: The last of what it printed.
    """

    def __init__(self, does: str, status: int | None, lines: list[str]):
        self.does, self.status, self.lines = does, status, lines
        ended = "" if status is None else f" ({status})"
        super().__init__("\n".join([f"the process that {does} ended{ended}", *lines]))

    def __reduce__(self):
        return type(self), (self.does, self.status, self.lines)


class Engine(ABC):
    """Trains runs, several at a time; a context manager, which ends what it still does.

    Attributes:
        slots: How many jobs it does at a time.
        replicas: How many processes train a run together.
    """

    slots: int
    replicas = 1

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    @abstractmethod
    def submit(self, job: Job | Call) -> Future[Outcome]:
        """Do a job as soon as there is a place for it.

        Returns:
            Its outcome; that a run was refused or diverged is one, too. A process that ends raises `CrashedError`.
        """

    @abstractmethod
    def close(self) -> None:
        """End all that it does; nothing begins any more."""

    def start(self) -> None:  # noqa: B027
        """Make ready now what the first jobs would wait for."""

    def prepare(self, out, sources: Iterable[str] = ()) -> None:
        """Refuse (`InputError`) what those who do the jobs cannot reach.

        Args:
            out: A directory that is there, for them to write.
            sources: Images, as `load` takes them, and paths, for them to read.
        """
        check_local(out)

    def run(
        self, jobs: Mapping[Name, Job | Call], watch: Callable[[int], None] = lambda _: None
    ) -> dict[Name, Outcome]:
        """Do all of these jobs.

        Args:
            jobs: By name.
            watch: Called twice a second, while nothing ends, with how many of the jobs are done.

        Returns:
            What came of each, in the order of the jobs: 0 or DIVERGED.

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
    """Each of the futures when it is done, and `watch` with how many are, twice a second while none ends.

    More may be added to the futures, of those that are done, by putting them into the mapping.
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
    """Raise what refused a job, in its own words, if anything did."""
    if outcome.refusal:
        raise InputError(*outcome.refusal)
    if outcome.system:
        raise OSError(*outcome.system)

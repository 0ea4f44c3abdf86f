"""Worker processes that stay: each imports TensorFlow once, and trains and measures one run after the other."""

import json
import queue
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from keras_ae._support.errors import InputError
from keras_ae.runs.processes import POLL, Processes, last_lines, threads_each
from keras_ae.runs.worker import Call, Job, Outcome

Name = TypeVar("Name")


class Pool:
    """Processes that take jobs, several at a time; a context manager that ends them.

    A process is started when there is the first job for it.

    Args:
        workers: Processes.
        logs: Directory for what they print meanwhile.
        threads: Threads of each process; an equal share of the machine's by default.
    """

    def __init__(self, workers: int, logs: Path, threads: int | None = None):
        self.workers, self._processes, threads = workers, Processes(), threads or threads_each(workers)
        self._places = [
            _Place(self._processes, logs / f"worker{number}.log", threads) for number in range(workers)
        ]

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End all processes; none starts any more."""
        self._processes.kill()
        for place in self._places:
            place.clear()

    def start(self) -> None:
        """Start all processes now: they import TensorFlow together, and not one after the other."""
        for place in self._places:
            place.start()

    def run(
        self, jobs: Mapping[Name, Job | Call], watch: Callable[[int], None] = lambda _: None
    ) -> dict[Name, Outcome]:
        """Give each process job after job until none is left.

        Args:
            jobs: By name.
            watch: Called twice a second with how many of the jobs are done.

        Returns:
            What came of each, in the order of the jobs: 0 or DIVERGED.

        Raises:
            InputError, OSError: A job was refused; all processes are ended.
            RuntimeError: A process crashed, with the last of what it printed.
        """
        waiting: queue.SimpleQueue[tuple[Name, Job | Call]] = queue.SimpleQueue()
        outcomes: dict[Name, Outcome] = {}
        for item in jobs.items():
            waiting.put(item)
        places = self._places[: len(jobs)]
        with ThreadPoolExecutor(max(1, len(places))) as threads:
            try:
                serving = [threads.submit(place.serve, waiting, outcomes) for place in places]
                while wait(serving, timeout=POLL, return_when=FIRST_EXCEPTION).not_done:
                    watch(len(outcomes))
                    for served in serving:
                        if served.done():
                            served.result()  # raises what ended it
                for served in serving:
                    served.result()
            except BaseException:
                self._processes.kill()  # or the threads would wait for them
                raise
        return {name: outcomes[name] for name in jobs}


class _Place:
    """A process, and the file for what it prints; it is not there before it is needed."""

    def __init__(self, processes: Processes, log: Path, threads: int):
        self._processes, self._log, self._threads = processes, log, threads
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        """The process, which may have been started before."""
        if self._process is None:
            with self._log.open("w") as log:
                # In a session of its own, or Ctrl-C would reach it too, and not only through its parent.
                options = {"stdout": subprocess.PIPE, "start_new_session": True}
                self._process = self._processes.start(log, self._threads, **options)
        return self._process

    def serve(self, waiting: queue.SimpleQueue, outcomes: dict) -> None:
        """Give it job after job until none waits."""
        process = self.start()
        while True:
            try:
                name, job = waiting.get_nowait()
            except queue.Empty:
                return
            outcomes[name] = self._ask(process, job)

    def _ask(self, process: subprocess.Popen[str], job: Job | Call) -> Outcome:
        assert process.stdin  # both are pipes, as `start` asked for
        assert process.stdout
        try:
            process.stdin.write(job.line())
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            said = f"the process that {job.does} ended ({process.wait()})"
            raise RuntimeError("\n".join([said, *last_lines(self._log)]))
        outcome = Outcome(**json.loads(answer))
        if outcome.refusal:
            raise InputError(*outcome.refusal)
        if outcome.system:
            raise OSError(*outcome.system)
        return outcome

    def clear(self) -> None:
        """Once it has been killed: wait for its end, and remove what it printed."""
        if self._process is not None:
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    with suppress(BrokenPipeError):  # of what it has not read any more
                        pipe.close()
            self._log.unlink(missing_ok=True)

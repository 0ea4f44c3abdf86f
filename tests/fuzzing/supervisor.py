"""Runs cases in a worker, and ends it when one takes too long or too much memory."""

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .case import Case, Outcome
from .snapshot import changes, snapshot

SECONDS = 30.0
MEMORY = 1 << 30  # bytes beyond what the worker held before the case
LIVES = 150  # cases, after which a worker has gathered enough
STEP = 0.05  # seconds of processor time that count as doing something
START = 240.0  # seconds that a start may take


class Supervisor:
    """Keeps a worker; as a context manager it ends it.

    Args:
        seconds: Of processor time that a case may take, and of waiting for something else than a processor. So it
            does not matter how busy the machine is.
        memory: Bytes that a case may take beyond what the worker held before it.
    """

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY):
        self.seconds, self.memory = seconds, memory
        self._process: subprocess.Popen | None = None
        self._cases = 0

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_) -> None:
        self._end()

    def run(self, case: Case, directory: Path, seconds: float | None = None) -> Outcome:
        """Run a case whose files lie in `directory`, in so many seconds; see `Outcome`."""
        allowed = seconds or self.seconds
        self._start()
        before = snapshot(directory)
        begun, held = self._processor_time(), self._memory()
        question = {"action": case.action, "arguments": case.arguments, "directory": str(directory)}
        question |= {"seconds": allowed, "stdout": case.stdout}
        answer, ended, peak = self._ask(question, held)
        seconds = 0.0 if ended == "died" else self._processor_time() - begun
        after = snapshot(directory)
        if ended:
            self._end()
            return Outcome(None, ended, stderr=self._stderr(), seconds=seconds, peak=peak)
        peak = max(peak, answer["peak"] - held)
        ended = "memory" if peak > self.memory else "hang" if seconds > allowed else ""
        # Where but standard output could not be written, what was asked for is there.
        nothing = answer["status"] == 2 and case.stdout is None
        different = changes(before, after, case.outputs, refused=nothing)
        texts = {"stdout": answer["stdout"], "stderr": answer["stderr"]}
        return Outcome(answer["status"], ended, **texts, seconds=seconds, peak=peak, changes=different)

    def _ask(self, question: dict[str, Any], held: int) -> tuple[dict[str, Any], str, int]:
        """The answer, or why there is none, and the highest memory meanwhile."""
        peak, begun = 0, self._processor_time()
        used, moved = begun, time.monotonic()  # the processor time when something was last done, and when that was
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return {}, "died", peak
        while True:
            ready, _, _ = select.select([self._process.stdout], [], [], 0.05)
            if ready:
                line = self._process.stdout.readline()
                return (json.loads(line), "", peak) if line else ({}, "died", peak)
            peak = max(peak, self._memory() - held)
            if peak > self.memory:
                return {}, "memory", peak
            now = self._processor_time()
            if now > used + STEP:
                used, moved = now, time.monotonic()
            if max(now - begun, time.monotonic() - moved) > question["seconds"]:
                return {}, "hang", peak

    def _start(self) -> None:
        if self._process is not None and self._cases < LIVES and self._process.poll() is None:
            self._cases += 1
            return
        self._end()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the worker
        root = Path(__file__).parents[1]
        paths = [str(root.parent), str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment.pop("KERAS_AE_DATA", None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fuzzing.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
            cwd="/",
        )
        self._cases = 1
        ready, _, _ = select.select([self._process.stdout], [], [], START)
        if not ready or not self._process.stdout.readline():
            raise RuntimeError(f"the worker does not start: {self._stderr()}")

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        self._process = None

    def _processor_time(self) -> float:
        """Seconds that all threads of the worker have used."""
        with contextlib.suppress(OSError, AttributeError), open(f"/proc/{self._process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return time.process_time()

    def _memory(self) -> int:
        with contextlib.suppress(OSError, AttributeError), open(f"/proc/{self._process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return 0

    def _stderr(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "backslashreplace")[-4000:]

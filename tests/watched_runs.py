"""Looks at a run from outside, as it is trained elsewhere: by whom, how far; and kills at the right moment."""

import contextlib
import csv
import threading
from collections.abc import Callable
from pathlib import Path

from keras_ae._support.leases import Holder, holder


def history(run: Path) -> list[dict[str, str]]:
    """The rows of a run's history without their times; none where there is none yet."""
    with contextlib.suppress(OSError):
        return [{**row, "seconds": ""} for row in csv.DictReader((run / "history.csv").read_text().splitlines())]
    return []


def parent(process: int) -> int:
    """The process that started one."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def lose_node(cluster, process: int) -> None:
    """Kill the node of a Ray cluster on which a process runs."""
    raylet = parent(process)
    (node,) = [n for n in cluster.worker_nodes if n.all_processes["raylet"][0].process.pid == raylet]
    cluster.remove_node(node, allow_graceful=False)


class WatchedRun:
    """Looks on and on while it is entered; once there are some rows and a checkpoint, it kills.

    Args:
        run: The run's directory.
        kill: Called once with the number of the process that trains.

    Attributes:
        attempts: The processes that have held the run, in their order.
        killed_at: Rows of the history as it was killed; None if it was not.
        lengths: Rows of the history since then.
    """

    def __init__(self, run: Path, kill: Callable[[int], object]):
        self.run, self.kill = run, kill
        self.attempts: list[int] = []
        self.killed_at: int | None = None
        self.lengths: list[int] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "WatchedRun":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.01):
            held, rows = holder(self.run) if self.run.exists() else None, len(history(self.run))
            if not isinstance(held, Holder):
                continue
            if held.process not in self.attempts:
                self.attempts.append(held.process)
            if self.killed_at is not None:
                self.lengths.append(rows)
            elif rows >= 5 and any((self.run / "checkpoint").glob("*.checkpoint")):
                self.killed_at = rows
                self.kill(held.process)

"""A run that several processes of a Ray cluster train together, and restart together if one of them is lost.

It uses actors with TF_CONFIG instead of Ray Train, which needs more packages (pandas, pyarrow) and keeps its own
checkpoints, although a run already has one.
"""

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from keras_ae.runs.engines.base import CrashedError
from keras_ae.runs.engines.ray_worker import Member
from keras_ae.runs.processes import TAIL
from keras_ae.runs.worker import REFUSED, Job, Outcome

GRACE = 15.0  # seconds after a failure within which the loss of a process, its cause, may become known
# What TensorFlow raises in the remaining processes: a connection ended, or a collective operation was aborted.
CUT_OFF = ("UnavailableError", "AbortedError", "CancelledError", "DeadlineExceededError", "InternalError")


class _LostError(Exception):
    """A process, or its machine, is gone."""


class Together:
    """Trains runs, each in several processes of the cluster.

    Args:
        replicas: Processes per run.
        slots: Number of runs at a time.
        resources: Resources of each process, by Ray's names.
        retries: How often a run restarts after it has lost a process.
        environment: Environment variables of the processes.
    """

    def __init__(
        self, replicas: int, slots: int, resources: dict[str, float], retries: int, environment: dict[str, str]
    ):
        self._replicas, self._resources, self._retries = replicas, resources, retries
        self._environment, self._directory = environment, os.getcwd()
        self._threads = ThreadPoolExecutor(max(1, slots))
        self._groups: list[tuple[list, Any]] = []  # the actors, and where they are placed
        self._lock, self._closed = threading.Lock(), False

    def submit(self, job: Job) -> Future[Outcome]:
        """Same as `Engine.submit`."""
        return self._threads.submit(self._train, job)

    def close(self) -> None:
        """Same as `Engine.close`."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._closed, groups = True, list(self._groups)
        for members, placed in groups:
            _remove(members, placed)
        self._threads.shutdown()

    def _train(self, job: Job) -> Outcome:
        lost = ""
        for _ in range(self._retries + 1):
            try:
                return self._attempt(job)
            except _LostError as error:
                lost = str(error)
            if self._closed:
                break
        raise CrashedError(job.does, None, lost.strip().splitlines()[:TAIL])

    def _attempt(self, job: Job) -> Outcome:
        with self._members(job) as members:
            settled = [_get(members[0].settle.remote())]  # until then an earlier attempt may write checkpoints
            settled += [_get(answer) for answer in [member.settle.remote() for member in members[1:]]]
            for answer in settled:
                if answer.startswith("{"):
                    return Outcome(**json.loads(answer))
            trained = [member.train.remote(settled) for member in members]
            return _decided(job, trained)

    @contextmanager
    def _members(self, job: Job) -> Iterator[list]:
        """The processes, the one that writes first, spread over as many machines as possible."""
        import ray
        from ray.util.placement_group import placement_group
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        placed = placement_group([self._resources] * self._replicas, strategy="SPREAD")
        members: list = []
        options = {
            "num_cpus": self._resources["CPU"],
            "num_gpus": self._resources.get("GPU", 0),
            "runtime_env": {"env_vars": self._environment},
        }
        with self._lock:
            if self._closed:
                raise CrashedError(job.does, None, ["interrupted"])
            self._groups.append((members, placed))
        try:
            for place in range(self._replicas):
                there = PlacementGroupSchedulingStrategy(placed, placement_group_bundle_index=place)
                actor = ray.remote(Member).options(**options, scheduling_strategy=there)
                members.append(actor.remote(job.line(), self._directory, place))
            yield members
        finally:
            with self._lock:
                self._groups.remove((members, placed))
            _remove(members, placed)


def _decided(job: Job, trained: list) -> Outcome:
    """The outcome of a run, from the first process or from any that refuses it.

    Raises:
        _LostError: One of the processes is gone.
        CrashedError: One of the processes raised an error.
    """
    import ray

    waiting = list(trained)
    while True:
        (done,), waiting = ray.wait(waiting, num_returns=1)
        try:
            outcome = Outcome(**json.loads(_get(done)))
        except ray.exceptions.RayTaskError as error:
            if _is_lost(waiting) or type(error.cause).__name__ in CUT_OFF:
                raise _LostError(str(error)) from error
            raise CrashedError(job.does, 1, str(error).strip().splitlines()[-TAIL:]) from None
        if done == trained[0] or outcome.status == REFUSED:
            return outcome


def _is_lost(waiting: list) -> bool:
    """Whether one of these answers will never come, as far as becomes known within `GRACE` seconds."""
    import ray

    done, _ = ray.wait(waiting, num_returns=len(waiting), timeout=GRACE) if waiting else ([], [])
    for answer in done:
        with suppress(ray.exceptions.RayTaskError):
            try:
                _get(answer)
            except _LostError:
                return True
    return False


def _get(answer) -> Any:
    import ray

    try:
        return ray.get(answer)
    except ray.exceptions.RayTaskError:
        raise
    except ray.exceptions.RayError as error:
        raise _LostError(str(error)) from error


def _remove(members: list, placed) -> None:
    import ray
    from ray.util.placement_group import remove_placement_group

    for member in members:
        with suppress(Exception):  # it has ended meanwhile, or its machine has
            ray.kill(member)
    with suppress(Exception):
        remove_placement_group(placed)

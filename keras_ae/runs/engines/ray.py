"""Runs on a Ray cluster: each is a task that resumes elsewhere from its checkpoint if its machine is lost."""

import importlib.util
import json
import logging
import os
import sys
import threading
import uuid
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae.runs.engines.base import CrashedError, Engine
from keras_ae.runs.engines.ray_together import Together
from keras_ae.runs.engines.ray_words import Words
from keras_ae.runs.engines.ray_worker import do, sees
from keras_ae.runs.processes import TAIL, with_threads
from keras_ae.runs.worker import Call, Job, Outcome

PROBED = 64  # machines to ask whether they see the files
PASSED_ON = ("KERAS_", "TF_")  # prefixes of environment variables to pass on to the tasks


class Ray(Engine):
    """A Ray cluster (`keras-ae[cluster]` installs Ray), whose machines see files at the same paths as this one.

    Each run has a process with `cpus` threads. If a machine is lost, its runs restart on others from their last
    checkpoints, with bit-identical results if the processors are alike. Refused and diverged runs do not restart.

    Args:
        address: Address of the cluster, such as "auto"; by default that of RAY_ADDRESS, or the cluster of this
            machine. If it has none, one is started for as long as it is needed.
        cpus: CPU cores per run.
        gpus: GPUs per run; with less than 1 several runs share one, with 0 they see none.
        retries: How often a run restarts after its machine or process is lost.
        replicas: Processes that train a run together, each with so many cores and GPUs, on separate machines as
            far as there are enough. Each reads its share of every batch; if one is lost, all restart from the
            checkpoint. Losses equal those of one process, up to rounding, if nothing is drawn at random.

    Raises:
        InputError: Ray is not installed, or a number is impossible; on entering, there is no such cluster, or none
            of its machines has enough cores and GPUs.

    Example:
        >>> Ray(cpus=0)
        Traceback (most recent call last):
            ...
        keras_ae._support.errors.InputError: received cpus=0; expected at least 1; correct --cpus
    """

    def __init__(
        self, address: str | None = None, cpus: int = 1, gpus: float = 0, retries: int = 3, replicas: int = 1
    ):
        least_of = {"cpus": (cpus, 1), "gpus": (gpus, 0), "retries": (retries, 0), "replicas": (replicas, 1)}
        for name, (value, least) in least_of.items():
            if not value >= least:
                raise InputError(f"{name}={value}", f"at least {least}", f"correct --{name}")
        if replicas > 1 and gpus not in (0, 1):
            raise InputError(f"gpus={gpus:g} of each of {replicas} replicas", "one, or none", "correct --gpus")
        if importlib.util.find_spec("ray") is None:
            raise InputError("the engine ray, which is not installed", "Ray", "pip install 'keras-ae[cluster]'")
        self.address, self.cpus, self.gpus, self.retries = address, cpus, gpus, retries
        self.replicas = replicas
        self._together: Together | None = None  # where there are several
        self._refs: dict[Future[Outcome], Any] = {}
        self._lock = threading.Lock()
        self._task: Any = None
        self._options: dict[str, Any] = {}
        self._started = False  # whether it was this object that connected
        self._words = Words()

    def __enter__(self) -> "Ray":
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray

        if not ray.is_initialized():
            self._connect()
        try:
            self.slots = self._places()
        except InputError:
            self.close()
            raise
        options = {"num_cpus": self.cpus, "num_gpus": self.gpus, "max_retries": self.retries}
        # A process that has seen a GPU would stick to it, whichever one Ray gives its next task.
        self._task = ray.remote(max_calls=1)(do) if self.gpus else ray.remote(do)
        self._options = {**options, "runtime_env": {"env_vars": self._environment()}}
        if self.replicas > 1:
            resources = {"CPU": self.cpus, **({"GPU": self.gpus} if self.gpus else {})}
            self._together = Together(self.replicas, self.slots, resources, self.retries, self._environment())
        self._words.divert()
        return self

    def submit(self, job: Job | Call) -> Future[Outcome]:
        """Same as `Engine.submit`; Ray queues the jobs."""
        if self._together is not None and isinstance(job, Job):
            if job.until is not None:
                action = "leave out --halving, or replicas"
                raise InputError(f"a pause of a run on {self.replicas} replicas", "none", action)
            return self._together.submit(job)
        done: Future[Outcome] = Future()
        ref = self._task.options(name=job.does, **self._options).remote(job.line(), os.getcwd())
        with self._lock:
            self._refs[done] = ref
        ref.future().add_done_callback(partial(self._settle, done, job.does))
        return done

    def close(self) -> None:
        """Same as `Engine.close`; disconnects if it was this object that connected."""
        import ray

        if self._together is not None:
            self._together.close()
            self._together = None
        with self._lock:
            refs = list(self._refs.values())
        for ref in refs:
            with suppress(Exception):  # it has ended meanwhile, or its machine has
                ray.cancel(ref, force=True)
        if self._started:
            ray.shutdown()
            self._started = False
        self._words.restore()

    def prepare(self, out, sources: Iterable[str] = ()) -> None:
        """Refuse (`InputError`) a directory or images that a machine of the cluster does not see."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        super().prepare(out)
        marker = Path(out).absolute() / f".seen-{uuid.uuid4().hex}"
        here = (
            path for path in map(_path_of, sources) if path and os.path.exists(path)
        )  # others are refused by runs
        paths = [str(marker), *sorted(here)]
        marker.touch()
        try:
            probe, answers = ray.remote(sees), []
            for node in self._able_nodes()[:PROBED]:
                there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=True)
                options = {**self._options, "num_cpus": 0, "num_gpus": 0, "scheduling_strategy": there}
                answer = probe.options(**options).remote(paths, os.getcwd())
                answers.append((node["NodeManagerHostname"], answer))
            for host, answer in answers:
                for path in ray.get(answer):
                    shown = out if path == str(marker) else path
                    action = "put it on a file system that all machines share, at the same path"
                    raise InputError(f"{shown}, which {host} does not see", "what all machines see", action)
        finally:
            marker.unlink(missing_ok=True)

    def _connect(self) -> None:
        import ray

        try:
            ray.init(address=self.address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:200]
            received = (
                f"no Ray cluster at {self.address or os.environ.get('RAY_ADDRESS', 'this machine')} ({reason})"
            )
            raise InputError(received, "one that runs", "start it, or correct --address") from None
        self._started = True

    def _able_nodes(self) -> list[dict[str, Any]]:
        import ray

        def able(node) -> bool:
            has = node["Resources"]
            return node["Alive"] and has.get("CPU", 0) >= self.cpus and has.get("GPU", 0) >= self.gpus

        return [node for node in ray.nodes() if able(node)]

    def _places(self) -> int:
        """Number of jobs that the cluster does at a time now; it may grow."""
        nodes = [node["Resources"] for node in self._able_nodes()]
        if not nodes:
            received = f"a Ray cluster without a machine of {self.cpus} CPUs and {self.gpus:g} GPUs"
            raise InputError(received, "one that has them", "give other --cpus and --gpus, or add a machine")
        cores = sum(int(node["CPU"] // self.cpus) for node in nodes)
        gpus = sum(int(node.get("GPU", 0) / self.gpus) for node in nodes) if self.gpus else cores
        places = min(cores, gpus) // self.replicas
        if not places:
            received = f"a Ray cluster with {min(cores, gpus)} places for {self.replicas} replicas"
            raise InputError(received, "one for each", "give fewer --replicas or --cpus, or add a machine")
        return places

    def _environment(self) -> dict[str, str]:
        """The tasks' environment: as many threads as cores, no GPU unless asked for, the same modules as here."""
        given = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
        given |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TF_CPP_MIN_LOG_LEVEL": "3"}
        given |= with_threads(self.cpus)
        if not self.gpus:
            return given | {"CUDA_VISIBLE_DEVICES": ""}
        return given if self.gpus >= 1 else given | {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}

    def _settle(self, done: Future[Outcome], does: str, answer: Future[str]) -> None:
        """Set the outcome of a task; called from Ray's thread."""
        from ray.exceptions import RayTaskError

        with self._lock:
            self._refs.pop(done, None)
        try:
            done.set_result(Outcome(**json.loads(answer.result())))
        except RayTaskError as error:  # not the user's mistake: keep its traceback
            done.set_exception(CrashedError(does, 1, str(error).strip().splitlines()[-TAIL:]))
        except BaseException as error:
            lines = str(error).strip().splitlines()[:TAIL] or [type(error).__name__]
            done.set_exception(CrashedError(does, None, lines))


def _path_of(source: str) -> str | None:
    """The path in a source such as "folder:PATH", or a path itself; None for a named data set."""
    form, colon, path = source.partition(":")
    if colon and len(form) > 1:
        return os.path.abspath(os.path.expanduser(path))
    return os.path.abspath(source) if os.sep in source else None

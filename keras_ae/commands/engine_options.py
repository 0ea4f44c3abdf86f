"""Options of the commands that train or score many things: on this machine, or on a Ray cluster."""

from dataclasses import dataclass, fields
from typing import Literal

from keras_ae._support.errors import InputError
from keras_ae.runs import Engine, Ray, check_workers


@dataclass(frozen=True)
class EngineOptions:
    """Where the work is done."""

    engine: Literal["local", "ray"] = "local"
    """local: processes on this machine; ray: a Ray cluster, whose machines must all see --out and the images."""
    address: str | None = None
    """Address of the Ray cluster, such as auto; by default RAY_ADDRESS, or this machine's own cluster."""
    cpus: int = 1
    """With --engine ray: CPU cores per run, and as many threads."""
    gpus: float = 0
    """With --engine ray: GPUs per run; with 0.5, two runs share one."""
    retries: int = 3
    """With --engine ray: how often to restart a run from its last checkpoint if its machine is lost."""

    def __post_init__(self):
        if self.engine == "local":
            for item in fields(self):
                if getattr(self, item.name) != item.default:
                    raise InputError(f"--{item.name} without --engine ray", "both", "give --engine ray")
        else:
            self.chosen()  # refuses values, and a missing package

    @property
    def is_given(self) -> bool:
        """Whether an engine other than this machine was asked for."""
        return self.engine != "local"

    def check_workers(self, workers: int | str) -> None:
        """Refuse (`InputError`) an invalid number of workers, and more than one if a cluster does the work."""
        check_workers(workers, auto=True)
        if self.is_given and workers != 1:
            action = "--cpus and --gpus of a run say how many the cluster does at a time"
            raise InputError(f"--workers {workers} with --engine ray", "one of them", action)

    def chosen(self, replicas: int = 1) -> Engine | None:
        """The engine; None for processes on this machine.

        Args:
            replicas: Processes that train a run together.

        Raises:
            InputError: Several replicas are asked for on this machine, or a value is impossible.
        """
        if self.is_given:
            return Ray(self.address, self.cpus, self.gpus, self.retries, replicas)
        if replicas != 1:
            raise InputError(f"--replicas {replicas} without --engine ray", "both", "give --engine ray")
        return None

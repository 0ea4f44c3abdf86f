"""Options of the commands that train or score many things: on this machine, or on a Ray cluster."""

from dataclasses import dataclass, fields
from typing import Literal

from keras_ae._support.errors import InputError
from keras_ae.runs import Engine, Ray, check_workers


@dataclass(frozen=True)
class EngineOptions:
    """Where the work is done."""

    engine: Literal["local", "ray"] = "local"
    """local: processes of this machine; ray: a Ray cluster, whose machines all see --out and the images."""
    address: str | None = None
    """Address of the Ray cluster, such as auto; by default RAY_ADDRESS, or the one of this machine."""
    cpus: int = 1
    """With --engine ray: CPU cores of each run, which are also its threads."""
    gpus: float = 0
    """With --engine ray: GPUs of each run; 0.5 gives two runs one."""
    retries: int = 3
    """With --engine ray: how often a run whose machine is lost begins again, from its last checkpoint."""

    def __post_init__(self):
        if self.engine == "local":
            for item in fields(self):
                if getattr(self, item.name) != item.default:
                    raise InputError(f"--{item.name} without --engine ray", "both", "give --engine ray")
        else:
            self.chosen()  # refuses values, and a missing package

    @property
    def is_given(self) -> bool:
        """Whether another engine than this machine was asked for."""
        return self.engine != "local"

    def check_workers(self, workers: int | str) -> None:
        """Refuse (`InputError`) numbers of workers that are none, and any where a cluster does the work."""
        check_workers(workers, auto=True)
        if self.is_given and workers != 1:
            action = "--cpus and --gpus of a run say how many the cluster does at a time"
            raise InputError(f"--workers {workers} with --engine ray", "one of them", action)

    def chosen(self, replicas: int = 1) -> Engine | None:
        """The engine; None for processes of this machine.

        Args:
            replicas: Processes that train a run together.

        Raises:
            InputError: There are to be several on this machine; or a value is impossible.
        """
        if self.is_given:
            return Ray(self.address, self.cpus, self.gpus, self.retries, replicas)
        if replicas != 1:
            raise InputError(f"--replicas {replicas} without --engine ray", "both", "give --engine ray")
        return None

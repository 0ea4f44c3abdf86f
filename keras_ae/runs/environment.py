"""The environment of a run, recorded for anyone who reads its numbers later."""

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae._support.fields import read_fields, settle_fields
from keras_ae._support.reading import read_object

EXPECTED, ACTION = "what a run was made with", "train the run again, or copy it whole"
PACKAGES = ("keras-ae", "keras", "tensorflow", "jax", "numpy")


@dataclass(frozen=True)
class Environment:
    """The part of `environment.json` that reports and cards show.

    Attributes:
        python: Version of Python.
        packages: Version of each package, by name.
        devices: Devices, such as "cpu:0".
        cpu_threads: Threads of the machine; None if the system does not say.
    """

    python: str
    packages: Mapping[str, str]
    devices: tuple[str, ...]
    cpu_threads: int | None

    def __post_init__(self):
        settle_fields(self)

    @classmethod
    def read(cls, directory: Path) -> "Environment":
        """Reads the environment of a run's or a comparison's directory.

        Raises:
            InputError: There is no `environment.json`, or it is damaged.
        """
        file = directory / "environment.json"
        values = read_object(file, EXPECTED, ACTION)
        try:
            known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
            return read_fields(cls, known, file.name)
        except InputError as error:
            raise InputError(f"{file} ({error.received})", EXPECTED, ACTION) from None


def current_environment() -> dict:
    """Versions, device, threads and git revision, as JSON values."""
    import keras

    from keras_ae.callbacks import package_version

    return {
        "python": platform.python_version(),
        "packages": {name: installed for name in PACKAGES if (installed := package_version(name))},
        "backend": keras.backend.backend(),
        "machine": platform.machine(),
        "system": platform.system(),
        "cpu_threads": os.cpu_count(),
        "devices": [str(device) for device in keras.distribution.list_devices()],
        "git_revision": _git_revision(),
    }


def environment_here(_images) -> dict:
    """`current_environment`, in a worker."""
    return current_environment()


def _git_revision() -> str | None:
    """Returns the git revision of the library's own checkout, if it is one."""
    source = Path(__file__).resolve().parents[2]
    if not (source / ".git").exists():
        return None
    asked = subprocess.run(["git", "-C", source, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or None

"""What a run was made with, so that its numbers can be understood later."""

import os
import platform
import subprocess
from pathlib import Path

PACKAGES = ("keras-ae", "keras", "tensorflow", "jax", "numpy")


def environment() -> dict:
    """Versions, device, threads and git revision, as JSON values."""
    import keras

    from keras_ae.callbacks.checkpoint_conditions import package_version

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


def _git_revision() -> str | None:
    """Of the library's own checkout, where it is one."""
    source = Path(__file__).resolve().parents[2]
    if not (source / ".git").exists():
        return None
    found = subprocess.run(["git", "-C", source, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None

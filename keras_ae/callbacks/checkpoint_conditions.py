"""The conditions, besides configuration and data, that determine the bits of a training."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras

from keras_ae import optimizers
from keras_ae.callbacks.training import optimizers as optimizers_of

PACKAGES = ("keras-ae", "keras", "tensorflow", "numpy", "pillow")
# Environment variables that make TensorFlow compute in another order or with other instructions.
FLAGS = ("XLA_FLAGS", "TF_XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS", "TF_DETERMINISTIC_OPS")

EARLIER = {"step of Adam": "Keras's"}  # values of conditions from before checkpoints recorded them


def conditions(model: keras.Model) -> dict[str, Any]:
    """Returns versions, threads, device, precision and compilation of a model's training, as JSON values."""
    import tensorflow as tf

    return {
        "python": platform.python_version(),
        **{package: package_version(package) for package in PACKAGES},
        **{flag: os.environ.get(flag) for flag in FLAGS},
        "device": _device(tf),
        "threads within an operation": _threads(
            tf.config.threading.get_intra_op_parallelism_threads(), "TF_NUM_INTRAOP_THREADS"
        ),
        "threads between operations": _threads(
            tf.config.threading.get_inter_op_parallelism_threads(), "TF_NUM_INTEROP_THREADS"
        ),
        "replicas": model.distribute_strategy.num_replicas_in_sync,
        "precision": model.dtype_policy.name,
        "jit_compile": bool(model.jit_compile),
        "steps_per_execution": model.steps_per_execution,
        "step of Adam": "fused" if any(map(optimizers.is_fused, optimizers_of(model))) else "Keras's",
    }


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Returns (name, before, now) for each condition that has changed."""
    names = [*before, *(name for name in now if name not in before)]
    values = [(name, before.get(name, EARLIER.get(name)), now.get(name)) for name in names]
    return [(name, then, current) for name, then, current in values if then != current]


def package_version(package: str) -> str | None:
    """Returns the installed version of a package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _threads(configured: int, variable: str) -> int:
    """Returns the number of TensorFlow's threads: as configured, else from the environment, else as many
    as the scheduler may use, whatever a control group allows.
    """
    if configured:
        return configured
    if os.environ.get(variable, "").isdecimal():
        return int(os.environ[variable])
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _device(tf) -> str:
    gpus = tf.config.get_visible_devices("GPU")
    if gpus:
        names = [tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus]
        return ", ".join(names)
    return f"{platform.machine()} CPU {_cpu_model()}".strip()


def _cpu_model() -> str:
    """Returns the CPU's model on Linux, else "": other models can have other instructions, hence other bits."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")

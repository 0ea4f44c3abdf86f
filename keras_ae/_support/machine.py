"""What this process may use of the machine: cores and memory."""

import os
import sys
from pathlib import Path

_GPUS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dri", "/dev/dxg")  # of NVIDIA, AMD, Intel, and in WSL
_UNKNOWN = 4 << 30  # bytes assumed to be available if the system does not say


def cores() -> int:
    """CPU cores that this process may use, by its affinity and its control group's quota; at least 1."""
    from joblib import cpu_count

    return cpu_count()


def available_memory() -> int:
    """Bytes that can be allocated without swapping, according to the system, the control group and limits."""
    return max(0, min(_of_system(), _of_group(), _of_process()))


def may_have_gpu() -> bool:
    """Whether there may be a GPU for TensorFlow; False only if the system shows none of any kind."""
    if sys.platform != "linux":
        return True
    return any(os.path.exists(device) for device in _GPUS) or bool(
        os.environ.get("TF_PLUGGABLE_DEVICE_LIBRARY_PATH")
    )


def visible_gpus() -> list[str]:
    """NVIDIA GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [name for name in map(str.strip, allowed.split(",")) if name and name != "-1"]
    devices = (path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*"))
    return sorted(devices, key=int)


def _of_system() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError, IndexError):
        return _UNKNOWN


def _of_group() -> int:
    """Memory left by the control group, as in a container; its limit is "max" if there is none."""
    try:
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        return limit - int((group / "memory.current").read_text())
    except (OSError, ValueError):
        return 1 << 62


def _of_process() -> int:
    """Memory left by `ulimit -v`."""
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit == resource.RLIM_INFINITY:
            return 1 << 62
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return limit - pages * os.sysconf("SC_PAGE_SIZE")
    except (ImportError, OSError, ValueError, IndexError):
        return 1 << 62

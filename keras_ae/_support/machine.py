"""What this process may use of the machine: cores and memory."""

import os
import sys
from pathlib import Path

_GPUS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dri", "/dev/dxg")  # of NVIDIA, AMD, Intel, and in WSL
_UNKNOWN = 4 << 30  # bytes assumed to be available if the system does not say
_UNLIMITED = 1 << 62
# By the controllers of a group, of which version 2 names none: files with its limit and its use, and the entry of
# memory.stat that tells how much of the use is files which the system drops when memory is needed.
_GROUP_FILES = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


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


def _of_group(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int:
    """Memory left by the control groups around this process, such as that of a container or of a cluster's job."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return _UNLIMITED
    left = [_UNLIMITED]
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        files = _GROUP_FILES.get("memory" if "memory" in controllers.split(",") else controllers)
        if files is not None:
            top = root / controllers  # a container's own group may be there, whatever path it has outside
            inside = [top.joinpath(*Path(path).parts[1:n]) for n in range(1, len(Path(path).parts) + 1)]
            left += [_left_by(group, *files) for group in inside]
    return min(left)


def _left_by(group: Path, limit: str, usage: str, cached: str) -> int:
    """Memory left by a group: its limit ("max" if there is none) less what is used and cannot be given back."""
    try:
        most, used = int((group / limit).read_text()), int((group / usage).read_text())
    except (OSError, ValueError):
        return _UNLIMITED
    try:
        counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return most - max(0, used - int(counts[cached]))
    except (OSError, ValueError, KeyError):
        return most - used


def _of_process() -> int:
    """Memory left by `ulimit -v`."""
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit == resource.RLIM_INFINITY:
            return _UNLIMITED
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return limit - pages * os.sysconf("SC_PAGE_SIZE")
    except (ImportError, OSError, ValueError, IndexError):
        return _UNLIMITED

"""What it costs a run to be mirrored to object storage, which moto plays in a process of its own.

    python benchmarks/storage.py [--steps 600] [--evaluations 20] [--out FILE.json]

The share of the time in which something was pushed is that of the clock, and no part of the training waits for it
but the last push. "CPU s" of pushing are those of its thread and of fsspec's.
"""

import argparse
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from keras_ae._support.object_storage import Mirror, mirrored
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig, train


class Meter:
    """Seconds that pushes took, by the clock and by the CPU, and how many files they copied."""

    def __init__(self):
        self.clock = self.cpu = 0.0
        self.files = self.times = self.bytes = 0
        self._push = Mirror.push
        Mirror.push = lambda mirror: self._measured(mirror)  # type: ignore[method-assign]

    def _measured(self, mirror: Mirror) -> int:
        before, started, used = dict(mirror._pushed), time.perf_counter(), time.thread_time() + io_seconds()
        count = self._push(mirror)
        self.clock += time.perf_counter() - started
        self.cpu += time.thread_time() + io_seconds() - used
        self.files, self.times = self.files + count, self.times + 1
        changed = [version for name, version in mirror._pushed.items() if before.get(name) != version]
        self.bytes += sum(version.size for version in changed)
        return count


def io_seconds() -> float:
    """CPU seconds of the thread in which fsspec reads and writes, so far."""
    total = 0.0
    for thread in threading.enumerate():
        if thread.name == "fsspecIO":
            fields = Path(f"/proc/self/task/{thread.native_id}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def served() -> tuple[subprocess.Popen, int]:
    """A server that behaves as S3, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        except OSError:
            time.sleep(0.2)


def measured(config: RunConfig) -> dict[str, float]:
    """Train once, mirrored."""
    meter = Meter()
    started, used = time.perf_counter(), time.process_time()
    with mirrored("s3://bucket/run") as local:
        train(config, local, progress=False)
    clock, cpu = time.perf_counter() - started, time.process_time() - used
    return {
        **{"s": clock, "CPU s": cpu, "pushes": meter.times, "files": meter.files, "MB": meter.bytes / 1e6},
        **{"push s": meter.clock, "push CPU s": meter.cpu},
        **{"% of s": 100 * meter.clock / clock, "% of CPU s": 100 * meter.cpu / cpu},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--evaluations", type=int, default=20)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    from measure import show

    model = ModelConfig("convolutional", "4x4x8", options=("width=8", "strided_layers=1"))
    training = TrainingConfig(
        steps=options.steps, evaluations=options.evaluations, checkpoint_steps=options.steps // 10
    )
    server, port = served()
    try:
        os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
        os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
        import s3fs

        s3fs.S3FileSystem().mkdir("bucket")
        row = measured(RunConfig(DataConfig("digits"), model, training))
    finally:
        server.kill()
    show("A run in object storage", [{"steps": options.steps, **row}], options.out)

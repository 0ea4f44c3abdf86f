"""A Ray cluster of eight machines, all of them this one: how long 108 jobs take beside the best list schedule.

    python benchmarks/cluster.py [--nodes 8] [--lost 2] [--seconds 60] [--out FILE.json]

The jobs wait, in proportion to steps, images a step and pixels of the paper preset of `bottleneck_shape`. With
--lost, so many machines are killed when a third of the time has passed; what they did begins again, from notes
that stand for checkpoints.
"""

import argparse
import heapq
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from keras_ae.runs import Call, Ray
from keras_ae.studies import load_study

ROOT = Path(__file__).parents[1]
PIXELS = {"pokemon": 128 * 128, "celeb_a": 96 * 96, "stl10": 96 * 96}
NOTED = 0.2  # seconds between two notes


def wait(_images, *, seconds: float, notes: str) -> int:
    """Wait so long, in all attempts together; returns the number of the process."""
    file = Path(notes)
    done = float(file.read_text()) if file.exists() else 0.0
    while done < seconds:
        step = min(NOTED, seconds - done)
        time.sleep(step)
        done += step
        file.with_suffix(".new").write_text(str(done))
        file.with_suffix(".new").replace(file)
    return os.getpid()


def durations(total: float) -> list[float]:
    """Seconds of each run of the preset, in its order, which come to so many together."""
    weights = []
    for run in load_study("bottleneck_shape", ROOT / "experiments").runs("paper"):
        training = run.config.training
        steps = training.rounds * training.steps_per_evaluation
        weights.append(steps * training.batch_size * PIXELS[run.config.data.source])
    return [total * weight / sum(weights) for weight in weights]


def list_schedule(seconds: list[float], machines: int) -> float:
    """When the last of these jobs ends, if each begins, in order, as soon as a machine is free."""
    free = [0.0] * machines
    for job in seconds:
        heapq.heappush(free, heapq.heappop(free) + job)
    return max(free)


def measured(seconds: list[float], nodes: int, lost: int) -> tuple[float, float, int]:
    """When the last job ended, CPU seconds of the driver, and how many processes did the jobs.

    Of the machines some are lost on the way.
    """
    os.environ |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    from ray.cluster_utils import Cluster

    sys.path.insert(0, str(Path(__file__).parent))  # for `cluster:wait`
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    machines = [cluster.add_node(num_cpus=1) for _ in range(nodes)]
    with tempfile.TemporaryDirectory() as notes, Ray(cluster.address) as engine:
        warm = {n: Call("cluster:wait", {"seconds": 2.0, "notes": f"{notes}/warm{n}"}, "w") for n in range(nodes)}
        engine.run(warm)  # processes start, as those of a cluster have when a study begins
        calls = [
            Call("cluster:wait", {"seconds": job, "notes": f"{notes}/{n}"}, f"job {n}")
            for n, job in enumerate(seconds)
        ]
        started, used = time.perf_counter(), time.process_time()
        for machine in machines[:lost]:
            after = list_schedule(seconds, nodes) / 3
            threading.Timer(after, cluster.remove_node, (machine,), {"allow_graceful": False}).start()
        processes = {outcome.value for outcome in engine.run(dict(enumerate(calls))).values()}
        clock, cpu = time.perf_counter() - started, time.process_time() - used
    cluster.shutdown()
    return clock, cpu, len(processes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--lost", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60.0, help="of the best schedule, about")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    from measure import show

    jobs = durations(options.seconds * options.nodes)
    ideal = list_schedule(jobs, options.nodes)
    clock, cpu, processes = measured(jobs, options.nodes, options.lost)
    row = {"jobs": len(jobs), "machines": options.nodes, "lost": options.lost, "ideal s": ideal, "s": clock}
    show(
        "A cluster of this machine",
        [{**row, "ratio": clock / ideal, "driver CPU s": cpu, "processes": processes}],
        options.out,
    )

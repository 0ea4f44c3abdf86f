"""What an engine costs beside the work: the same comparison by local workers and on a Ray cluster of this machine.

    python benchmarks/engines.py [--steps 300] [--repeats 2] [--out FILE.json]

CPU seconds are those of the whole machine (Linux), so that Ray's own processes count: leave it alone meanwhile.
"differing" lists the fields of results.json, times left out, that are not those of the local workers.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import show

ENGINES = {"local": ("--workers", "2"), "ray": ("--engine", "ray", "--cpus", "1")}
TIMES = ("seconds", "milliseconds", "time", "memory")  # parts of names of fields that differ from run to run


def machine_seconds() -> float:
    """CPU seconds that this machine has spent since it started: user, nice and system."""
    user, nice, system = map(int, Path("/proc/stat").read_text().split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def compared(out: Path, engine: tuple[str, ...], steps: int) -> tuple[float, float]:
    """Seconds by the clock and of the whole machine's CPU that a comparison of digits takes."""
    code = "import sys; from keras_ae.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ("compare", "--data", "digits", "--steps", str(steps), "--out", str(out), *engine)
    started, before = time.perf_counter(), machine_seconds()
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started, machine_seconds() - before


def fields(value, name: str = "") -> dict:
    """Every number or word of nested JSON, by its name, without times."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {at: leaf for key, inner in pairs for at, leaf in fields(inner, f"{name}/{key}").items()}
    return {} if any(part in name for part in TIMES) else {name: value}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows, results = [], {}
    with tempfile.TemporaryDirectory() as place:
        for repeat in range(options.repeats):
            for name, engine in ENGINES.items():
                out = Path(place) / f"{name}{repeat}"
                clock, cpu = compared(out, engine, options.steps)
                results[name] = json.loads((out / "results.json").read_text())
                runs = len(list(out.rglob("metrics.json")))
                rows.append({"engine": name, "runs": runs, "s": clock, "CPU s": cpu, "CPU s a run": cpu / runs})
    local, ray = fields(results["local"]), fields(results["ray"])
    print(
        "differing:", sorted(key for key in local.keys() | ray.keys() if local.get(key) != ray.get(key)) or "none"
    )
    show("A comparison of digits by each engine", rows, options.out)


if __name__ == "__main__":
    main()

"""What long lists cost: a manifest that is read in parts, and a study that is planned, copied and tabulated.

    python benchmarks/lists.py [--images 1000000] [--runs 1000 10000] [--out FILE.json]

The runs are finished ones of the same configurations in another preset, without models: all are copied.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measure import peak_memory, show

from keras_ae.data import FileList
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, as_json
from keras_ae.studies import Study, results, run_study, vary

PART = 10_000


def seconds(function: Callable) -> float:
    """CPU seconds of a call."""
    started = time.process_time()
    function()
    return time.process_time() - started


def manifest(place: Path, count: int) -> list[dict]:
    """Writing no image: only the list is read."""
    file = place / "list.csv"
    with file.open("w") as table:
        table.write("path,label\n")
        table.writelines(f"images/{number // 1000:06}/{number:09}.png,{number % 10}\n" for number in range(count))
    before, listed = peak_memory(), FileList("manifest", place, (file,))
    spent = seconds(lambda: [part.fingerprint for part in listed.parts(PART)])
    return [
        {"what": "images of a manifest, in parts", "count": count, "CPU s": spent, "MiB": peak_memory() - before}
    ]


def study(place: Path, count: int) -> list[dict]:
    """A study whose runs another preset has finished."""
    base = RunConfig(DataConfig("digits"), ModelConfig("fully_connected", "4"))
    runs = vary(base, {"training.seed": range(count)})
    made = Study("many", "", {"one": lambda: runs, "other": lambda: runs})
    one, other = place / f"one{count}", place / f"other{count}"
    for run in runs:
        about = {"fingerprint": "0", "image_shape": [8, 8, 1], "sizes": {"train": 1}}
        model = {"architecture": "fully_connected", "keywords": {}}
        record = {"format": 1, "config": as_json(run.config), "data": about, "model": model}
        (one / run.name).mkdir(parents=True)
        (one / run.name / "run.json").write_text(json.dumps(record))
        (one / run.name / "metrics.json").write_text(json.dumps({"steps": 1, "parameters": 1}))
    copied = seconds(lambda: run_study(made, "other", other, elsewhere=[one], progress=False))
    planned = seconds(lambda: run_study(made, "other", other, progress=False))
    told = seconds(lambda: results(made, "other", other))
    spent = {"plan and copy": copied, "plan when all are finished": planned, "table": told}
    return [{"what": what, "count": count, "CPU s": cpu, "MiB": peak_memory()} for what, cpu in spent.items()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        rows = manifest(Path(temporary), options.images)
        for runs in options.runs:
            rows += study(Path(temporary), runs)
    assert "keras" not in sys.modules, "Keras counts too"
    show("Long lists", rows, options.out)

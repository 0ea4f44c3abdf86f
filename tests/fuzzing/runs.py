"""Damaged runs and comparisons: records, histories and measurements that are gone, wrong, nested or no files."""

import json
import os
import shutil
from pathlib import Path

from .base import Base
from .case import Case
from .checks import finite
from .damage import DOCUMENTS, Generator, damaged, damaged_json, pick, with_value

FILES = ("run.json", "run.json", "run.json", "metrics.json", "environment.json", "history.csv", "model.keras")
COMMANDS = {
    "evaluate": ["evaluate", "run", "--json"],
    "export": ["export", "run", "--out", "out", "--json"],
    "detector": ["export", "run", "--out", "out", "--score", "mse", "--false-positive-rate", "0.5", "--json"],
    "share": ["share", "run", "--out", "out", "--json"],
    "explore": ["explore", "run"],
    "attack": ["evaluate", "run", "--robustness", "--json"],
    "train": [
        *("train", "--data", "folder:photos", "--steps", "2", "--evaluations", "1", "--code", "4"),
        *("--architecture", "fully_connected", "--json", "--out", "run", "--resume"),
    ],
}
STRUCTURE = {
    **{"format 99": ("format", 99), "no format": ("format", ...), "format as a text": ("format", "1")},
    **{"no config": ("config", ...), "config null": ("config", None), "config a list": ("config", [])},
    **{
        "no data": ("config.data", ...),
        "no model": ("config.model", ...),
        "no training": ("config.training", ...),
    },
    **{"an unknown key": ("config.model.nothing", 1), "an unknown part": ("config.nothing", {})},
    **{"an unknown architecture": ("config.model.architecture", "nothing")},
    **{"a foreign architecture": ("config.model.architecture", "os:system")},
    **{"no source": ("config.data.source", ...), "a source gone": ("config.data.source", "folder:nowhere")},
    **{
        "a huge size": ("config.data.image_size", [10**6, 10**6]),
        "a huge pad": ("config.data.pad", [10**9, 10**9]),
    },
    **{"a huge code": ("config.model.code", "999999999999"), "steps of text": ("config.training.steps", "2")},
    **{"steps negative": ("config.training.steps", -2), "a rate of text": ("config.training.learning_rate", "x")},
}
SPARED = ("a source gone", "a huge code", "no training", "a huge size", "a huge pad")  # `share` needs no images


def make(generator: Generator, base: Base, directory: Path) -> Case:
    """A run with one thing wrong, used by one of the commands."""
    base.copy("photos", directory)
    if generator.random() < 0.12 and base.has("comparison"):
        return _comparison(generator, base, directory)
    run = base.copy("run", directory)
    kind = pick(generator, KINDS)
    name, expected = KINDS[kind](generator, run)
    command = pick(generator, COMMANDS)
    if command == "train":
        expected = "either"
    return Case(
        "runs",
        f"{name}; {command}",
        "command",
        COMMANDS[command],
        expected,
        ("out", "run") if command == "train" else ("out", "run/logs"),
        check=finite if command != "explore" else None,
    )


def _document(generator, run):
    name, what = (
        pick(generator, ("run.json", "run.json", "metrics.json", "environment.json")),
        pick(generator, DOCUMENTS),
    )
    (run / name).write_bytes(DOCUMENTS[what])
    return f"{name}: {what}", "refused" if name == "run.json" else "either"


def _structure(generator, run):
    what = pick(generator, STRUCTURE)
    path, value = STRUCTURE[what]
    file = run / "run.json"
    record = json.loads(file.read_text())
    file.write_text(json.dumps(with_value(record, tuple(path.split(".")), value)))
    return f"run.json: {what}", "either" if what in SPARED else "refused"


def _value(generator, run):
    name = pick(generator, ("run.json", "run.json", "run.json", "metrics.json", "environment.json"))
    content, how, _ = damaged_json(generator, (run / name).read_bytes())
    (run / name).write_bytes(content)
    return f"{name}: {how}", "either"


def _bytes(generator, run):
    name = pick(generator, FILES)
    content, how = damaged(generator, (run / name).read_bytes())
    (run / name).write_bytes(content)
    return f"{name}: {how}", "either"


def _gone(generator, run):
    name = pick(generator, FILES)
    (run / name).unlink()
    return f"without {name}", "refused" if name in ("run.json", "model.keras") else "either"


def _no_file(generator, run):
    name = pick(generator, FILES)
    kind = pick(
        generator, ("directory", "FIFO", "loop", "dangling", "/dev/zero", "/dev/full", "/dev/null", "sparse")
    )
    (run / name).unlink()
    put(kind, run / name)
    return f"{name} is {kind}", "refused" if name in ("run.json", "model.keras") else "either"


def _whole(generator, run):
    """The directory itself is something else."""
    kind = pick(generator, ("empty", "gone", "file", "loop", "FIFO", "of another kind", "doubly nested"))
    if kind == "of another kind":
        for file in run.iterdir():
            file.unlink()
        (run / "notes.txt").write_text("mine")
    elif kind == "doubly nested":
        inner = run.parent / "inner"
        run.rename(inner)
        run.mkdir()
        inner.rename(run / "run2")
    else:
        shutil.rmtree(run)
        if kind == "empty":
            run.mkdir()
        elif kind == "file":
            run.write_text("x")
        elif kind != "gone":
            put(kind, run)
    return f"the run: {kind}", "refused"


def put(kind: str, path: Path) -> None:
    """Put what is no file in a file's place."""
    if kind == "directory":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(8 << 30)
    else:
        os.symlink({"loop": path.name, "dangling": "nowhere"}.get(kind, kind), path)


def _comparison(generator: Generator, base: Base, directory: Path) -> Case:
    root = base.copy("comparison", directory)
    names = ["comparison.json", *(str(f.relative_to(root)) for f in sorted(root.glob("**/*.json"))), "report.html"]
    file = root / pick(generator, names)
    name = file.relative_to(root)
    if file.suffix == ".json" and generator.random() < 0.5:
        content, how, _ = damaged_json(generator, file.read_bytes())
        file.write_bytes(content)
    elif generator.random() < 0.5:
        content, how = damaged(generator, file.read_bytes())
        file.write_bytes(content)
    else:
        file.unlink()
        how = pick(generator, ("directory", "FIFO", "loop", "/dev/zero"))
        put(how, file)
    again = ["compare", "--data", "folder:photos", "--steps", "2", "--evaluations", "1", "--codes", "4", "8"]
    again += ["--json", "--out", "comparison"]
    command = again if generator.random() < 0.5 else ["explore", "comparison"]
    check = finite if command is again else None
    return Case("runs", f"{name}: {how}; {command[0]}", "command", command, "either", ("comparison",), check=check)


KINDS = {
    **{"document": _document, "structure": _structure, "value": _value, "value again": _value, "bytes": _bytes},
    **{"gone": _gone, "no file": _no_file, "whole": _whole},
}

"""Odd paths: in place of what is read, and of where it is written."""

import os
from pathlib import Path

from .base import RATE, TRAINING, Base
from .case import Case
from .damage import Generator, pick

PATHS = {
    "empty": "",
    "here": ".",
    "the root": "/",
    "above": "..",
    "a device": "/dev/null",
    "below a device": "/dev/null/x",
    "a full device": "/dev/full",
    "in /proc": "/proc/x",
    "in /proc/self": "/proc/self/fd/x",
    "in /sys": "/sys/x",
    "a file": "file",
    "below a file": "file/x",
    "a link to a file": "link to file",
    "a link to a directory": "link to full",
    "a link to nowhere": "link to nowhere",
    "a link to itself": "loop",
    "below a loop": "loop/x",
    "a FIFO": "fifo",
    "a directory with files": "full",
    "a long name": "x" * 300,
    "a long path": "/".join(["d" * 200] * 30),
    "not UTF-8": "\udcff\udcfe",
    "below not UTF-8": "\udcff/x",
    "markup": "<b>[red]x",
    "a new line": "a\nb",
    "a dash": "-x",
    "home": "~/nowhere/../x",
    "no home": "~nobody-at-all/x",
    "the photographs": "photos",
    "in the photographs": "photos/out",
    "the run": "run",
    "in the run": "run/out",
    "the detector": "detector",
    "NUL": "a\x00b",
    "spaces": "  ",
    "dots": "...",
    "escape": "\x1b[31mx",
    "many slashes": "out//./x",
}
COMMANDS = {
    "evaluate": ["evaluate", "@", "--json"],
    "export": ["export", "@", "--out", "out"],
    "export to": ["export", "run", "--out", "@"],
    "detector to": ["export", "run", "--score", "mse", *RATE, "--out", "@"],
    "share": ["share", "@", "--out", "out"],
    "share to": ["share", "run", "--out", "@"],
    "score with": ["score", "@", "folder:photos"],
    "score": ["score", "detector", "folder:@"],
    "score plainly": ["score", "detector", "@"],
    "score to": ["score", "detector", "folder:photos", "--out", "@"],
    "maps to": ["score", "detector", "folder:photos", "--maps", "@", "--maps-of", "all"],
    "explore": ["explore", "@"],
    "images to explore": ["explore", "run", "--data", "@"],
    "train on": ["train", "--data", "folder:@", *TRAINING, "--out", "out"],
    "train on an archive": ["train", "--data", "npz:@", *TRAINING, "--out", "out"],
    "train to": ["train", "--data", "folder:photos", *TRAINING, "--out", "@"],
    "detect to": ["detect", "train", "--data", "folder:photos", *TRAINING, *RATE, "--score", "mse", "--out", "@"],
    "named data in": ["train", "--data", "mnist", "--data-dir", "@", *TRAINING, "--out", "out"],
    "data in": ["data", "list", "--data-dir", "@", "--json"],
    "studies in": ["study", "list", "--experiments", "@"],
}
FOREIGN = ("/", "..")  # not to be written to, whatever comes of it


def _is_left_out(command: str, path: str) -> bool:
    """Writing to what is not this case's own, and to a pipe that nobody reads, which any program waits for."""
    written = "to" in command.split() or command == "score"
    return (path in FOREIGN and written) or (path == "fifo" and command == "score to")


def make(generator: Generator, base: Base, directory: Path) -> Case:
    """A command with an odd path; nothing beyond an output of its own is touched."""
    for name in ("photos", "run", "detector"):
        base.copy(name, directory)
    (directory / "file").write_text("mine")
    (directory / "full").mkdir()
    (directory / "full" / "notes.txt").write_text("mine")
    for name, target in (("file", "file"), ("full", "full"), ("nowhere", "nowhere")):
        os.symlink(target, directory / f"link to {name}")
    os.symlink("loop", directory / "loop")
    os.mkfifo(directory / "fifo")
    name, command = pick(generator, PATHS), pick(generator, COMMANDS)
    while _is_left_out(command, PATHS[name]):
        name = pick(generator, PATHS)
    path = PATHS[name]
    words = [word.replace("@", path) for word in COMMANDS[command]]
    # A new output may be anywhere; of what was there before nothing may change, even there.
    top = path.split("/")[0]
    new = (
        [top]
        if top and not os.path.lexists(os.fsencode(directory) + b"/" + os.fsencode(top))
        else [path, "nowhere"]
    )
    outputs = ("out", *(each for each in new if each not in ("", ".", "file")))
    return Case("paths", f"{command} {name}", "command", words, "either", outputs)

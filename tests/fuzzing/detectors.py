"""Damaged and tampered detectors, as exported and as kept by `detect train`."""

import json
import os
from pathlib import Path

from .base import Base
from .case import Case
from .checks import scored
from .damage import DOCUMENTS, Generator, damaged, damaged_json, pick, places, with_value
from .runs import put

FILES = (
    *("saved_model.pb", "fingerprint.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"),
    *("card.json", "score.onnx", "checksums.json", "README.md"),
)
TAMPERED = {
    "threshold": ("NaN", "-1e9", "1e300", "Infinity", '"0.1"', "null", "[]", "true"),
    "image_shape": (
        "[0, 0, 0]",
        "[16, 16]",
        "[16, 16, 3]",
        "[1e9, 16, 1]",
        "null",
        '"16"',
        "[-16, 16, 1]",
        "[32, 32, 1]",
    ),
    "sha256": ('""', "null", '"' + "0" * 64 + '"', "{}", "[]"),
    "deviation": ("null", "{}", "[]", "5"),
    "about": ("null", "[]", "5"),
    "score": ("null", "[]", '"mse"'),
}


def make(generator: Generator, base: Base, directory: Path) -> Case:
    """A detector with one thing wrong, to score with or to look at."""
    base.copy("photos", directory)
    if generator.random() < 0.25 and base.has("trained"):
        return _kept(generator, base, directory)
    detector = base.copy("detector", directory)
    kind = pick(generator, KINDS)
    name, expected = KINDS[kind](generator, detector)
    command = ["score", "detector", "folder:photos", "--json"]
    if generator.random() < 0.2:
        command = ["explore", "detector", "--data", "folder:photos"]
        return Case("detectors", f"{name}; explore", "command", command, "either")
    return Case("detectors", f"{name}; score", "command", command, expected, check=scored(directory / "photos"))


def _bytes(generator, detector):
    """Whatever of the files is other than it was written is refused."""
    file = detector / pick(generator, FILES)
    before = file.read_bytes()
    content, how = damaged(generator, before)
    file.write_bytes(content)
    return f"{file.name}: {how}", "refused" if content != before else "either"


def _document(generator, detector):
    what = pick(generator, DOCUMENTS)
    (detector / "card.json").write_bytes(DOCUMENTS[what])
    return f"card.json: {what}", "refused"


def _card(generator, detector):
    content, how, _ = damaged_json(generator, (detector / "card.json").read_bytes())
    (detector / "card.json").write_bytes(content)
    return f"card.json: {how}", "either"


def _tampered(generator, detector):
    file = detector / "card.json"
    card = json.loads(file.read_text())
    name = pick(generator, TAMPERED)
    text = pick(generator, TAMPERED[name])
    paths = [path for path in places(card) if path[-1] == name]
    for path in paths:
        card = with_value(card, path, "@@here@@")
    file.write_text(json.dumps(card).replace('"@@here@@"', text))
    return f"card.json: {name} is {text[:20]}", "refused" if paths else "either"


def _gone(generator, detector):
    name = pick(generator, FILES)
    (detector / name).unlink()
    return f"without {name}", "refused"


def _no_file(generator, detector):
    name, kind = (
        pick(generator, FILES),
        pick(generator, ("directory", "FIFO", "loop", "/dev/zero", "/dev/full", "sparse")),
    )
    (detector / name).unlink()
    put(kind, detector / name)
    return f"{name} is {kind}", "refused"


def _swapped(generator, detector):
    """Files of another detector, or in one another's place."""
    one, other = (detector / name for name in generator.permutation(FILES)[:2])
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    return f"{one.name} and {other.name} exchanged", "refused"


def _more(generator, detector):
    (detector / pick(generator, ("notes.txt", "assets/x.txt", "another.onnx"))).write_text("mine")
    return "a file more", "accepted"


def _kept(generator: Generator, base: Base, directory: Path) -> Case:
    """What `detect train` keeps beside the export: a run and a detector of Keras."""
    trained = base.copy("trained", directory)
    kept = sorted(f for f in trained.glob("detector*/*") if f.is_file()) + sorted(trained.glob("*.json"))
    file = pick(generator, kept)
    drawn = generator.random()
    if file.suffix == ".json" and drawn < 0.5:
        content, how, _ = damaged_json(generator, file.read_bytes())
        file.write_bytes(content)
    elif drawn < 0.9:
        content, how = damaged(generator, file.read_bytes())
        file.write_bytes(content)
    else:
        os.unlink(file)
        how = "gone"
    name = f"{file.relative_to(trained)}: {how}; explore"
    return Case("detectors", name, "command", ["explore", "trained"])


KINDS = {
    **{"bytes": _bytes, "bytes again": _bytes, "document": _document, "card": _card, "tampered": _tampered},
    **{"tampered again": _tampered, "gone": _gone, "no file": _no_file, "swapped": _swapped, "more": _more},
}

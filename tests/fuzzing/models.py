"""Damaged and foreign model files: zip archives, configurations, weights and layers in a run's model.keras."""

import io
import json
from pathlib import Path

import h5py
import numpy as np

from .base import Base
from .case import Case
from .checks import finite, same_as
from .damage import DOCUMENTS, Generator, bomb, damaged, damaged_json, pick, with_value, zip_members, zipped
from .runs import COMMANDS

MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
UNSAFE = {"class_name": "Lambda", "module": "keras.layers", "registered_name": None}


def make(generator: Generator, base: Base, directory: Path) -> Case:
    """A run whose model is damaged; what is accepted measures as before."""
    base.copy("photos", directory)
    model = base.copy("run", directory) / "model.keras"
    kind = pick(generator, KINDS)
    name, expected = KINDS[kind](generator, model)
    command = pick(generator, ("evaluate", "evaluate", "export", "share", "explore", "detector"))
    check = finite if command in ("export", "share", "detector") else None
    if command == "evaluate":
        made = base.root / "evaluate.json"
        check = same_as(made.read_text()) if made.exists() else finite
    arguments, outputs = COMMANDS[command], ("out", "run/logs")
    return Case("models", f"{name}; {command}", "command", arguments, expected, outputs, check=check)


def _archive(generator, model):
    content, how = damaged(generator, model.read_bytes())
    model.write_bytes(content)
    broken = how in ("noise", "a text", "empty") or "cut" in how
    return f"model.keras: {how}", "refused" if broken else "either"


def _member(generator, model):
    members = zip_members(model.read_bytes())
    name = pick(generator, MEMBERS)
    how = pick(generator, ("gone", "damaged", "document", "renamed"))
    if how == "gone":
        del members[name]
    elif how == "renamed":
        members["../" + name] = members.pop(name)
    elif how == "document":
        what = pick(generator, DOCUMENTS)
        members[name], how = DOCUMENTS[what], what
    else:
        members[name], how = damaged(generator, members[name])
    model.write_bytes(zipped(members))
    certain = name != "metadata.json" and not how.startswith(("flipped", "zeros", "7 bytes", "twice"))
    return f"{name}: {how}", "refused" if certain else "either"


def _configuration(generator, model):
    members = zip_members(model.read_bytes())
    members["config.json"], how, _ = damaged_json(generator, members["config.json"])
    model.write_bytes(zipped(members))
    return f"config.json: {how}", "either"


def _layer(generator, model):
    """A layer that would run what its file says, or that nobody knows."""
    members = zip_members(model.read_bytes())
    config = json.loads(members["config.json"])
    code = "4wEAAAAAAAAAAAAAAAIAAABTAAAAcwwAAABkAYQAZAKEAIMBUwA="
    function = {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}
    layers = {
        "Lambda": {**UNSAFE, "config": {"name": "l", "function": function}},
        "a function of os": {
            "module": "os",
            "class_name": "function",
            "config": "system",
            "registered_name": "system",
        },
        "a class of subprocess": {"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}},
        "an unknown class": {
            "module": "nothing",
            "class_name": "Nothing",
            "config": {},
            "registered_name": "x>Nothing",
        },
        "another library's": {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}},
    }
    what = pick(generator, layers)
    places = [("config", part) for part in ("encoder", "bottleneck", "decoder") if part in config["config"]]
    place = pick(generator, [(), *places])
    config = with_value(config, place, layers[what]) if place else layers[what]
    members["config.json"] = json.dumps(config).encode()
    model.write_bytes(zipped(members))
    return f"{what} as the {place[-1] if place else 'model'}", "refused"


def _weights(generator, model):
    """Weights that are no such weights."""
    members = zip_members(model.read_bytes())
    file = io.BytesIO(members["model.weights.h5"])
    how = pick(
        generator,
        ("complex", "text", "infinite", "NaN", "another shape", "gone", "all gone", "link", "whole numbers"),
    )
    with h5py.File(file, "r+") as weights:
        names = []
        weights.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        names = [name for name in names if "optimizer" not in name and weights[name].shape]
        name = pick(generator, names)
        before = weights[name][()]
        gone = names if how == "all gone" else [name]
        for each in gone:
            del weights[each]
        if how == "link":
            weights[name] = h5py.ExternalLink("/etc/passwd", "/x")
        elif "gone" not in how:
            weights[name] = {
                "complex": before + 1j,
                "text": np.full(before.shape, b"x"),
                "infinite": before + np.inf,
                "NaN": before * np.nan,
                "another shape": np.zeros((3, *before.shape), "f4"),
                "whole numbers": before.astype("i4"),
            }[how]
    members["model.weights.h5"] = file.getvalue()
    model.write_bytes(zipped(members))
    return f"weights {how}", "either" if how == "whole numbers" else "refused"


def _bomb(generator, model):
    """A configuration of a gigabyte and a half, zipped to nothing; or a member of that size besides."""
    name = pick(generator, ("config.json", "metadata.json", "model.weights.h5"))
    model.write_bytes(bomb(name, 3 << 29, b"{"))
    return f"{name} of 1.5 GB", "refused"


def _foreign(generator, model):
    """A whole model of another shape, or none of this library."""
    how = pick(generator, ("a plain model", "no model, a text", "null", "weights alone"))
    if how == "null":
        members = zip_members(model.read_bytes())
        members["config.json"] = b"null"
        model.write_bytes(zipped(members))
    elif how == "weights alone":
        model.write_bytes(zip_members(model.read_bytes())["model.weights.h5"])
    elif how == "a plain model":
        members = zip_members(model.read_bytes())
        dense = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": []}}
        members["config.json"] = json.dumps(dense | {"registered_name": None}).encode()
        model.write_bytes(zipped(members))
    else:
        model.write_text("nothing")
    return f"foreign: {how}", "refused"


KINDS = {
    **{"archive": _archive, "member": _member, "member again": _member, "configuration": _configuration},
    **{
        "configuration again": _configuration,
        "layer": _layer,
        "weights": _weights,
        "bomb": _bomb,
        "foreign": _foreign,
    },
}

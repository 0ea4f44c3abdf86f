"""Command lines: every command with options drawn from its signature, of plausible, extreme and broken values."""

import dataclasses
import os
import types
import typing
from collections.abc import Iterable
from pathlib import Path

import tyro

from keras_ae.commands import COMMANDS

from .base import RATE, TRAINING, Base
from .case import Case
from .checks import finite
from .damage import Generator, pick

START = {
    "train": ("--data", "folder:photos", *TRAINING, "--out", "out"),
    "detect train": ("--data", "folder:photos", *TRAINING, *RATE, "--score", "mse", "--out", "out"),
    "compare": (
        *("--data", "folder:photos", "--steps", "1", "--evaluations", "1", "--codes", "4"),
        *("--json", "--out", "out"),
    ),
    "evaluate": ("run", "--json"),
    "share": ("run", "--out", "out", "--json"),
    "export": ("run", "--out", "out", "--json"),
    "score": ("detector", "folder:photos", "--out", "out"),
    "explore": ("run",),
    "data list": ("--json",),
    "study list": (),
    "study run": ("nothing",),
    "study report": ("nothing",),
}
NEEDS = ("photos", "run", "detector")
BROKEN = {
    int: (
        *("nan", "inf", "-inf", "-1", "1.5", "abc", "", "1e3", "0x10", "-9223372036854775809"),
        *("١٢٣x", "--", "None"),
    ),
    float: ("nan", "inf", "-inf", "abc", "", "1,5", "1e999", "0.5.5", "None ", "--"),
    bool: ("maybe",),
}
FINE = {
    int: ("0", "1", "2", "3", "7"),
    float: ("0", "0.1", "0.5", "0.9", "1", "1e-3", "-0.0", "1e-300"),
    bool: ("True", "False"),
}
HUGE = {int: ("2147483647", "9223372036854775807", "1" + "0" * 40), float: ("1e30", "1e300", "100")}
TEXTS = (
    *("", " ", "x", "a\nb", "é🙂", "<script>", "[bold]", "=1+1", "-x", "--help", "x" * 300, "x" * 100_000),
    *("\ud800", "%s%n", "{0}", "../..", "/", "/dev/null", "/dev/null/x", "/proc/self/mem", "~"),
    *("~nobody/x", "$HOME", "a=b", "a=", "=", "nan", "None", "NONE", "[]", "(1,)", "__import__('os')"),
    *("os:system", "photos", "run", "run/run.json", "loop", "fifo", "folder:", "folder:photos"),
    *("folder:nowhere", "folder:/", "folder:loop", "folder:fifo", "npz:", "npz:data.npz", "npz:photos"),
    *("npz:/dev/zero", "digits", "mnist", "tfds:mnist", "folder:run/run.json", "\x1b[31m", "x\ty", "\\"),
    *("'", "all", "train", "test[:5]", "all[:50%]", "all[-3:]", "all[5:2]", "all[::]", "all[:200%]"),
    *("train[:1e3]", "all[" * 20, "4", "0", "4x4x16", "1x1x1", "0x0x0", "4x4", "4×4×2", "99999999999"),
    *("2x2x2x2", "mse", "ssim", "mse+mse", "+", "mse+", "nearest_codes", "gaussian", "mixture"),
    *("standardized_error", "variational", "dense", "k_sparse", "decorrelated", "hidden=()"),
    *("hidden=(-1,)", "hidden=(0,)", "hidden='a'", "hidden=[[1]]", "activation=None", "activation='x'"),
    *("activation=nan", "name=1", "input_shape=(1,1,1)", "code_shape=3", "bottleneck=dense"),
    *("bottleneck.units=3", "bottleneck.beta=nan", "bottleneck.=1", "classes=3", "classes=-1"),
    *("filters=0", "initializer=[]", "initializer='x'"),
)
# Options that are accepted in any size, and then take as long or as much as one asks for.
ENDLESS = {"steps", "port", "images", "warmup_steps"}
SIGNED = {"threshold"}  # may be negative
OFTEN = ("train", "evaluate", "score", "export", "share", "explore")  # the others train several models


@dataclasses.dataclass(frozen=True)
class Option:
    """One option of a command."""

    flag: str
    kind: typing.Any
    name: str

    def values(self, generator: Generator) -> tuple[list[str], bool]:
        """The words after the flag, and whether they are surely wrong."""
        kinds, many = _members(self.kind)
        number = next((k for k in (int, float) if k in kinds), None)
        drawn = generator.random()
        length = int(pick(generator, (0, 1, 2, 2, 3))) if many else 1
        if bool in kinds:
            return ([], False) if drawn < 0.7 else ([pick(generator, (*TEXTS, "maybe"))], True)
        if number and drawn < 0.45:
            wrong = pick(generator, BROKEN[number] if number is int else (*BROKEN[float], "-1", "-1e300"))
            spared = (wrong.startswith("-1") and self.name in SIGNED) or length == 0 or (many and wrong == "")
            return [wrong] * length, not spared
        if number and drawn < 0.85:
            return [pick(generator, FINE[number]) for _ in range(length)], False
        if number and self.name not in ENDLESS:
            return [pick(generator, HUGE[number])] * length, False
        choices = [
            value for kind in kinds if typing.get_origin(kind) is typing.Literal for value in typing.get_args(kind)
        ]
        if choices and drawn < 0.7:
            return [str(pick(generator, choices)) for _ in range(length)], False
        return [pick(generator, TEXTS) for _ in range(length)], False


def _members(kind) -> tuple[tuple, bool]:
    """The kinds that a value may have, and whether there may be several values."""
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        parts = [_members(part) for part in typing.get_args(kind)]
        return tuple(k for kinds, _ in parts for k in kinds), any(many for _, many in parts)
    if typing.get_origin(kind) is tuple:
        return _members(typing.get_args(kind)[0])[0], True
    if typing.get_origin(kind) is typing.Annotated:
        return _members(typing.get_args(kind)[0])
    return (kind,), False


def options(command: type, prefix: str = "") -> list[Option]:
    """The options of a command's dataclass, those of the dataclasses in it too."""
    hints, found = typing.get_type_hints(command, include_extras=True), []
    for field in dataclasses.fields(command):
        hint = hints[field.name]
        marks = typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ()
        kind = typing.get_args(hint)[0] if marks else hint
        name = next((mark.name for mark in marks if getattr(mark, "name", None)), field.name)
        if dataclasses.is_dataclass(kind):
            found += options(kind)
        elif tyro.conf.Positional not in marks:
            found.append(Option("--" + name.replace("_", "-"), kind, field.name))
    return found


def make(generator: Generator, base: Base, directory: Path) -> Case:
    """A command with up to three options drawn at random, or with broken words."""
    for name in NEEDS:
        base.copy(name, directory)
    os.symlink("loop", directory / "loop")
    os.mkfifo(directory / "fifo")
    command = pick(generator, COMMANDS if generator.random() < 0.25 else OFTEN)
    words, wrong = list(START[command]), False
    drawn = generator.random()
    if drawn < 0.1:
        words, change = _words(generator, words)
        changes = [change]
    elif drawn < 0.18 and START[command]:
        at = int(generator.integers(len(words)))
        words[at] = pick(generator, TEXTS)
        changes = [f"word {at} is {ascii(words[at])[:50]}"]
    else:
        more, changes, wrong = _with_options(generator, command)
        words += more
    full = bool(generator.random() < 0.03)
    how = {"stdout": "/dev/full"} if full else {}
    prints = "--json" in words and command not in ("explore", "score")  # JSON, on standard output
    check = finite if prints and not full and not _asks_help(words) else None
    name = f"{command}: {', '.join(changes)}{', onto a full device' if full else ''}"
    expected = "refused" if wrong and not _asks_help(words) else "either"
    words = [word.replace("\x00", "") for word in [*command.split(), *words]]  # no system passes NUL
    outputs = ("out", "run", *new_names(words, directory))
    return Case("command lines", name, "command", words, expected, outputs, **how, check=check)


def new_names(words: Iterable[str], directory: Path) -> list[str]:
    """Names in a directory that a command may make because they were given to it as paths."""
    tops = {word.split("/")[0] for word in words if len(word.split("/")[0].encode("utf-8", "replace")) < 256}
    return sorted(top for top in tops - {"", ".", ".."} if not os.path.lexists(directory / top))


def _with_options(generator: Generator, command: str) -> tuple[list[str], list[str], bool]:
    """Words of one to three options, what they are, and whether one is surely wrong."""
    words, changes, wrong = [], [], {}
    for _ in range(int(pick(generator, (1, 1, 1, 2, 3)))):
        option = pick(generator, options(COMMANDS[command]))
        values, wrong[option.flag] = option.values(generator)  # of one that is given twice the last counts
        words += [option.flag, *values]
        changes.append(f"{option.flag} {ascii(' '.join(values))[:60]}")
    return words, changes, any(wrong.values())


def _asks_help(words: list[str]) -> bool:
    return "--help" in words or "-h" in words


def _words(generator: Generator, words: list[str]) -> tuple[list[str], str]:
    """The words in another order, cut, doubled, or of nothing."""
    how = pick(generator, ("shuffled", "cut", "doubled", "none", "help", "unknown", "noise"))
    if how == "shuffled":
        return [words[i] for i in generator.permutation(len(words))], how
    if how == "cut":
        return words[: int(generator.integers(len(words) + 1))], how
    if how == "unknown":
        return [
            *words,
            pick(generator, ("--nothing", "--step", "--=", "---", "-x", "--out=", "--no-json")),
            "1",
        ], how
    if how == "noise":
        return [generator.bytes(6).replace(b"\x00", b"").decode("utf-8", "surrogateescape")] * 2, how
    return {"doubled": words * 2, "none": [], "help": [*words, "--help"]}[how], how

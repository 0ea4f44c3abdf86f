"""Studies: enumerable lists of runs, made of fixed, zipped and crossed choices."""

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.runs import RunConfig, as_json

PRESETS = ("paper", "cpu", "quick")
FINISHED = "finished"  # the status of a run that has measurements


@dataclass(frozen=True)
class StudyRun:
    """One run of a study.

    Attributes:
        name: Name of the run, unique in the study; also the name of its directory.
        choices: What was chosen for the run; each choice is a column in the table of results.
        config: What is trained.

    Example:
        >>> config = kae.runs.RunConfig(kae.runs.DataConfig("digits"))
        >>> run = kae.studies.StudyRun("first", {"seed": 0}, config)
        >>> run.name, run.config.training.steps
        ('first', 2000)
    """

    name: str
    choices: dict[str, Any]
    config: RunConfig


@dataclass(frozen=True)
class Study:
    """The trainings of a paper, or of an experiment beyond it: a list of runs for each preset.

    Attributes:
        name: Name of the study's folder in `experiments/`.
        title: What the study is about, in one line.
        presets: Maps each preset to a function that lists its runs: "paper" at full scale, "cpu" for hours on two
            cores, "quick" for a look and for tests.

    Example:
        >>> base = kae.runs.RunConfig(kae.runs.DataConfig("digits"))
        >>> seeds = {"training.seed": [0, 1]}
        >>> study = kae.studies.Study("seeds", "Two seeds", {"quick": lambda: kae.studies.vary(base, seeds)})
        >>> [run.name for run in study.runs("quick")]
        ['seed=0', 'seed=1']
    """

    name: str
    title: str
    presets: Mapping[str, Callable[[], Sequence[StudyRun]]]

    def runs(self, preset: str) -> list[StudyRun]:
        """Returns the runs of a preset, in order.

        Raises:
            InputError: If there is no such preset.
        """
        if preset not in self.presets:
            raise unknown_name(f"preset of {self.name}", preset, self.presets)
        runs = list(self.presets[preset]())
        repeated = [name for name, count in Counter(run.name for run in runs).items() if count > 1]
        if repeated:
            raise InputError(f"two runs named {repeated[0]!r} in {self.name}", "different names")
        return runs


def config_key(config: RunConfig) -> str:
    """A short text that identifies a configuration, with its seed."""
    return hashlib.sha256(json.dumps(as_json(config), sort_keys=True).encode()).hexdigest()[:12]


def vary(
    base: RunConfig,
    crossed: Mapping[str, Sequence] | None = None,
    zipped: Mapping[str, Sequence] | None = None,
    names: Mapping[str, str] | None = None,
) -> list[StudyRun]:
    """Returns runs that differ from a base in chosen values.

    Args:
        base: Configuration that all runs share, but for the chosen values.
        crossed: Maps a dotted path, such as "training.seed", to values that are combined with all others.
        zipped: Maps a dotted path to values that go together: the first ones, the second ones, …; the groups are
            crossed with the rest.
        names: Maps a dotted path to the name of its column; the path's last part by default.

    Returns:
        One run for each combination, the last path varying fastest.

    Raises:
        InputError: If a path does not exist, or zipped values have different lengths.

    Example:
        >>> base = kae.runs.RunConfig(kae.runs.DataConfig("digits"), kae.runs.ModelConfig("fully_connected", "2"))
        >>> runs = kae.studies.vary(base, crossed={"model.code": ["2", "4"], "training.seed": [0, 1]})
        >>> [run.name for run in runs]
        ['code=2,seed=0', 'code=2,seed=1', 'code=4,seed=0', 'code=4,seed=1']
    """
    crossed, zipped, names = dict(crossed or {}), dict(zipped or {}), dict(names or {})
    lengths = {path: len(values) for path, values in zipped.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"zipped values of lengths {lengths}", "equal lengths", "give each choice a partner")
    groups = (
        [[tuple(zip(zipped, values, strict=True)) for values in zip(*zipped.values(), strict=True)]]
        if zipped
        else []
    )
    groups += [[((path, value),) for value in values] for path, values in crossed.items()]
    runs = []
    for combination in itertools.product(*groups):
        chosen = dict(itertools.chain.from_iterable(combination))
        config = base
        for path, value in chosen.items():
            config = replaced(config, path, value)
        choices = {names.get(path, path.rpartition(".")[2]): value for path, value in chosen.items()}
        runs.append(StudyRun(_directory_name(choices), choices, config))
    return runs


def replaced(config, path: str, value):
    """Returns a frozen dataclass with the value at a dotted path replaced."""
    name, _, rest = path.partition(".")
    if not hasattr(config, name):
        raise InputError(f"{path!r}", f"one of {', '.join(config.__dataclass_fields__)}", "correct the path")
    return replace(config, **{name: replaced(getattr(config, name), rest, value) if rest else value})


def _directory_name(choices: Mapping[str, Any]) -> str:
    parts = (f"{name}={_short(value)}" for name, value in choices.items())
    return ",".join(parts) or "run"


def _short(value) -> str:
    if isinstance(value, list | tuple):
        value = "+".join(map(str, value))
    return "".join(c if c.isalnum() or c in "._-+=" else "_" for c in str(value))

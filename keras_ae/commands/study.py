"""`keras-ae study list`, `study run` and `study report`."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from keras_ae._support.directories import check_replaceable
from keras_ae._support.errors import InputError
from keras_ae._support.output_paths import check_output_directory
from keras_ae._support.parts import METAVAR, Part
from keras_ae.commands.console import JSON_HELP, check_backend, load_keras, print_json
from keras_ae.commands.engine_options import EngineOptions
from keras_ae.runs import check_workers
from keras_ae.studies import FINISHED, config_key, find_studies, load_collect, load_report, load_study

EXPERIMENTS = Path("experiments")
FAILED = 1  # exit status when a run of a study failed
OUTCOMES = (FINISHED, "diverged")  # statuses of runs that need not be tried again


@dataclass(frozen=True)
class StudyList:
    """List the studies in experiments/ with their presets."""

    experiments: Path = EXPERIMENTS
    """Directory with one folder per study."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        studies = [load_study(name, self.experiments) for name in find_studies(self.experiments)]
        rows = [
            {"name": s.name, "title": s.title, "runs": {preset: len(s.runs(preset)) for preset in s.presets}}
            for s in studies
        ]
        if self.json:
            print_json(rows)
            return
        for study in studies:
            runs = ", ".join(f"{preset}: {len(study.runs(preset))} runs" for preset in study.presets)
            print(f"{study.name}: {study.title} ({runs})")


@dataclass(frozen=True)
class StudyRun:
    """Train the unfinished runs of a study: interrupted runs are resumed, repeated ones copied."""

    name: Annotated[str, tyro.conf.Positional]
    """Name of the study, as `keras-ae study list` shows it."""
    preset: str = "cpu"
    """A preset that `keras-ae study list` shows: cpu takes hours on two cores, quick a minute."""
    out: Path | None = None
    """Directory of the study's runs, with one directory per preset; runs/study/NAME by default."""
    workers: int = 1
    """Runs to train at once, in processes that share the threads; where there are GPUs, each run gets one."""
    part: Annotated[str, tyro.conf.arg(metavar=METAVAR)] = "1/1"
    """Train only the I-th of N parts of the runs: for array jobs of a cluster, whose other jobs train the rest."""
    engine: Annotated[EngineOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=EngineOptions)
    allow_inexact: bool = False
    """Resume interrupted runs even if versions, threads, device or precision changed; not bit-identical then."""
    estimate: bool = True
    """Estimate time and memory before the first run begins."""
    experiments: Path = EXPERIMENTS
    """Directory with one folder per study."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def __post_init__(self):
        check_workers(self.workers)
        self.engine.check_workers(self.workers)
        Part.parse(self.part)

    def run(self) -> int:
        study = load_study(self.name, self.experiments)
        runs = study.runs(self.preset)
        runs_of_all = self.out or runs_directory(self.name)
        out = runs_of_all / self.preset
        check_backend()
        check_output_directory(out)
        part = Part.parse(self.part)
        if self.estimate and not self.json:
            self._print_estimate(part.of(runs, [config_key(run.config) for run in runs]), out)
        from keras_ae.studies import results, run_study

        failures = run_study(
            study,
            self.preset,
            out,
            elsewhere=[runs_of_all / preset for preset in study.presets if preset != self.preset],
            workers=self.workers,
            part=part,
            engine=self.engine.chosen(),
            allow_inexact=self.allow_inexact,
            progress=not self.json,
        )
        table = results(study, self.preset, out)
        if self.json:
            print_json({"runs": json.loads(table.to_json(orient="records")), "failures": failures})
        else:
            finished = int((table["status"] == FINISHED).sum())
            print(f"{finished} of {len(table)} runs finished, in {out}")
            for name, reason in failures.items():
                print(f"failed: {name}: {reason}")
        return FAILED if failures else 0

    def _print_estimate(self, runs, out: Path) -> None:
        from keras_ae.studies import is_finished

        pending = [run for run in runs if not is_finished(run, out)]
        if not pending:
            return
        load_keras()
        from keras_ae.studies import estimate

        guess = estimate(pending)
        able = len(pending) - len(guess.left_out)
        if able:
            print(
                f"{able} runs to train on {guess.device}: about {duration(guess.seconds / self.workers)} and "
                f"{guess.memory * self.workers / 2**30:.1f} GiB beside the images (right within a factor of two)"
            )
        for reason, names in grouped(guess.left_out).items():
            others = f" and {len(names) - 1} more" if len(names) > 1 else ""
            print(f"not in the estimate: {names[0]}{others}: {reason}")
        if not able:
            raise InputError(f"{len(pending)} runs of which none can be trained", "the images of one of them")


def grouped(reasons: dict[str, str]) -> dict[str, list[str]]:
    """Returns the names grouped by reason, in order."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(name)
    return names


@dataclass(frozen=True)
class StudyReport:
    """Make a study's tables and figures, from its runs if they are here, else from what is kept of them."""

    name: Annotated[str | None, tyro.conf.Positional] = None
    """Name of the study; or --all."""
    all: bool = False
    """Report on all studies, and make a static site of their tables and figures, the gallery."""
    site: Path = Path("runs/gallery")
    """Directory of the gallery."""
    experiments: Path = EXPERIMENTS
    """Directory with one folder per study."""
    out: Path | None = None
    """Directory of the study's runs, the --out of `study run`; runs/study/NAME by default."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def __post_init__(self):
        if self.all == (self.name is not None):
            received = f"{self.name} and --all" if self.all else "no study"
            raise InputError(received, "a study's name, or --all", "give one of them")
        if self.all and self.out:
            raise InputError("--out and --all", "--out with one study", "report on that study alone first")

    def run(self) -> None:
        if self.all:
            check_output_directory(self.site, "--site")
            check_replaceable(self.site)
        names = [self.name] if self.name is not None else list(find_studies(self.experiments))
        written = [path for name in names for path in self._report(name)]
        if self.all:
            from keras_ae.studies import write_gallery

            written.append(write_gallery(self.experiments, self.site))
        if self.json:
            print_json([str(path) for path in written])
        else:
            print("\n".join(map(str, written)))

    def _report(self, name: str) -> list[Path]:
        """Writes a study's report and returns its files; with --all, none for a study without results."""
        study = load_study(name, self.experiments)
        kept = find_studies(self.experiments)[name] / "results"
        self._keep(study, self.out or runs_directory(name), kept)
        if kept.is_dir():
            return load_report(name, self.experiments)(kept)
        if self.all:
            return []
        raise InputError(
            f"{name}, without results", "runs or kept results", f"train it: keras-ae study run {name}"
        )

    def _keep(self, study, trained: Path, kept: Path) -> None:
        """Write each preset's table beside the study, and the data of its figures."""
        keep_tables(study, trained, kept)
        collect = load_collect(study.name, self.experiments)
        if collect is not None and trained.is_dir():
            load_keras()
            collect(study, trained, kept)


def keep_tables(study, trained: Path, kept: Path) -> None:
    """Writes the table of each preset, `kept/PRESET.csv`.

    Rows of runs that are not here are kept if their configuration is unchanged. An incomplete table never replaces
    one with more finished runs.

    Args:
        study: A `keras_ae.studies.Study`.
        trained: Directory of its runs, with one directory per preset.
        kept: Directory of its results.
    """
    import pandas

    from keras_ae._support.files import plain_cell, write_text
    from keras_ae.studies import results

    for preset in (preset for preset in study.presets if (trained / preset).is_dir()):
        table, path = results(study, preset, trained / preset), kept / f"{preset}.csv"
        before = pandas.read_csv(path) if path.exists() else pandas.DataFrame({"status": []})
        table = completed(table, before)
        if lacking := len(table) - ended(table):
            print(f"{preset}: {lacking} of {len(table)} runs are not finished", file=sys.stderr)
            if ended(table) < ended(before):
                continue
        write_text(path, table.map(plain_cell).to_csv(index=False, float_format="%.7g"))


def ended(table) -> int:
    """The number of runs in a table of results that are finished or diverged."""
    return int(table["status"].isin(OUTCOMES).sum())


def completed(table, before):
    """A table of results in which rows of an earlier one stand in for runs that have not ended.

    Both are pandas tables like those of `keras_ae.studies.results`. Rows of another configuration are not taken.
    """
    import pandas

    if "key" not in before:
        return table
    lacking = table[~table["status"].isin(OUTCOMES)]
    known = before[before["status"].isin(OUTCOMES) & before["key"].isin(lacking["key"])]
    known = known[known["run"].isin(lacking["run"])]
    if known.empty:
        return table
    rows = pandas.concat([table[~table["run"].isin(known["run"])], known]).set_index("run")
    return rows.loc[table["run"]].reset_index()


def runs_directory(name: str) -> Path:
    """Returns the directory of a study's runs, with one directory per preset."""
    return Path("runs") / "study" / name


def duration(seconds: float) -> str:
    """Seconds as people say them: "40 s", "12 min", "3.5 h", "2.1 days"."""
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size or (unit != "days" and seconds >= size):
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} s"

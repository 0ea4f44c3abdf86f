"""Scoring in parts, on this machine or a cluster, with a few parts queued in advance."""

import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from keras_ae._support.leases import NAME
from keras_ae._support.output_paths import check_output_directory
from keras_ae._support.parts import Part
from keras_ae._support.progress import progress_bars
from keras_ae.commands.console import load_keras
from keras_ae.data import FileList, FilePart
from keras_ae.detection import ScoredParts, ScoreSummary, Scoring
from keras_ae.runs import Call, Engine, Local, RunDirectory, raise_refusal

AHEAD = 2  # parts queued for each that is scored: their names are in memory
FUNCTION = "keras_ae.detection.scoring_parts:score_part"


def score_in_parts(
    how: Scoring,
    files: FileList,
    out: Path,
    size: int,
    share: Part,
    workers: int,
    engine: Engine | None,
    progress: bool,
) -> ScoreSummary:
    """Score the parts of a list of files that are still missing, and write `summary.json` once all are there.

    Args:
        how: What decides the scores.
        files: All files.
        out: Directory of the parts.
        size: Files per part.
        share: The parts that this call scores.
        workers: Number of processes; 1 is this process, without an engine.
        engine: Engine to score with instead.
        progress: Whether to show progress and print the totals.

    Returns:
        The summary of all parts scored so far.

    Raises:
        InputError: The directory has scores of another detector, threshold, part size, or list of files.
        CrashedError: A process crashed.
    """
    check_output_directory(out)
    directory, parts = RunDirectory(out), ScoredParts(out)
    lock = NAME if share.is_all else f"{NAME}-{share.name}"
    with directory.opened("scoring", how.record(files, size), lock=lock), ExitStack() as closing:
        count, numbers = 0, set()
        for part in files.parts(size):
            count += 1
            if share.has(part.number) and parts.lack(part):  # refuses before anything is scored
                numbers.add(part.number)
        if numbers and engine is None and workers > 1:
            engine = Local(workers, out, name=share.name)
        if numbers and engine is not None:
            engine = closing.enter_context(engine)
            engine.prepare(out, (files.source, how.model))
        bars = closing.enter_context(progress_bars(disable=not progress, transient=True))
        task = bars.add_task("scoring, files", total=size * len(numbers))
        pending = (part for part in files.parts(size) if part.number in numbers)
        for scored in _scored(pending, how, files, out, engine):
            bars.advance(task, scored)
        done, summary = parts.summary()
        if done == count:
            directory.write("summary", {"parts": count, **summary.as_json()})
    if progress:
        print(_in_words(done, count, summary, out), file=sys.stderr)
    return summary


def _scored(
    pending: Iterator[FilePart], how: Scoring, files: FileList, out: Path, engine: Engine | None
) -> Iterator[int]:
    """Yields the number of files of each part once it has been scored."""
    if engine is None:
        yield from _scored_here(pending, how, files, out)
        return
    waiting: set[Future] = set()
    about = {"scoring": asdict(how), "root": str(files.root), "out": str(out)}
    for part in pending:
        call = {**about, "number": part.number, "files": list(part.files)}
        waiting.add(engine.submit(Call(FUNCTION, call, f"scored part {part.number} of {out}")))
        while len(waiting) >= AHEAD * engine.slots:
            yield from _ended(waiting)
    while waiting:
        yield from _ended(waiting)


def _scored_here(pending: Iterator[FilePart], how: Scoring, files: FileList, out: Path) -> Iterator[int]:
    for part in pending:
        load_keras()
        from keras_ae.detection import score_part

        score_part(
            None,
            scoring=asdict(how),
            root=str(files.root),
            out=str(out),
            number=part.number,
            files=list(part.files),
        )
        yield len(part.files)


def _ended(waiting: set[Future]) -> Iterator[int]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        waiting.remove(future)
        outcome = future.result()
        raise_refusal(outcome)
        yield outcome.value["files"]


def _in_words(done: int, count: int, summary: ScoreSummary, out: Path) -> str:
    text = f"{summary.files:,} files: {summary.anomalies:,} anomalies, {summary.bad:,} could not be read"
    which = f"all {count:,} parts" if done == count else f"{done:,} of {count:,} parts"
    return f"{text} ({which}, in {out})"

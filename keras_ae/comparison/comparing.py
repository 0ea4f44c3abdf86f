"""The main job: train several bottlenecks on one set of images, measure them, recommend one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae.comparison.candidate import Candidate
from keras_ae.comparison.conclusion import conclude
from keras_ae.comparison.config import CompareConfig, upgraded_comparison
from keras_ae.comparison.halving import Halved, halve
from keras_ae.comparison.records import FailedCandidate, TrainedCandidate
from keras_ae.comparison.results import Comparison
from keras_ae.comparison.training import Trainer, Workers, engine_for
from keras_ae.data import ImageData
from keras_ae.runs import Call, Engine, RunDirectory, check_workers, current_environment, images_record


def compare(
    config: CompareConfig,
    out,
    *,
    data: ImageData | None = None,
    candidates: Sequence[Candidate] | None = None,
    allow_inexact: bool = False,
    progress: bool = True,
    workers: Workers = 1,
    engine: Engine | None = None,
) -> Comparison:
    """Trains every candidate with the same budget, selects on validation images, measures all on the test images.

    A killed comparison resumes: finished candidates are not trained again. Everything that the report shows is
    kept in the directory: `results.json`, and the pictures in `figures/` and `candidates/NAME/figures/`.

    Args:
        config: Images, budget and purpose.
        out: Directory of the comparison.
        data: The images, if they are already loaded; they must be those of `config.data`.
        candidates: The result of `config.candidates(data.image_shape)`, if already known.
        allow_inexact: Whether to resume a candidate even if the environment changed; its result is then not
            bit-identical.
        progress: Whether to show progress bars on standard error.
        workers: Number of candidates to train at once, each in a process with an equal share of the threads;
            "auto" takes as many as pay off here (`workers_that_pay`). Results equal those of a single worker with
            as many threads. With 1, candidates are trained in this process, with all threads.
        engine: Engine that trains them instead, such as `Ray()`.

    Raises:
        InputError: The images or codes are impossible, or the directory holds another comparison.

    Example:
        >>> from keras_ae.runs import DataConfig
        >>> compare(CompareConfig(DataConfig("digits"), codes=("3x3x1",)), "compared")  # refused before training
        Traceback (most recent call last):
        InputError: received code size 3×3 for images of 8×8×1 and 2 strided layers; expected one of ...
    """
    check_workers(workers, auto=True)
    data = data or config.load_data(progress)
    candidates = candidates or config.candidates(data.image_shape)
    config.check_codes(candidates)
    engine = engine or engine_for(config, config.seeds * len(candidates), data, workers, out)
    with open_trainer(config, out, data, allow_inexact, progress, engine) as trainer:
        if (trainer.out / "results.json").is_file():
            return Comparison.from_json(RunDirectory(trainer.out).read("results"))
        begin(trainer)
        halved = halve(trainer, candidates) if config.halving else Halved(tuple(candidates))
        tried = trainer.train(halved.left)
        failed = [*halved.failed, *(one for one in tried if isinstance(one, FailedCandidate))]
        trained = [one for one in tried if isinstance(one, TrainedCandidate)]
        return conclude(trainer, trained, failed, halved.dropped)


@contextmanager
def open_trainer(
    config: CompareConfig,
    out,
    data: ImageData,
    allow_inexact: bool,
    progress: bool,
    engine: Engine | None,
    **record,
) -> Iterator[Trainer]:
    """The trainer of a comparison, while its directory is locked.

    Args:
        config, out, data, allow_inexact, progress: See `compare`.
        engine: Engine that trains; None if this process does.
        **record: Further values of "config" in `comparison.json`.

    Raises:
        InputError: There are no images to compare by, or the directory holds another comparison.
    """
    for split in ("validation", "test"):
        if not data.sizes[split]:
            raise InputError(f"no {split} images", "some to compare by", f"give --{split}-fraction or --{split}")
    judge = config.purpose.judge(config, data)
    directory = RunDirectory(out)
    opened = directory.opened("comparison", _record(config, data, record), upgraded_comparison)
    with opened, engine or nullcontext():
        if engine is not None:
            engine.prepare(directory.path, [config.data.source])
        yield Trainer(config, data, judge, directory.path, allow_inexact, progress, engine)


def begin(trainer: Trainer) -> None:
    """Writes what trained candidates need, before any is trained: the environment's record, the judge's files."""
    RunDirectory(trainer.out).write("environment", _environment(trainer.engine))
    if trainer.judge is not None:
        trainer.judge.prepare(trainer.out, trainer.progress)


def _environment(engine: Engine | None) -> dict[str, Any]:
    """The environment that trains the candidates, reported by a worker: this process need not import Keras."""
    if engine is None:
        return current_environment()
    engine.start()
    call = Call("keras_ae.runs.environment:environment_here", {}, "told its environment")
    return engine.run({"environment": call})["environment"].value


def _record(config: CompareConfig, data: ImageData, more: dict[str, Any]) -> dict[str, Any]:
    return {"config": config.as_json() | more, "data": images_record(data), "notes": list(data.notes)}

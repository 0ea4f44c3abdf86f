"""One run, trained by an engine: by another process, or by several together."""

from pathlib import Path

from keras_ae._support.errors import TrainingDivergedError
from keras_ae._support.progress import progress_bars
from keras_ae.data import ImageData
from keras_ae.runs.config import RunConfig, as_json
from keras_ae.runs.directory import RunDirectory
from keras_ae.runs.engines.base import Engine
from keras_ae.runs.processes import last_step
from keras_ae.runs.run import Run
from keras_ae.runs.sharing_out import check_replicas, check_shares
from keras_ae.runs.worker import DIVERGED, NO_MEMORY, Job


def train_on(
    engine: Engine,
    config: RunConfig,
    out,
    *,
    resume: bool = False,
    allow_inexact: bool = False,
    data: ImageData | None = None,
    measure: tuple[str, ...] = ("validation", "test"),
    progress: bool = True,
) -> Run:
    """Same as `train` with an engine; does not import Keras."""
    directory = RunDirectory(Path(out).absolute())
    if engine.replicas > 1:
        check_replicas(config, engine.replicas)
        check_shares(data or config.load_data(progress), config.training, engine.replicas)
    directory.check_files()
    directory.check_new("run")
    if not directory.is_finished:
        directory.check_resume(resume)
    directory.path.mkdir(parents=True, exist_ok=True)
    job = Job(as_json(config), str(directory.path), allow_inexact, tuple(measure))
    steps = config.training.rounds * config.training.steps_per_evaluation
    with engine, progress_bars(disable=not progress) as bars:
        engine.prepare(directory.path, [config.data.source])
        task = bars.add_task("training", total=steps)

        def watch(_: int) -> None:
            bars.update(task, completed=last_step(directory.path))

        outcome = engine.run({"run": job}, watch)["run"]
    if outcome.status == DIVERGED:
        raise TrainingDivergedError(outcome.reason)
    if outcome.status == NO_MEMORY:
        raise MemoryError(outcome.reason)
    return Run.open(directory.path)

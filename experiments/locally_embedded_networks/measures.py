"""What is measured of the trained networks once more, and kept as small files for the tables and figures."""

from dataclasses import dataclass
from pathlib import Path

import pandas

import keras_ae as kae
from experiments.locally_embedded.measures import keep_rows, thinned
from keras_ae.studies.run_directory import RunDirectory
from keras_ae.studies.study import Study, StudyRun
from keras_ae.studies.tasks import task_of

ROWS = {"regularization": 200}  # of a history, where the epoch with the lowest loss is looked for
CHEAP = ("gradient_sign", "gaussian_blur", "contrast_reduction")


@dataclass(frozen=True)
class Probed:
    """How what the layers tell is measured.

    Attributes:
        images: Training images on which the probes learn, and at most as many test images; all if None.
        options: Of `keras_ae.evaluation.spatial_information`, if they are not the thesis's.
    """

    images: int | None = None
    options: dict | None = None


@dataclass(frozen=True)
class Attacked:
    """How the attacks are measured.

    Attributes:
        batches: Test batches, of 20 images each, that are attacked.
        attacks: By name; all thirteen if None.
        experiments: The analyses whose classifiers are attacked.
    """

    batches: int = 20
    attacks: tuple[str, ...] | None = None
    experiments: tuple[str, ...] = ("robustness",)


PAPER = Probed(), Attacked()
CPU = (
    Probed(20_000, {"units": 512, "epochs": 10, "learning_rate": 1e-3}),
    Attacked(batches=1, experiments=("robustness", "equivariance")),
)
QUICK = Probed(300, {"units": 16, "epochs": 10, "learning_rate": 1e-2}), Attacked(batches=1, attacks=CHEAP)
SCALES = {"paper": PAPER, "quick": QUICK}  # CPU for the others


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep what the figures need of the finished runs; what has been measured before is not measured again."""
    for preset in study.presets:
        runs = [run for run in study.runs(preset) if RunDirectory(trained / preset / run.name).is_finished]
        if runs:
            keep(runs, trained / preset, kept, preset, *SCALES.get(preset, CPU))


def keep(runs: list[StudyRun], trained: Path, kept: Path, preset: str, probed: Probed, attacked: Attacked) -> None:
    """Keep curves, what layers tell of the factors, and what attacks came to: three tables of a preset.

    What they hold of runs that are not there (any more) stays.
    """
    keep_rows(runs, trained, kept / f"{preset}_curves.csv", curve)
    for experiments, name, measure, scale in (
        (("equivariance",), "equivariance", spatial, probed),
        (attacked.experiments, "robustness", robustness, attacked),
    ):
        chosen = [run for run in runs if run.choices["experiment"] in experiments]
        keep_rows(chosen, trained, kept / f"{preset}_{name}.csv", measure, scale)


def curve(run: StudyRun, directory: RunDirectory, scale: None) -> pandas.DataFrame:
    """Rows of a run's history, evenly apart."""
    return pandas.DataFrame(thinned(directory.history(), ROWS.get(run.choices["experiment"], 100)))


def spatial(run: StudyRun, directory: RunDirectory, scale: Probed) -> pandas.DataFrame:
    """What each layer of a trained classifier tells of the factors of its images (section 5.2)."""
    model, data = kae.load_model(directory.model_path), run.config.load_data(progress=False)
    parts = []
    # Validation images are the thesis's test images, but for the last ones.
    for split in ("train", "validation"):
        images = data.images(split, scale.images)
        parts += [images, data.labels(split)[: len(images)]]
    several = data.labels("train").ndim > 1
    names = data.label_names if several else ("class",)
    return kae.evaluation.spatial_information(model, *parts, factor_names=names, **scale.options or {})


def robustness(run: StudyRun, directory: RunDirectory, scale: Attacked) -> pandas.DataFrame:
    """What the attacks on a trained classifier came to (section 5.5), a row each.

    The results of the single images stand in the run's directory: a measurement that is killed goes on from them.
    """
    model, data = kae.load_model(directory.model_path), run.config.load_data(progress=False)
    training = run.config.training
    batches = task_of(model).batches(data, "validation", training, shuffle=False)
    images, labels = kae.evaluation.attacked_images(batches, batches=scale.batches)
    table = directory.path / "attacked.csv"
    found = kae.evaluation.measure_robustness(
        model, images, labels, scale.attacks, seed=training.seed, table=table
    )
    return pandas.DataFrame({"attack": name, **values} for name, values in found.summary().items())

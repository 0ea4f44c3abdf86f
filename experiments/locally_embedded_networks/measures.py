"""What is measured of the trained networks once more, and kept as small files for the tables and figures."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas

import keras_ae as kae
from experiments.locally_embedded_networks import windows
from keras_ae.evaluation.attacks import FAMILIES
from keras_ae.runs.tasks import task_of
from keras_ae.studies.measurements import HISTORY, MOST_ROWS, Measure, Store, Subject, curve, each, finished
from keras_ae.studies.study import Study

ROWS = {"regularization": 200}  # of a history, where the epoch with the lowest loss is looked for
THESIS_EPOCHS, IMAGE = 20, "image"  # of the probes; the name of the layer that holds the images
CHEAP = ("gradient_sign", "gaussian_blur", "contrast_reduction")


@dataclass(frozen=True)
class Probed:
    """How what the layers tell is measured.

    Attributes:
        images: Training images on which the probes learn, and at most as many test images; all if None.
        options: Of `keras_ae.evaluation.spatial_information`, if they are not the thesis's.
        halved: Whether the images themselves are probed for half as many epochs, too: whether probes converged.
    """

    images: int | None = None
    options: dict | None = None
    halved: bool = False


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


PAPER = Probed(halved=True), Attacked()
CPU = (
    Probed(20_000, {"units": 512, "epochs": 10, "learning_rate": 1e-3}),
    Attacked(batches=1, experiments=("robustness", "equivariance")),
)
QUICK = (
    Probed(300, {"units": 16, "epochs": 10, "learning_rate": 1e-2, "schedule": "cosine"}, halved=True),
    Attacked(batches=1, attacks=CHEAP),
)
# Local search takes as long as all others together.
SHAPES = CPU[0], Attacked(batches=5, attacks=tuple(name for name in FAMILIES if name != "local_search"))
# A learning rate that falls to zero, so that probes settle: with a constant one they learn 20,000 images by heart.
SETTLED = {"units": 512, "epochs": 12, "batch_size": 128, "learning_rate": 1e-3, "schedule": "cosine"}
LAYERS = Probed(options=SETTLED, halved=True), Attacked(experiments=())
SCALES = {"paper": PAPER, "quick": QUICK, "shapes": SHAPES, "probed": LAYERS}  # CPU for the others


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep curves, what layers tell of the factors, and what attacks came to: three tables of a preset."""
    for preset in study.presets:
        subjects = each(finished(study.runs(preset), trained / preset), trained / preset)
        keep(subjects, Store(kept, preset), *SCALES.get(preset, CPU))
        if preset != "quick" and any(subject.run.choices["experiment"] == "pooling" for subject in subjects):
            windows.keep(kept)


def keep(subjects: list[Subject], store: Store, probed: Probed, attacked: Attacked) -> None:
    """Measure what is not measured yet of finished runs."""
    store.rows(Measure("curves", rows_of, settings=ROWS, reads=(HISTORY,)), subjects)
    for experiments, name, function, scale in (
        (("equivariance",), "equivariance", spatial, probed),
        (attacked.experiments, "robustness", robustness, attacked),
    ):
        chosen = [subject for subject in subjects if subject.run.choices["experiment"] in experiments]
        measure = Measure(name, partial(function, scale=scale), settings={"scale": scale})
        store.rows(measure, chosen)


def rows_of(subject: Subject) -> pandas.DataFrame:
    """Rows of a run's history, evenly apart."""
    return curve(subject, ROWS.get(subject.run.choices["experiment"], MOST_ROWS))


def spatial(subject: Subject, scale: Probed) -> pandas.DataFrame:
    """What each layer of a trained classifier tells of the factors of its images (section 5.2)."""
    model, data = kae.load_model(subject.directory.model_path), subject.run.config.load_data(progress=False)
    parts = []
    # Validation images are the thesis's test images, but for the last ones.
    for split in ("train", "validation"):
        images = data.images(split, scale.images)
        parts += [images, data.labels(split)[: len(images)]]
    several = data.labels("train").ndim > 1
    names = data.label_names if several else ("class",)
    told = partial(kae.evaluation.spatial_information, model, *parts, factor_names=names)
    options = {"epochs": THESIS_EPOCHS, **(scale.options or {})}
    table = told(**options).assign(epochs=options["epochs"])
    if not scale.halved:
        return table
    options["epochs"] //= 2
    return pandas.concat([table, told(layers=[IMAGE], **options).assign(epochs=options["epochs"])])


def robustness(subject: Subject, scale: Attacked) -> pandas.DataFrame:
    """What the attacks on a trained classifier came to (section 5.5), a row each.

    The results of the single images stand in the run's directory: a measurement that is killed goes on from them.
    """
    model, data = kae.load_model(subject.directory.model_path), subject.run.config.load_data(progress=False)
    training = subject.run.config.training
    batches = task_of(model).batches(data, "validation", training, shuffle=False)
    images, labels = kae.evaluation.attacked_images(batches, batches=scale.batches)
    table = subject.directory.path / "attacked.csv"
    found = kae.evaluation.measure_robustness(
        model, images, labels, scale.attacks, seed=training.seed, table=table
    )
    return pandas.DataFrame({"attack": name, **values} for name, values in found.summary().items())

"""What is measured of the trained CAEs once more, and kept as small files for the tables and figures.

Codes are compared on images that the CAE was trained on ("seen") and on others ("unseen"), as many of each.
"""

from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pandas

import keras_ae as kae
from experiments.bottleneck_shape.normalization import normalization_floor
from keras_ae._support.files import write_text
from keras_ae.runs.directory import RunDirectory
from keras_ae.studies.measurements import (
    HISTORY,
    MOST_ROWS,
    Measure,
    Store,
    Subject,
    as_bytes,
    curve,
    each,
    finished,
    load_arrays,
)
from keras_ae.studies.study import Study, StudyRun

SHOWN_SEED = 0  # whose codes are compared and whose reconstructions are shown
SHOWN_IMAGES = 3  # of seen and of unseen images each
COMPONENTS = 128  # of the codes that are brought to equal length; fewer where the shortest code has fewer values
INPUT = "input"
UNMEASURED = ("halves", "denoising", "precision")  # presets of which the scores are enough


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep what the figures need of the finished runs."""
    for preset in study.presets:
        runs = finished(study.runs(preset), trained / preset)
        if runs and preset not in UNMEASURED:
            _keep(runs, trained / preset, Store(kept, preset))


def _keep(runs: list[StudyRun], trained: Path, store: Store) -> None:
    store.rows(Measure("curves", _curve, settings={"rows": MOST_ROWS}, reads=(HISTORY,)), each(runs, trained))
    grid = [run for run in runs if run.choices["experiment"] not in ("scaling", "copying")]
    by_data = {run.choices["data"]: subject for run, subject in zip(grid, each(grid, trained), strict=True)}
    images = [Subject(data, subject.runs, subject.directories) for data, subject in by_data.items()]
    store.values(Measure("floors", _floor, reads=()), images)
    store.values(Measure("baselines", _baselines, reads=()), images)
    shortest = min((run.choices["size"] ** 2 * run.choices["channels"] for run in grid), default=COMPONENTS)
    settings = {"components": min(COMPONENTS, shortest)}
    baselines = [Subject(f"{INPUT}-{subject.name}", subject.runs, subject.directories) for subject in images]
    # Version 2: the probe of version 1 stopped after two epochs.
    probed = lambda subject: _probes(subject, settings["components"])  # noqa: E731
    store.values(Measure("probes", probed, version=2, settings=settings, reads=()), baselines)
    store.values(Measure("probes", probed, version=2, settings=settings), each(grid, trained))
    for data in by_data:
        for seed in sorted({run.choices["seed"] for run in grid}):
            _keep_together(data, seed, [r for r in grid if _is(r, data, seed)], trained, store)


def _is(run: StudyRun, data: str, seed: int) -> bool:
    return (run.choices["data"], run.choices["seed"]) == (data, seed)


def _keep_together(data: str, seed: int, runs: list[StudyRun], trained: Path, store: Store) -> None:
    """Similarities, and of one seed pictures, of several codes, unless those that are kept are of more codes."""
    codes = {run.choices["code"] for run in runs}
    directories = tuple(RunDirectory(trained / run.name) for run in runs)
    table = store.results / f"{store.preset}_svcca_{data}.csv"
    kept = pandas.read_csv(table) if table.exists() else pandas.DataFrame({"first": [], "seed": []})
    if "seed" not in kept:  # before version 3: of the seed that is shown
        kept = kept.assign(seed=SHOWN_SEED)
        write_text(table, kept.to_csv(index=False))
    if runs and set(kept["first"][kept["seed"] == seed]) - {INPUT} <= codes:
        # Version 2: beside the chance of images in another order. Version 3: of every seed.
        together = Subject(f"{data}-seed{seed}", tuple(runs), directories, {"seed": str(seed)})
        store.rows(Measure(f"svcca_{data}", _similarities, version=3), [together])
    if seed != SHOWN_SEED:
        return
    pictures = Subject(f"reconstructions_{data}", tuple(runs), directories)
    before = set(load_arrays(store.results / f"{store.preset}_{pictures.name}.npz")) - {INPUT}
    if runs and before <= codes:
        store.arrays(Measure("reconstructions", _reconstructions, settings={"images": SHOWN_IMAGES}), pictures)


def _curve(subject: Subject) -> pandas.DataFrame:
    """Training and test error by step."""
    return curve(subject)[["step", "loss", "val_mse"]].rename(columns={"loss": "train", "val_mse": "test"})


def _floor(subject: Subject) -> float:
    """The error that the last normalisation leaves of a data set's training images."""
    return normalization_floor(subject.run.config.load_data(progress=False).images("train"))


def _baselines(subject: Subject) -> dict[str, float]:
    """Errors that take no model, of the images that the table of shapes is about."""
    data = subject.run.config.load_data(progress=False)
    return kae.evaluation.trivial_errors(data.images("train"), data.images("validation"))


def _probes(subject: Subject, components: int) -> dict:
    """Scores of linear classifiers on codes, also of equal length; of "input-..." on the images themselves."""
    data = subject.run.config.load_data(progress=False)
    parts = {part: split for part, split in _splits(data).items() if _has_classes(data, split)}
    if not parts:
        return {}
    codes = _representations(None if subject.name.startswith(INPUT) else subject.directory, data)
    return {
        part: _probed(codes[part], data.labels(split)[: len(codes[part])], components)
        for part, split in parts.items()
    }


def _splits(data) -> dict[str, str]:
    """The splits with images that were trained on, and with others."""
    return {"seen": "train", "unseen": "test" if data.sizes.test else "validation"}


def _has_classes(data, split: str) -> bool:
    """Whether the images have classes or attributes; dSprites has factors of several values."""
    if not data.has_labels:
        return False
    labels = data.labels(split)
    return labels.ndim == 1 or labels.max() == 1


def _probed(codes: np.ndarray, labels: np.ndarray, components: int) -> dict:
    """Scores, with the epochs that the probes took, means over their seeds, and the number of images."""

    def probe(**options) -> dict:
        found = kae.evaluation.linear_probe(codes, labels, **options)
        return found.summary() | {"epochs": float(np.mean(found.epochs)), "images": len(codes)}

    return {"probe": probe(), "projected": probe(components=components)}


def _representations(directory: RunDirectory | None, data) -> dict[str, np.ndarray]:
    """Codes of seen and unseen images [n, height, width, channels]; without a model the images themselves."""
    count = min(data.sizes[split] for split in _splits(data).values())
    images = {part: data.images(split, count) for part, split in _splits(data).items()}
    if directory is None:
        return images
    model = kae.load_model(directory.model_path)
    return {part: kae.evaluation.encode(model, batch) for part, batch in images.items()}


def _similarities(subject: Subject) -> pandas.DataFrame:
    """SVCCA of every pair of codes, and of every code with the input (section 3.4).

    "chance" is the same with the images of the second in another order, "count" the number of images. All CAEs
    have one seed.
    """
    names = [INPUT, *(run.choices["code"] for run in subject.runs)]
    data = subject.run.config.load_data(progress=False)
    codes = [_representations(directory, data) for directory in (None, *subject.directories)]
    rows = []
    for (name, first), (other, second) in combinations_with_replacement(zip(names, codes, strict=True), 2):
        for part in first:
            shuffled = np.random.default_rng(0).permutation(second[part])
            score = kae.evaluation.svcca(first[part], second[part], dft=True)
            chance = kae.evaluation.svcca(first[part], shuffled, dft=True)["mean"]
            row = {"first": name, "second": other, "images": part, **score, "chance": chance}
            rows.append(row | {"count": len(shuffled)})
    return pandas.DataFrame(rows)


def _reconstructions(subject: Subject) -> dict[str, np.ndarray]:
    """The first seen and unseen images and what each CAE makes of them, as uint8."""
    data = subject.run.config.load_data(progress=False)
    images = np.concatenate([data.images(split, SHOWN_IMAGES) for split in _splits(data).values()])
    pictures = {INPUT: images}
    for run, directory in zip(subject.runs, subject.directories, strict=True):
        pictures[run.choices["code"]] = np.asarray(kae.load_model(directory.model_path).reconstruct(images))
    return as_bytes(pictures)

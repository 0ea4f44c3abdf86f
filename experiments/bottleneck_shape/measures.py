"""What is measured of the trained CAEs once more, and kept as small files for the tables and figures.

Codes are compared on images that the CAE was trained on ("seen") and on others ("unseen"), as many of each.
"""

import json
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pandas

import keras_ae as kae
from experiments.bottleneck_shape.normalization import normalization_floor
from keras_ae.files import write_atomically, write_json, write_text
from keras_ae.studies.run_directory import RunDirectory
from keras_ae.studies.study import Study, StudyRun

SHOWN_SEED = 0  # whose codes are compared and whose reconstructions are shown
SHOWN_IMAGES = 3  # of seen and of unseen images each
COMPONENTS = 128  # of the codes that are brought to equal length; fewer where the shortest code has fewer values
INPUT = "input"
UNMEASURED = ("halves", "denoising", "precision")  # presets of which the scores are enough


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep what the figures need of the finished runs; what has been measured before is not measured again."""
    for preset in study.presets:
        if preset in UNMEASURED:
            continue
        runs = [run for run in study.runs(preset) if RunDirectory(trained / preset / run.name).is_finished]
        if not runs:
            continue
        _keep_curves(runs, trained / preset, kept / f"{preset}_curves.csv")
        _keep_floors(runs, kept / f"{preset}_floors.json")
        grid = [run for run in runs if run.choices["experiment"] != "scaling"]
        _keep_probes(grid, trained / preset, kept / f"{preset}_probes.json")
        for data in dict.fromkeys(run.choices["data"] for run in grid):
            shown = [run for run in grid if run.choices["data"] == data and run.choices["seed"] == SHOWN_SEED]
            _keep_similarities(shown, trained / preset, kept / f"{preset}_svcca_{data}.csv")
            _keep_reconstructions(shown, trained / preset, kept / f"{preset}_reconstructions_{data}.npz")


def _keep_curves(runs: list[StudyRun], trained: Path, path: Path) -> None:
    rows = [
        {"run": run.name, "step": int(row["step"]), "train": row["loss"], "test": row["val_mse"]}
        for run in runs
        for row in _thinned(RunDirectory(trained / run.name).history())
    ]
    write_text(path, pandas.DataFrame(rows).to_csv(index=False, float_format="%.5g"))


def _keep_floors(runs: list[StudyRun], path: Path) -> None:
    """The error that the last normalisation leaves of each data set's training images."""
    floors = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for run in runs:
        if run.choices["data"] not in floors and run.choices["experiment"] == "dynamics":
            images = run.config.load_data(progress=False).images("train")
            floors[run.choices["data"]] = normalization_floor(images)
    write_json(path, floors)


def _thinned(rows: list, most: int = 100) -> list:
    return rows[:: -(-len(rows) // most)]


def _keep_probes(runs: list[StudyRun], trained: Path, path: Path) -> None:
    """Scores of linear classifiers on codes, on codes of equal length, and on the images themselves."""
    scores = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    components = min(COMPONENTS, *(run.choices["size"] ** 2 * run.choices["channels"] for run in runs))
    for run in runs:
        missing = {f"{INPUT}-{run.choices['data']}", run.name}.difference(scores)
        if not missing:
            continue
        data = run.config.load_data(progress=False)
        parts = {part: split for part, split in _splits(data).items() if _has_classes(data, split)}
        for name in sorted(missing):
            codes = _representations(trained / name if name == run.name else None, data)
            scores[name] = {
                part: _probed(codes[part], data.labels(split)[: len(codes[part])], components)
                for part, split in parts.items()
            }
            write_json(path, scores)


def _splits(data) -> dict[str, str]:
    """The splits with images that were trained on, and with others."""
    return {"seen": "train", "unseen": "test" if data.sizes["test"] else "validation"}


def _has_classes(data, split: str) -> bool:
    """Whether the images have classes or attributes; dSprites has factors of several values."""
    if not data.has_labels:
        return False
    labels = data.labels(split)
    return labels.ndim == 1 or labels.max() == 1


def _probed(codes: np.ndarray, labels: np.ndarray, components: int) -> dict:
    probe = kae.evaluation.linear_probe
    return {
        "probe": probe(codes, labels).summary(),
        "projected": probe(codes, labels, components=components).summary(),
    }


def _representations(directory: Path | None, data) -> dict[str, np.ndarray]:
    """Codes of seen and unseen images [n, height, width, channels]; without a model the images themselves."""
    count = min(data.sizes[split] for split in _splits(data).values())
    images = {part: data.images(split, count) for part, split in _splits(data).items()}
    if directory is None:
        return images
    model = kae.load_model(RunDirectory(directory).model_path)
    return {part: kae.evaluation.encode(model, batch) for part, batch in images.items()}


def _keep_similarities(runs: list[StudyRun], trained: Path, path: Path) -> None:
    """SVCCA of every pair of codes, and of every code with the input (section 3.4)."""
    names = [INPUT, *(run.choices["code"] for run in runs)]
    if path.exists() and set(names) <= set(pandas.read_csv(path)["first"]):
        return
    data = runs[0].config.load_data(progress=False)
    found = [_representations(None, data), *(_representations(trained / run.name, data) for run in runs)]
    rows = []
    for (name, first), (other, second) in combinations_with_replacement(zip(names, found, strict=True), 2):
        for part in first:
            score = kae.evaluation.svcca(first[part], second[part], dft=True)
            rows.append({"first": name, "second": other, "images": part, **score})
    write_text(path, pandas.DataFrame(rows).to_csv(index=False, float_format="%.4g"))


def _keep_reconstructions(runs: list[StudyRun], trained: Path, path: Path) -> None:
    """The first seen and unseen images and what each CAE makes of them, as uint8."""
    if path.exists() and {run.choices["code"] for run in runs} <= set(np.load(path)):
        return
    data = runs[0].config.load_data(progress=False)
    images = np.concatenate([data.images(split, SHOWN_IMAGES) for split in _splits(data).values()])
    pictures = {INPUT: images}
    for run in runs:
        model = kae.load_model(RunDirectory(trained / run.name).model_path)
        pictures[run.choices["code"]] = np.asarray(model.reconstruct(images))
    pixels = {name: np.round(255 * np.clip(p, 0, 1)).astype(np.uint8) for name, p in pictures.items()}
    write_atomically(path, lambda temporary: np.savez_compressed(temporary.open("wb"), **pixels))

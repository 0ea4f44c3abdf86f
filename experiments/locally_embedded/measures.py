"""What is measured of the trained models once more, and kept as small files for the tables and figures."""

import hashlib
import json
from pathlib import Path

import keras
import numpy as np
import pandas

import keras_ae as kae
from experiments.locally_embedded.study import KERNEL_SIZE, PAIRS, TYPES
from keras_ae.files import write_atomically, write_json, write_text
from keras_ae.studies.run_directory import RunDirectory
from keras_ae.studies.study import Study, StudyRun

SHOWN_SEED = 0
SHOWN_IMAGES, SHOWN_LOCALLY = 10, 3
MEASURED_IMAGES = 1_000  # test images, of which sharpness and codes are measured
CATEGORICAL = {"dsprites": ("shape",)}  # labels without order
INPUT = "input"
COUNTED = {"28×28×1": (28, 28, 1), "4×4×32": (4, 4, 32)}  # the inputs of Table 3.1


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep what the figures need of the finished runs; what has been measured before is not measured again."""
    for preset in study.presets:
        runs = [run for run in study.runs(preset) if RunDirectory(trained / preset / run.name).is_finished]
        if runs:
            keep_rows(runs, trained / preset, kept / f"{preset}_curves.csv", _curve)
            _keep_measures(runs, trained / preset, kept / f"{preset}_measures.json")
            _keep_pictures(runs, trained / preset, kept, preset)
    if not (kept / "parameters.csv").exists():
        write_text(kept / "parameters.csv", _parameters().to_csv(index=False))


def _parameters() -> pandas.DataFrame:
    """Weights of the whole-image and window autoencoders of Table 3.1."""
    rows = []
    name, _, size = KERNEL_SIZE.partition("=")
    for shown, shape in COUNTED.items():
        for pair in PAIRS:
            for kind in ("standard", "vae"):
                options = {"pair": pair, "bottleneck": TYPES[kind], name: int(size)}
                model = kae.architectures.window_autoencoder(shape, (10,), **options)
                rows.append({"type": kind, "pair": pair, "input": shown, "parameters": model.count_params()})
    return pandas.DataFrame(rows)


def keep_rows(runs: list[StudyRun], trained: Path, path: Path, measure, scale=None) -> None:
    """Measure the runs that a table lacks, or has of another configuration or scale, and write it after each.

    What the table holds of runs that are not there (any more) stays.

    Args:
        runs: Finished runs.
        trained: Directory with a directory for each run.
        path: The table, a CSV file.
        measure: From a run, its directory and `scale` to rows, as a pandas table.
        scale: How much is measured.
    """
    table = pandas.read_csv(path) if path.exists() else pandas.DataFrame({"run": [], "key": []})
    for run in runs:
        key, rows = measurement_key(run, scale), table["run"] == run.name
        if set(table["key"][rows]) == {key}:
            continue
        found = measure(run, RunDirectory(trained / run.name), scale).assign(run=run.name, key=key)
        table = found if rows.all() else pandas.concat([table[~rows], found])
        write_text(path, table.to_csv(index=False, float_format="%.6g"))
        keras.utils.clear_session()  # Of one network after the other, none is kept.


def measurement_key(run: StudyRun, scale=None) -> str:
    """Tells a measurement from others of the same name."""
    return hashlib.sha256(repr((run.config, scale)).encode()).hexdigest()[:12]


def _curve(run: StudyRun, directory: RunDirectory, scale) -> pandas.DataFrame:
    """All columns of the history, at most 100 rows."""
    return pandas.DataFrame(thinned(directory.history()))


def thinned(rows: list, most: int = 100) -> list:
    """At most so many rows, evenly apart, the last one among them."""
    apart = -(-len(rows) // most)
    return rows[::-apart][::-1]


def _keep_measures(runs: list[StudyRun], trained: Path, path: Path) -> None:
    measures = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for run in (run for run in runs if run.name not in measures):
        model = kae.load_model(RunDirectory(trained / run.name).model_path)
        data = run.config.load_data(progress=False)
        images = data.images("test", MEASURED_IMAGES)
        kind = run.choices["experiment"]
        if kind in ("types", "codes"):
            found = of_reconstructions(images, model.predict(images, verbose=0))
        else:
            found = {"layers": {name: _of_layer(model, name, images[:100]) for name in _leas(model)}}
        if kind == "codes":
            found |= _of_codes(run, data, kae.evaluation.encode(model, images))
        measures[run.name] = found
        write_json(path, measures)


def of_reconstructions(images: np.ndarray, reconstructions: np.ndarray) -> dict[str, float]:
    """How sharp reconstructions are, and what they draw where there is nothing; of images [n, h, w, c].

    "sharpness": mean length of their gradient relative to the images' own; "artefacts": the same, but only where
    the images have none; "mean_image_loss": what the mean image as reconstruction of all comes to (eq. 3.2);
    "pixels": h · w · c, over which eq. 3.2 sums.
    """
    slopes, own = (_slopes(np.asarray(pictures, np.float64)) for pictures in (reconstructions, images))
    flat = own == 0
    spread = np.sum(np.square(images - images.mean(axis=0)), axis=(1, 2, 3))
    return {
        "sharpness": float(slopes.mean() / own.mean()),
        "artefacts": float(slopes[flat].mean() / own.mean()) if flat.any() else 0.0,
        "mean_image_loss": float(spread.mean()),
        "pixels": int(np.prod(images.shape[1:])),
    }


def _slopes(images: np.ndarray) -> np.ndarray:
    """Length of the gradient from pixel to pixel: [n, h − 1, w − 1, c]."""
    down, right = np.diff(images, axis=1)[:, :, :-1], np.diff(images, axis=2)[:, :-1]
    return np.hypot(down, right)


def _of_codes(run: StudyRun, data, codes: np.ndarray) -> dict:
    """Disentanglement by the labels, each column of which is a factor."""
    factors = data.labels("test")[: len(codes)].reshape(len(codes), -1)
    names = list(data.label_names) if factors.shape[1] > 1 else ["class"]
    categorical = [names.index(name) for name in CATEGORICAL.get(run.choices["data"], names)]
    measures, generator = kae.evaluation, np.random.default_rng(0)
    found = measures.dci(codes, factors, generator, categorical=categorical)
    return {
        "factors": names,
        "active": measures.active_codes(codes).tolist(),
        "mig": measures.mutual_information_gap(codes, factors),
        "sap": measures.separated_attribute_predictability(codes, factors, generator, categorical),
        "beta_vae": measures.beta_vae_score(codes, factors, generator),
        "factor_vae": measures.factor_vae_score(codes, factors, generator),
        **found.summary(),
        "importances": found.importances.tolist(),
    }


def _leas(model) -> list[str]:
    lea = kae.layers.LocallyEmbeddedAutoencoder
    return [layer.name for layer in model.layers if isinstance(layer, lea)]


def _of_layer(model, name: str, images: np.ndarray) -> dict[str, float]:
    """Losses of a LEA, and how alike neighbours in its code maps are, beside those in its input.

    None for what there is not: a normalised loss where the input is the same everywhere.
    """
    probe = kae.evaluation.LocalProbe(model, name)
    batches = [images[start : start + 25] for start in range(0, len(images), 25)]
    seen = [probe.images(batch) for batch in batches]
    found = {
        **probe.measure(batches).summary(),
        "coherence": coherence(np.concatenate([s.code_maps for s in seen])),
        "input_coherence": coherence(np.concatenate([s.inputs for s in seen])),
    }
    return {name: value if np.isfinite(value) else None for name, value in found.items()}


def coherence(maps: np.ndarray) -> float:
    """Correlation of values with their right neighbours, mean over the channels: [n, rows, columns, c] → [−1, 1].

    0 for noise. Channels that never change are left out.
    """
    found = []
    for channel in np.moveaxis(maps, -1, 0):
        left, right = channel[:, :, :-1].ravel(), channel[:, :, 1:].ravel()
        if left.std() > 0 and right.std() > 0:
            found.append(np.corrcoef(left, right)[0, 1])
    return float(np.mean(found)) if found else 0.0


def _keep_pictures(runs: list[StudyRun], trained: Path, kept: Path, preset: str) -> None:
    """Of one seed: reconstructions of all types in one file, traversals and pictures of LEAs in one a run."""
    shown = [run for run in runs if run.choices["seed"] == SHOWN_SEED]
    types = [run for run in shown if run.choices["experiment"] == "types"]
    path = kept / f"{preset}_reconstructions.npz"
    if types and not (path.exists() and {_title(run) for run in types} <= set(np.load(path))):
        images = types[0].config.load_data(progress=False).images("test", SHOWN_IMAGES)
        pictures = {INPUT: images}
        for run in types:
            model = kae.load_model(RunDirectory(trained / run.name).model_path)
            pictures[_title(run)] = model.predict(images, verbose=0)
        _save(path, pictures)
    for run in (run for run in shown if run.choices["experiment"] != "types"):
        path = kept / f"{preset}_{run.name}.npz"
        if not path.exists():
            _save(path, _pictures(run, trained / run.name))


def _title(run: StudyRun) -> str:
    return f"{run.choices['type']}-{run.choices['pair']}"


def _pictures(run: StudyRun, directory: Path) -> dict[str, np.ndarray]:
    model = kae.load_model(RunDirectory(directory).model_path)
    if run.choices["experiment"] == "codes":
        return {"traversals": kae.evaluation.latent_traversals(model)}
    images = run.config.load_data(progress=False).images("test", SHOWN_LOCALLY)
    pictures = {}
    for name in _leas(model):
        seen = kae.evaluation.local_images(model, name, images)
        pictures[f"{name}_reconstructions"] = kae.evaluation.reconstruction_picture(seen)
        pictures[f"{name}_code_maps"] = kae.evaluation.code_map_picture(seen)
        pictures[f"{name}_confidence"] = confidence_over_epochs(RunDirectory(directory).logs, name)
    return pictures


def confidence_over_epochs(logs: Path, layer: str, rows: int = 4) -> np.ndarray:
    """Confidence maps that a run wrote for TensorBoard, from the first to the last epoch: [height, width, 1]."""
    import tensorflow as tf

    found = {}
    for file in (logs / "local").glob("*tfevents*"):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                if value.tag == f"{layer}/confidence":
                    found[event.step] = tf.io.decode_png(value.tensor.string_val[2]).numpy() / 255
    steps = sorted(found)
    chosen = [steps[i] for i in np.unique(np.linspace(0, len(steps) - 1, rows).round().astype(int))]
    return np.concatenate([np.pad(found[step], ((0, 2), (0, 0), (0, 0)), constant_values=1) for step in chosen])


def _save(path: Path, pictures: dict[str, np.ndarray]) -> None:
    pixels = {name: np.round(255 * np.clip(p, 0, 1)).astype(np.uint8) for name, p in pictures.items()}
    write_atomically(path, lambda temporary: np.savez_compressed(temporary.open("wb"), **pixels))

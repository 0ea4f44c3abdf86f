"""What is measured of the trained models once more, and kept as small files for the tables and figures."""

from pathlib import Path

import keras
import numpy as np
import pandas

import keras_ae as kae
from experiments.locally_embedded.study import KERNEL_SIZE, PAIRS, TYPES
from keras_ae._support.files import write_text
from keras_ae.runs.directory import RunDirectory
from keras_ae.studies.measurements import (
    HISTORY,
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

SHOWN_SEED = 0
SHOWN_IMAGES, SHOWN_LOCALLY = 10, 3
MEASURED_IMAGES = 1_000  # test images, of which sharpness and codes are measured
CATEGORICAL = {"dsprites": ("shape",)}  # labels without order
UNTRAINED_SEED = 0  # of the weights of the networks that trained ones are compared with
INPUT = "input"
COUNTED = {"28×28×1": (28, 28, 1), "4×4×32": (4, 4, 32)}  # the inputs of Table 3.1


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep what the figures need of the finished runs."""
    for preset in study.presets:
        runs, store = finished(study.runs(preset), trained / preset), Store(kept, preset)
        subjects = each(runs, trained / preset)
        store.rows(Measure("curves", curve, reads=(HISTORY,)), subjects)
        # Version 2: LEAs beside untrained ones.
        store.values(Measure("measures", _measure, version=2, settings={"images": MEASURED_IMAGES}), subjects)
        _keep_pictures(runs, trained / preset, store)
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


def _measure(subject: Subject) -> dict:
    """How whole-image autoencoders reconstruct, what their codes tell, and what the LEAs of networks do."""
    run, model = subject.run, kae.load_model(subject.directory.model_path)
    data = run.config.load_data(progress=False)
    images = data.images("test", MEASURED_IMAGES)
    kind = run.choices["experiment"]
    if kind in ("types", "longer", "codes"):
        found = of_reconstructions(images, model.predict(images, verbose=0))
        return found | _of_codes(run, data, kae.evaluation.encode(model, images)) if kind == "codes" else found
    keras.utils.set_random_seed(UNTRAINED_SEED)
    untrained = run.config.model.build(data.image_shape)
    layers = {}
    for name in _leas(model):
        control = _of_layer(untrained, name, images[:100])["coherence"]
        layers[name] = _of_layer(model, name, images[:100]) | {"untrained_coherence": control}
    return {"layers": layers}


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


def _keep_pictures(runs: list[StudyRun], trained: Path, store: Store) -> None:
    """Of one seed: reconstructions of all types in one file, traversals and pictures of LEAs in one a run."""
    shown = [run for run in runs if run.choices["seed"] == SHOWN_SEED]
    types = [run for run in shown if run.choices["experiment"] == "types"]
    before = set(load_arrays(store.results / f"{store.preset}_reconstructions.npz")) - {INPUT}
    if types and before <= {_title(run) for run in types}:
        directories = tuple(RunDirectory(trained / run.name) for run in types)
        subject = Subject("reconstructions", tuple(types), directories)
        store.arrays(Measure("reconstructions", _reconstructions, settings={"images": SHOWN_IMAGES}), subject)
    for subject in each([run for run in shown if run.choices["experiment"] != "types"], trained):
        store.arrays(Measure("pictures", _pictures, settings={"images": SHOWN_LOCALLY}), subject)


def _reconstructions(subject: Subject) -> dict[str, np.ndarray]:
    images = subject.run.config.load_data(progress=False).images("test", SHOWN_IMAGES)
    pictures = {INPUT: images}
    for run, directory in zip(subject.runs, subject.directories, strict=True):
        pictures[_title(run)] = kae.load_model(directory.model_path).predict(images, verbose=0)
    return as_bytes(pictures)


def _title(run: StudyRun) -> str:
    return f"{run.choices['type']}-{run.choices['pair']}"


def _pictures(subject: Subject) -> dict[str, np.ndarray]:
    model = kae.load_model(subject.directory.model_path)
    if subject.run.choices["experiment"] == "codes":
        return as_bytes({"traversals": kae.evaluation.latent_traversals(model)})
    images = subject.run.config.load_data(progress=False).images("test", SHOWN_LOCALLY)
    pictures = {}
    for name in _leas(model):
        seen = kae.evaluation.local_images(model, name, images)
        pictures[f"{name}_reconstructions"] = kae.evaluation.reconstruction_picture(seen)
        pictures[f"{name}_code_maps"] = kae.evaluation.code_map_picture(seen)
        pictures[f"{name}_confidence"] = confidence_over_epochs(subject.directory.logs, name)
    return as_bytes(pictures)


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

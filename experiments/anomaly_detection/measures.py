"""How well each score of each trained model detects the other classes, and classical detectors beside it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from experiments.anomaly_detection.study import FPR
from keras_ae.detection import SCORES, Calibration, fit_scores, measure_detection, score_images
from keras_ae.studies.measurements import Measure, Store, Subject, each, finished
from keras_ae.studies.study import Study

COMBINED = (
    "mse+nearest_codes",
    "mse+mixture",
    "mse+mixture+nearest_codes",
    "ssim+nearest_codes",
    "ssim+mixture",
    "ssim+mixture+nearest_codes",
)
CHOOSING = 2_000  # training images of other classes, on which scores are compared to choose one
FITTED = 3_000  # images that the slower classical detectors learn from
NEIGHBOURS, COMPONENTS = 5, 32


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep a table of measures of each preset: a row a run and score, and a row a class and classical detector."""
    for preset in study.presets:
        subjects = each(finished(study.runs(preset), trained / preset), trained / preset)
        baselines = {}
        for subject in subjects:
            if subject.run.choices["seed"] != 0:
                continue  # The classical detectors learn from the same images whatever the seed.
            columns = {"run": f"{subject.run.choices['data']}-baselines", "normal": subject.run.choices["normal"]}
            name = "/".join(columns.values())
            baselines[name] = Subject(name, subject.runs, subject.directories, columns)
        store = Store(kept, preset)
        settings = {"rate": FPR, "combined": COMBINED, "choosing": CHOOSING}
        store.rows(Measure("measures", measure_run, settings=settings), subjects)
        settings = {"fitted": FITTED, "neighbours": NEIGHBOURS, "components": COMPONENTS, "rate": FPR}
        store.rows(Measure("measures", measure_baselines, settings=settings, reads=()), list(baselines.values()))


def measure_run(subject: Subject) -> list[dict]:
    """A row a score of one trained model; all scores of an image share one pass through it."""
    import keras_ae as kae

    run, directory = subject.run, subject.directory
    data = run.config.load_data(progress=False)
    model = kae.load_model(directory.model_path)
    scores = fit_scores(model, (*SCORES, *COMBINED), data.images("train"))
    groups = (data.images("validation"), _other_training_images(run), *_test_images(data, run.choices["normal"]))
    held_out, other, normal, anomalous = (score_images(model, scores, images) for images in groups)
    rows = []
    for name in scores:
        calibration = Calibration(held_out[name], FPR)
        low, high = calibration.rate_interval()
        measures = measure_detection(normal[name], anomalous[name], calibration.threshold)
        choosing = measure_detection(held_out[name], other[name])["roc_auc"]
        extra = {"rate_low": low, "rate_high": high, "choosing_roc_auc": choosing}
        rows.append({**run.choices, "score": name, **measures, **extra})
    return rows


def measure_baselines(subject: Subject) -> list[dict]:
    """A row a detector of scikit-learn on the pixels, fitted to the same training images."""
    from sklearn.decomposition import PCA
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
    from sklearn.svm import OneClassSVM

    run = subject.run
    data = run.config.load_data(progress=False)
    train = _flat(data.images("train"))
    normal, anomalous = map(_flat, _test_images(data, run.choices["normal"]))
    few = train[np.random.default_rng(0).permutation(len(train))[:FITTED]]
    neighbours = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(train)
    components = PCA(min(COMPONENTS, *train.shape), random_state=0).fit(train)
    forest, machine = IsolationForest(random_state=0).fit(few), OneClassSVM(nu=FPR).fit(few)
    outliers = LocalOutlierFactor(novelty=True).fit(few)

    def reconstruction(images):
        return np.mean((components.inverse_transform(components.transform(images)) - images) ** 2, axis=1)

    scores = {
        "nearest neighbours": lambda images: neighbours.kneighbors(images)[0].mean(axis=1),
        "PCA reconstruction": reconstruction,
        "isolation forest": lambda images: -forest.score_samples(images),
        "one-class SVM": lambda images: -machine.decision_function(images),
        "local outlier factor": lambda images: -outliers.score_samples(images),
    }
    choices = {**run.choices, "model": "pixels"}
    return [
        {**choices, "score": score, **measure_detection(function(normal), function(anomalous))}
        for score, function in scores.items()
    ]


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def _other_training_images(run) -> np.ndarray:
    """Some training images of the other classes: never shown to the model, and none of the test."""
    data = replace(run.config.data, train_labels=())
    every = replace(run.config, data=data).load_data(progress=False)
    others = np.flatnonzero(every.labels("train") != every.label_names.index(run.choices["normal"]))
    return every.images("train")[np.random.default_rng(0).permutation(others)[:CHOOSING]]


def _test_images(data, normal: str) -> tuple[np.ndarray, np.ndarray]:
    """Test images of the normal class, and all others."""
    images, labels = data.images("test"), data.labels("test")
    chosen = labels == data.label_names.index(normal)
    return images[chosen], images[~chosen]

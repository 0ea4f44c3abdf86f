"""What is measured of the trained models once more: samples, what codes tell, disentanglement, detection, bits."""

from pathlib import Path

import numpy as np

import keras_ae as kae
from experiments.bottlenecks.study import DETECTED, FACTORS, NORMAL
from keras_ae.density import Autoregressive, Density
from keras_ae.detection import Calibration, fit_scores, measure_detection, score_images
from keras_ae.evaluation.samples.quality import images_of
from keras_ae.studies.measurements import Measure, Store, Subject, each, finished
from keras_ae.studies.study import Study

DENSITIES = ("standard_normal", "gaussian", "mixture", "flow_matching", "two_stage", "autoregressive")
LEARNED = ("flow_matching", "two_stage")
FITTED_AT_ONCE = DENSITIES[:3]  # within seconds; the others take minutes
# To the codes that the claims are about all are fitted. The autoregressive one, which counts bits, is left out by
# `fit_densities` where codes are not discrete.
FITTED, OTHERS = {"claimed": DENSITIES, "quick": FITTED_AT_ONCE}, (*FITTED_AT_ONCE, "autoregressive")
SAMPLES = {"quick": 200}  # of each density, and at most real images; 10,000 elsewhere
CODED = 5_000  # images whose codes are probed and compared with factors
SCORES = ("mse", "nearest_codes")
CATEGORICAL = (0,)  # dSprites' shape


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep the measures of the finished runs."""
    for preset in study.presets:
        subjects = each(finished(study.runs(preset), trained / preset), trained / preset)
        samples = SAMPLES.get(preset, 10_000)
        densities = FITTED.get(preset, OTHERS)
        settings = {"samples": samples, "densities": densities, "coded": CODED, "scores": SCORES}
        found = lambda s, n=samples, d=densities: measure_run(s, n, d)  # noqa: E731
        # Version 3: densities are fitted to the codes of all training images.
        measure = Measure("measures", found, version=3, settings=settings)
        Store(kept, preset).values(measure, subjects)


def measure_run(subject: Subject, samples: int, densities: tuple[str, ...]) -> dict[str, float | None]:
    """Numbers by name: what its data allow to be measured of one trained model."""
    run = subject.run
    data = run.config.load_data(progress=False)
    model = kae.load_model(subject.directory.model_path)
    if run.choices["data"] == DETECTED:
        return detection(model, data)
    if run.choices["data"] == FACTORS:
        return disentanglement(model, data)
    fitted = kae.evaluation.fit_densities(model, data, densities)
    found = of_samples(model, data, samples, fitted) | probed(model, data)
    return found | (bits(model, data, fitted["autoregressive"]) if "autoregressive" in fitted else {})


def of_samples(model, data, samples: int, densities: dict[str, Density]) -> dict[str, float | None]:
    """Fréchet distances to test images by the density of codes.

    If there are learned densities, among which validation images choose, also to validation images, as "val_…".
    """
    starts = {"test": ""} | ({"validation": "val_"} if set(LEARNED) & set(densities) else {})
    prior = kae.density.prior_of(model)
    densities = densities | ({"prior": prior} if prior else {})
    found: dict[str, float | None] = {}
    for split, start in starts.items():
        scores = kae.evaluation.measure_samples(
            model, data, densities, samples, seed=0, split=split, reconstructions=split == "test"
        )
        for name, value in scores.items():
            source, measure, _ = name.partition("_fid[")
            if measure:
                found[f"{start}{source}_fid"] = float(value)
    return found


def probed(model, data) -> dict[str, float]:
    """How many test images a linear classifier of the codes tells the class of; fitted to training images."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = np.random.default_rng(0).permutation(data.sizes.train)[:CODED]
    rows.sort()
    train = kae.evaluation.encode(model, data.images_at("train", rows)).reshape(len(rows), -1)
    test = kae.evaluation.encode(model, data.images("test"))
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    probe.fit(train, data.labels("train")[rows])
    return {"probe_accuracy": float(probe.score(test.reshape(len(test), -1), data.labels("test")))}


def bits(model, data, density: Autoregressive) -> dict[str, float | None]:
    """Bits of an image's code by a density of discrete training codes, on test images."""
    codes = kae.evaluation.encode(model, images_of(data, "test", 2 * CODED), indices=True)
    highest = np.asarray(density.sizes) - 1  # that was seen; one above it would have infinitely many bits
    nats = -density.log_prob(np.minimum(codes, highest))
    uniform = float(np.sum(np.log2(model.bottleneck.sizes)) * np.prod(model.indices_shape[:-1]))
    return {"bits": float(np.mean(nats)) / np.log(2), "bits_uniform": uniform}


def disentanglement(model, data) -> dict[str, float | None]:
    """MIG, SAP, DCI and active values on test images with known factors."""
    codes = kae.evaluation.encode(model, data.images("test", CODED))
    factors = data.labels("test")[: len(codes)]
    parts = kae.evaluation.dci(codes, factors, 0, method="lasso", categorical=CATEGORICAL)
    return {
        "mig": kae.evaluation.mutual_information_gap(codes, factors),
        "sap": kae.evaluation.separated_attribute_predictability(codes, factors, 0, CATEGORICAL),
        "dci": parts.disentanglement,
        "informativeness": parts.informativeness,
        "active": float(np.mean(kae.evaluation.active_codes(codes))),
    }


def detection(model, data) -> dict[str, float]:
    """How well reconstruction and codes tell other digits from the normal one: areas under the ROC curve."""
    labels = data.labels("test")
    normal = labels == data.label_names.index(NORMAL)
    scores = fit_scores(model, SCORES, data.images("train"))
    held_out = score_images(model, scores, data.images("validation"))
    found = score_images(model, scores, data.images("test"))
    values = {}
    for name in SCORES:
        threshold = Calibration(held_out[name], 0.05).threshold
        measures = measure_detection(found[name][normal], found[name][~normal], threshold)
        values[f"{name}_auc"] = float(measures["roc_auc"])
    return values

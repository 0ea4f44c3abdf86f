"""Reconstructions at equal code, with the pixels, features and a critic in the loss.

`python -m experiments.bottlenecks.sharper` trains and measures. The network whose features are in the loss is
trained here on the digits' labels; the features that are measured are those of the library's own classifier.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
import pandas

import keras_ae as kae
from experiments.bottlenecks.figures import with_interval
from keras_ae.evaluation import feature_extractor, frechet_distance
from keras_ae.report.results import write_table

RESULTS = Path(__file__).parent / "results"
LAYERS = ("early", "middle", "late")
CODE, FILTERS, STEPS, BATCH = 8, 16, 1_500, 64
FEATURES, CRITIC = 0.1, 0.003  # weights beside the mean squared error
SEEDS = (0, 1, 2)
KINDS = ("pixels", "features", "features and critic")


def classifier(data, steps: int) -> keras.Model:
    """A small network that tells the digits apart, trained for a few steps."""
    inputs = x = keras.Input(data.image_shape)
    for name, filters in zip(LAYERS, (16, 32, 64), strict=True):
        x = keras.layers.Conv2D(filters, 3, 2, "same", activation="relu", name=name)(x)
    network = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(x)))
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images, labels = data.images("train"), data.labels("train")
    network.fit(images[: steps * BATCH], labels[: steps * BATCH], batch_size=BATCH, verbose=0)
    return network


def trained(kind: str, data, network, seed: int, steps: int) -> kae.Autoencoder:
    """An autoencoder trained with the pixels' error alone, with features beside it, or with a critic, too."""
    keras.utils.set_random_seed(seed)
    model = kae.architectures.strided(data.image_shape, (CODE,), filters=FILTERS)
    if kind == "features and critic":
        critic = kae.layers.PatchDiscriminator((16, 32))
        parts = (model.encoder, model.bottleneck, model.decoder)
        model = kae.objectives.CriticizedAutoencoder(*parts, critic=critic, weight=CRITIC)
    pixels = kind == "pixels"
    loss = "mse" if pixels else kae.losses.FeatureDissimilarity(network, LAYERS, weight=FEATURES)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(kae.optimizers.Adam(rate), loss)
    model.fit(data.train.repeat(), steps_per_epoch=steps, verbose=0)
    return model


def measured(model, images: np.ndarray, extractor) -> dict[str, float]:
    """Squared error, distances of features of images and reconstructions, and how sharp reconstructions are."""
    found = np.clip(model.predict(images, batch_size=256, verbose=0), 0, 1)
    ours, theirs = extractor(found), extractor(images)
    others = np.square(theirs - np.roll(theirs, 1, axis=0)).sum(axis=1).mean()
    edges = [
        np.abs(np.diff(each, axis=1)).mean() + np.abs(np.diff(each, axis=2)).mean() for each in (found, images)
    ]
    return {
        "test MSE": float(np.square(found - images).mean()),
        "feature error": float(np.square(ours - theirs).sum(axis=1).mean() / others),
        "Fréchet distance": float(frechet_distance(theirs, ours)),
        "edges": float(edges[0] / edges[1]),
    }


def main(arguments=None) -> None:
    """Train and measure; write results/sharper.csv after each training, and sharper.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    options.out.mkdir(exist_ok=True)
    kept = options.out / "sharper.csv"
    table = pandas.read_csv(kept) if kept.is_file() else pandas.DataFrame()
    done = {(row["steps"], row["loss"], row["seed"]) for row in table.to_dict("records")}
    data = kae.data.load("mnist", batch_size=BATCH, progress=False)
    extractor, images = feature_extractor("mnist-classifier", data), data.images("test")
    for seed in SEEDS:
        left = [kind for kind in KINDS if (options.steps, kind, seed) not in done]
        if not left:
            continue
        keras.utils.set_random_seed(seed)
        network = classifier(data, min(500, options.steps))
        for kind in left:
            model = trained(kind, data, network, seed, options.steps)
            row = {"loss": kind, "seed": seed, "steps": options.steps, **measured(model, images, extractor)}
            table = pandas.concat([table, pandas.DataFrame([row])], ignore_index=True)
            table.to_csv(kept, index=False, float_format="%.6g")
            print(row, flush=True)
    write_table(summary(table[table["steps"] == options.steps]), options.out / "sharper.md")


def summary(table: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each loss: means over the seeds, with their intervals."""
    values = table.drop(columns=["seed", "steps"])
    return values.groupby("loss", sort=False).agg(lambda some: with_interval(list(some))).reset_index()


if __name__ == "__main__":
    main()

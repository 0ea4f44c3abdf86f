"""What LEA codes know of the part under the window: MIG and DCI on compositional dSprites, of three seeds.

python -m experiments.locally_embedded.parts [--out experiments/locally_embedded/results/parts.csv]
"""

import argparse
from pathlib import Path

import keras
import numpy as np
import pandas

import keras_ae as kae

WINDOW, STRIDES, LENGTH = 24, 8, 6
STEPS, BATCH, RATE, SEEDS = 800, 64, 1e-3, 3
TRAINED, MEASURED = 2_000, 300  # images
FACTORS = ("shape", "scale", "orientation")


def bottlenecks(seed: int) -> dict:
    """The codes that are compared, and None, for those of an untrained LEA."""
    return {
        "untrained": None,
        "dense": kae.bottlenecks.Dense(LENGTH),
        "variational, β = 1": kae.bottlenecks.Variational(LENGTH, beta=1.0, seed=seed),
        "variational, β = 4": kae.bottlenecks.Variational(LENGTH, beta=4.0, seed=seed),
    }


def measure(name: str, seed: int) -> dict[str, float]:
    """MIG and DCI of one LEA, trained on its own loss alone."""
    keras.utils.set_random_seed(seed)
    bottleneck = bottlenecks(seed)[name]
    sprites = kae.data.compositional_dsprites(TRAINED + MEASURED, parts=2, seed=seed)
    images = sprites.images / np.float32(255)
    autoencoder = kae.architectures.window_autoencoder(
        (WINDOW, WINDOW, 1), (LENGTH,), bottleneck=bottleneck or "dense", hidden=256
    )
    lea = kae.layers.LocallyEmbeddedAutoencoder(
        autoencoder, strides=STRIDES, name="lea", window_fraction=0.25, seed=seed
    )
    image = keras.Input(images.shape[1:])
    model = kae.MultiObjective(image, keras.layers.GlobalAveragePooling2D()(lea(image)))
    model.compile(keras.optimizers.Adam(RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    if bottleneck is not None:
        epochs = STEPS * BATCH // TRAINED
        nothing = -np.ones(TRAINED, np.int32)  # no labels: the LEA learns alone
        model.fit(images[:TRAINED], nothing, batch_size=BATCH, epochs=epochs, verbose=0)
    tested = [each[TRAINED:] for each in (images, sprites.masks, sprites.factors[..., :3])]
    found = kae.evaluation.local_disentanglement(model, "lea", *tested, names=FACTORS, categorical=(0,), seed=seed)
    return {"mig": found.mig, **found.dci.summary(), "windows": found.windows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="a CSV file for the rows")
    options = parser.parse_args()
    rows = []
    for seed in range(SEEDS):
        for name in bottlenecks(seed):
            rows.append({"codes": name, "seed": seed, **measure(name, seed)})
            print(rows[-1], flush=True)
            if options.out is not None:
                pandas.DataFrame(rows).to_csv(options.out, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()

"""What a convolutional autoencoder's normalisation costs in errors: the paper's, none, and over the batch.

    python benchmarks/normalization.py --data digits --map 2x2x8 --steps 600 --batch 64
    python benchmarks/normalization.py --data npz:runs/images/tiles.npz --map 4x4x16 [--seeds 0 1 2] [--out FILE]

Trains the network of `keras-ae compare` for a map three times, which differ in the normalisation alone, each on
the same batches from the same seed, and gives the PSNR of the mean squared error of test images.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from measure import show

KINDS = {"instance": "normalize='instance'", "none": "normalize=False", "batch": "normalize='batch'"}
TESTED = 500  # images


def psnr(kind: str, images: np.ndarray, test: np.ndarray, code: str, arguments, seed: int) -> float:
    """The PSNR of test images by a network with a kind of normalisation."""
    import keras

    import keras_ae as kae
    from keras_ae.comparison.candidate import build_candidates, parse_codes

    model = build_candidates(images.shape[1:], parse_codes((code,)))[0].model
    options = tuple(option for option in model.options if not option.startswith("normalize="))
    keras.utils.set_random_seed(seed)
    network = replace(model, options=(*options, KINDS[kind])).build(images.shape[1:])
    network.compile(kae.optimizers.Adam(arguments.learning_rate), "mse")
    rows = np.random.default_rng(seed).integers(len(images), size=arguments.steps * arguments.batch)
    network.fit(images[rows], images[rows], batch_size=arguments.batch, shuffle=False, verbose=0)
    error = np.mean(np.square(network.predict(test, batch_size=64, verbose=0) - test))
    return float(-10 * np.log10(error))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="source of images, as for keras-ae compare")
    parser.add_argument("--map", required=True, help="shape of the code, such as 4x4x16")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--limit", type=int, default=10_000, help="training images that are read at most")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    import keras_ae as kae

    data = kae.data.load(arguments.data)
    images, test = data.images("train", arguments.limit), data.images("test", TESTED)
    rows = []
    for seed in arguments.seeds:
        row = {"images": arguments.data, "map": arguments.map, "seed": seed}
        rows.append(row | {kind: psnr(kind, images, test, arguments.map, arguments, seed) for kind in KINDS})
    show("PSNR in dB by normalisation", rows, arguments.out)


if __name__ == "__main__":
    main()

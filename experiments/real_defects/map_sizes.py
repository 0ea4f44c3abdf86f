"""Do small maps detect better, at equal length of the code? Linear autoencoders of pixels and of features."""

import argparse
from pathlib import Path

import numpy as np
import pandas

import keras_ae as kae
from experiments.real_defects.detectors import SIZE
from experiments.real_defects.tiles import Division, Tiles, divide, load_tiles
from keras_ae.detection import measure_detection
from keras_ae.features import scaled_per_image

SIDE = 64  # pixels of the images whose pixels are encoded
# Length of the code, and widths of the squares that make a position of its map: the larger, the smaller the map.
CODES = {"pixels": (256, (4, 8, 16, 32)), "features": (1024, (1, 2, 4))}
LARGEST = 0.01  # part of the errors, the largest ones, whose mean is the score
FLOOR = 0.1  # of the overall deviation, added to that of each position, as of `StandardizedError`
AT_ONCE = 16


def blocks(images: np.ndarray, side: int) -> np.ndarray:
    """Squares of images [n, h, w, c], flattened: [n, h / side, w / side, side · side · c]."""
    n, height, width, channels = images.shape
    cut = images.reshape(n, height // side, side, width // side, side, channels)
    return cut.transpose(0, 1, 3, 2, 4, 5).reshape(n, height // side, width // side, -1)


def linear_errors(images: np.ndarray, fitted: np.ndarray, side: int, depth: int) -> np.ndarray:
    """What a linear autoencoder leaves of images: residuals [n, h / side, w / side, side · side · c].

    One convolution each way, as wide as its stride: at the least squared error it is the projection of squares on
    their first principal components (Baldi and Hornik, 1989).

    Args:
        images: [n, h, w, c].
        fitted: Rows of the images that the components are of.
        side: Width of the squares.
        depth: Number of components.
    """
    from scipy.linalg import eigh

    squares = blocks(images, side)
    known = squares[fitted].reshape(-1, squares.shape[-1]).astype(np.float64)
    mean = known.mean(axis=0)
    covariance = (known - mean).T @ (known - mean) / len(known)
    last = len(covariance) - 1
    components = eigh(covariance, subset_by_index=(last - depth + 1, last))[1].astype(np.float32)
    centred = squares - mean.astype(np.float32)
    return centred - centred @ components @ components.T


def scores(residuals: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """The mean of the largest squared errors, each relative to what is usual at its place."""
    flat = residuals.reshape(len(residuals), -1)
    mean, variance = flat[fitted].mean(axis=0), flat[fitted].var(axis=0)
    errors = np.square(flat - mean) / (variance + FLOOR**2 * variance.mean())
    count = max(1, int(np.ceil(LARGEST * flat.shape[1])))
    return np.partition(errors, -count, axis=1)[:, -count:].mean(axis=1)


def measure(images: np.ndarray, division: Division, kind: str) -> list[dict]:
    """A row for each size of the map: ROC AUC of test tiles and test defects."""
    length, sides = CODES[kind]
    rows = []
    for side in sides:
        positions = (images.shape[1] // side) * (images.shape[2] // side)
        residuals = linear_errors(images, division.train, side, length // positions)
        found = scores(residuals, division.train)
        measured = measure_detection(found[division.test], found[division.defects])
        name = f"{images.shape[1] // side}x{images.shape[2] // side}x{length // positions}"
        rows.append({"of": kind, "map": name, "roc_auc": measured["roc_auc"]})
    return rows


def seen(tiles: Tiles) -> dict[str, np.ndarray]:
    """Pixels in [0, 1], each image less its mean and by its deviation, and feature maps, each image by itself."""
    factor = tiles.images.shape[1] // SIDE
    grays = blocks(np.float32(tiles.images) / 255, factor).mean(axis=-1, keepdims=True)
    features = kae.architectures.features(size=SIZE, image_shape=tiles.images.shape[1:], neighbours=3)
    raw = [features.unscaled(tiles.images[i : i + AT_ONCE]) for i in range(0, len(tiles.images), AT_ONCE)]
    maps = np.concatenate([np.asarray(scaled_per_image(some)) for some in raw])
    return {"pixels": np.asarray(scaled_per_image(grays)), "features": maps}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="directory with magnetic_tile.zip")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write, such as results/map_sizes.csv")
    parser.add_argument("--seeds", type=int, default=3, help="divisions by tile")
    arguments = parser.parse_args()
    tiles = load_tiles(arguments.data / "magnetic_tile.zip")
    images, rows = seen(tiles), []
    for seed in range(arguments.seeds):
        division = divide(tiles, seed)
        rows += [{"seed": seed} | row for kind in CODES for row in measure(images[kind], division, kind)]
    frame = pandas.DataFrame(rows)
    frame.to_csv(arguments.out, index=False, float_format="%.4f")
    print(frame.groupby(["of", "map"], sort=False)["roc_auc"].agg(["mean", "min", "max"]))


if __name__ == "__main__":
    main()

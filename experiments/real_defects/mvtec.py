"""The same detectors on MVTec AD, product by product, divided as its authors divide it.

`python -m experiments.real_defects.mvtec --data DIR --out results/mvtec.csv`, where DIR has the products' folders.
Rows that the table has are not measured again.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas

import keras_ae as kae
from experiments.real_defects.detectors import CANDIDATES
from experiments.real_defects.measure import Features, measure
from experiments.real_defects.tiles import NORMAL, Division, Tiles

DETECTORS = ("evened", "gaussian", "gaussian-padim", "patches", "features-1x1")
SIDE, SEEDS = 256, 3
CALIBRATING, FEWEST = 0.2, 20  # part of the training images that sets the threshold, and how many at least
GOOD = "good"


def load_product(folder: Path, seed: int, side: int = SIDE) -> tuple[Tiles, Division]:
    """A product's images, each a part of its own; the seed draws the training images that set the threshold.

    Args:
        folder: The product in MVTec's layout: train/good, test/KIND, ground_truth/KIND.
        seed: Seed of the draw.
        side: Height and width that images are stretched to.
    """
    fraction = max(CALIBRATING, FEWEST / len(list((folder / "train" / GOOD).iterdir())))
    how = {"image_size": (side, side), "validation_fraction": fraction, "seed": seed, "progress": False}
    data = kae.data.load(f"mvtec:{folder}", **how)
    images = np.concatenate([data.images(split) for split in data.sizes])
    fitted, calibrating, tested = np.split(np.arange(len(images)), np.cumsum(list(data.sizes.values()))[:-1])
    kinds = np.full(len(images), NORMAL, dtype=object)
    names = np.array(data.label_names)[data.labels("test")]
    kinds[tested] = np.where(names == GOOD, NORMAL, names)
    masks = np.zeros(images.shape[:3], bool)
    masks[tested] = data.masks("test")
    is_normal = kinds[tested] == NORMAL
    nothing = np.array([], int)
    division = Division(fitted, calibrating, tested[is_normal], nothing, tested[~is_normal])
    pixels = np.round(255 * images).astype(np.uint8)
    return Tiles(pixels, masks, kinds.astype(str), np.arange(len(images))), division


def rows(folder: Path, seed: int, detectors=DETECTORS) -> list[dict]:
    """A row for each detector of a product: image and pixel measures on its test images."""
    tiles, division = load_product(folder, seed)
    features = Features(tiles)
    found = []
    for name in detectors:
        network, maps = features.maps(CANDIDATES[name], per_image=True)
        values = measure(tiles, network, maps, division, name, seed)
        values = {key: value for key, value in values.items() if not key.startswith(("recall_", "development"))}
        found.append({"product": folder.name, "detector": name, "seed": seed, **values})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="directory of the products' folders")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write; products and seeds it has are kept")
    arguments = parser.parse_args()
    table = pandas.read_csv(arguments.out) if arguments.out.exists() else pandas.DataFrame()
    done = set(zip(table["product"], table["seed"], strict=True)) if len(table) else set()
    for folder in sorted(path for path in arguments.data.iterdir() if (path / "train" / GOOD).is_dir()):
        for seed in range(SEEDS):
            if (folder.name, seed) not in done:
                table = pandas.concat([table, pandas.DataFrame(rows(folder, seed))], ignore_index=True)
                table.to_csv(arguments.out, index=False, float_format="%.6g")
                print(table.tail(len(DETECTORS)).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()

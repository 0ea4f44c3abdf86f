"""Makes the images that have no name of their own: patches of photographs, and magnetic tiles, divided by tile.

python -m experiments.rate_distortion.images DATA reads `bsds500.zip` (Arbeláez et al., 2011) and
`magnetic_tile.zip` (Huang et al., 2018) in the directory DATA.
"""

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from experiments.rate_distortion.study import PHOTOGRAPHS, TILES
from experiments.real_defects.tiles import divide, load_tiles
from keras_ae._support.files import write_arrays

SIDE, HALVED = 64, 2  # pixels of a patch, of photographs shrunk by this factor: what JPEG has left shrinks, too


def photographs(archive: Path) -> dict[str, np.ndarray]:
    """Patches uint8 [n, 64, 64, 3] of the official training and validation photographs, and of the test ones."""
    return {
        f"x_{split}": np.stack([patch for image in images for patch in _patches(image)])
        for split, images in halved_photographs(archive).items()
    }


def halved_photographs(archive: Path) -> dict[str, list[np.ndarray]]:
    """All photographs, shrunk by two: uint8 [h, w, 3] each, "train" (with the validation ones) and "test"."""
    found: dict[str, list[np.ndarray]] = {"train": [], "test": []}
    with zipfile.ZipFile(archive) as files:
        for name in sorted(each for each in files.namelist() if each.endswith(".jpg")):
            image = Image.open(io.BytesIO(files.read(name))).convert("RGB")
            found["test" if "/test/" in name else "train"].append(np.asarray(image.reduce(HALVED)))
    return found


def _patches(image: np.ndarray) -> list[np.ndarray]:
    height, width = image.shape[:2]
    corners = [
        (top, left) for top in range(0, height - SIDE + 1, SIDE) for left in range(0, width - SIDE + 1, SIDE)
    ]
    return [image[top : top + SIDE, left : left + SIDE] for top, left in corners]


def tiles(archive: Path, side: int = SIDE, seed: int = 0) -> dict[str, np.ndarray]:
    """Tiles without defects, uint8 [n, side, side, 1]; no tile is both in x_train and in x_test."""
    found = load_tiles(archive, side)
    division = divide(found, seed)
    train = np.concatenate([division.train, division.calibration])
    return {"x_train": found.images[train], "x_test": found.images[division.test]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="directory with bsds500.zip and magnetic_tile.zip")
    data = parser.parse_args().data
    made = {
        PHOTOGRAPHS: photographs(data / "bsds500.zip"),
        TILES: tiles(data / "magnetic_tile.zip"),
    }
    for path, arrays in made.items():
        write_arrays(Path(path), arrays, compressed=True)
        print(path, {name: array.shape for name, array in arrays.items()})


if __name__ == "__main__":
    main()

"""Magnetic tiles: photographs of real defects with masks, divided so that no tile is on both sides."""

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.sparse.csgraph import connected_components

NORMAL = "Free"
PARTS = 5  # a fifth of the normal tiles is for testing, and a fifth for the threshold
FEWEST = 3  # shots of one tile
THUMBNAIL, NEIGHBOURS, RATIO = 32, 20, 0.15  # pixels a side; as in `keras_ae.data.near_duplicates`
DEVELOPMENT = 4  # a quarter of the defective tiles is for choosing settings, and never tested on


@dataclass(frozen=True)
class Tiles:
    """Photographs of tiles.

    Attributes:
        images, masks: uint8 [n, side, side, 1] and bool [n, side, side].
        kinds: Name [n] of what each image is: "Free", or a kind of defect.
        tiles: Number [n] of the tile, or of the tiles that cannot be told apart, that each image shows.
        by_order: The same by the order of the shots alone; `tiles` by default.
    """

    images: np.ndarray
    masks: np.ndarray
    kinds: np.ndarray
    tiles: np.ndarray
    by_order: np.ndarray | None = None


@dataclass(frozen=True)
class Division:
    """Rows of images: normal ones to fit to, for the threshold, to test; defects to choose by and to test."""

    train: np.ndarray
    calibration: np.ndarray
    test: np.ndarray
    development: np.ndarray
    defects: np.ndarray


def load_tiles(archive: Path, side: int = 256) -> Tiles:
    """The images of `magnetic_tile.zip`, in the order of their names (Huang et al., 2018)."""
    images, masks, kinds, shots = [], [], [], []
    with zipfile.ZipFile(archive) as files:
        for name in sorted(each for each in files.namelist() if each.endswith(".jpg")):
            image = Image.open(io.BytesIO(files.read(name))).convert("L")
            mask = Image.open(io.BytesIO(files.read(name[:-4] + ".png"))).convert("L")
            images.append(np.asarray(image.resize((side, side), Image.Resampling.BICUBIC)))
            masks.append(np.asarray(mask.resize((side, side), Image.Resampling.NEAREST)) > 127)
            kinds.append(re.search(r"MT_(\w+?)/", name)[1])
            shots.append([int(number) for number in re.search(r"exp(\d+)_num_(\d+)", name).groups()])
    kinds = np.array(kinds)
    pixels, by_order, normal = np.stack(images), _tiles(np.array(shots), kinds == NORMAL), kinds == NORMAL
    tiles = by_order.copy()
    tiles[normal] = joined(tiles[normal], thumbnails(pixels[normal]))
    return Tiles(pixels[..., None], np.stack(masks), kinds, tiles, by_order)


def _tiles(shots: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Which tile each image shows: shots are numbered on, and the exposures 1 to 6 of a tile follow each other.

    The names do not tell tiles: a shot whose exposure is no higher than the one before begins another tile. Where
    fewer than three shots would make one, they belong to the tile before, to be on the safe side.

    Args:
        shots: Exposure and number [n, 2].
        normal: Which images are of normal tiles, which are kept apart from the others.
    """
    tiles, first = np.zeros(len(shots), int), 0
    for some in (np.flatnonzero(normal), np.flatnonzero(~normal)):
        some = some[np.argsort(shots[some, 1])]
        starts = np.flatnonzero(np.diff(shots[some, 0], prepend=99) <= 0)
        starts = starts[np.diff(starts, append=len(some)) >= FEWEST]
        tiles[some] = first + np.searchsorted(starts, np.arange(len(some)), side="right")
        first = tiles.max() + 1
    return tiles


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Thumbnails [n, 1024] of uint8 images [n, h, w], less their mean and contrast, which exposures change."""
    made = [Image.fromarray(image).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX) for image in images]
    flat = np.stack([np.asarray(each, np.float32).ravel() for each in made])
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def joined(tiles: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Tiles [n], of which those that share near duplicates are one: the order mixes tiles that take turns.

    Two images are near duplicates if their squared distance is below 0.15 of that of either to its 20th neighbour,
    as in `keras_ae.data.near_duplicates`.

    Args:
        tiles: Number of the tile that each image shows.
        images: Their thumbnails [n, 1024].
    """
    distances = np.maximum(1 - images @ images.T, 0)
    np.fill_diagonal(distances, np.inf)
    last = min(NEIGHBOURS, len(images) - 1) - 1
    usual = np.partition(distances, last, axis=1)[:, last]
    alike = distances < RATIO * np.maximum(usual[:, None], usual[None, :])
    numbers, which = np.unique(tiles, return_inverse=True)
    links = np.zeros((len(numbers), len(numbers)), bool)
    rows, columns = np.nonzero(alike)
    links[which[rows], which[columns]] = True
    return numbers[connected_components(links, directed=False)[1]][which]


def divide(tiles: Tiles, seed: int, by_tile: bool = True) -> Division:
    """Divided by tile, or image by image; the development defects are the same for each seed."""
    normal = tiles.kinds == NORMAL
    groups = tiles.tiles if by_tile else np.arange(len(tiles.tiles))
    names = np.unique(groups[normal])
    np.random.default_rng(seed).shuffle(names)
    part = len(names) // PARTS
    test, calibration, train = np.split(names, [part, 2 * part])
    chosen = _development(tiles, normal)
    return Division(
        *(np.flatnonzero(normal & np.isin(groups, some)) for some in (train, calibration, test)),
        np.flatnonzero(~normal & chosen),
        np.flatnonzero(~normal & ~chosen),
    )


def _development(tiles: Tiles, normal: np.ndarray) -> np.ndarray:
    """Which images are defects to choose settings by: the same as before tiles were joined."""
    by_order = tiles.tiles if tiles.by_order is None else tiles.by_order
    generator = np.random.default_rng(0)
    generator.shuffle(np.unique(by_order[normal]))
    names = np.unique(by_order[~normal])
    generator.shuffle(names)
    return np.isin(by_order, names[: len(names) // DEVELOPMENT])

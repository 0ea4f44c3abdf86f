"""What is trained: the tasks, the numbers of labels, the ways to use images without labels, and how long."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import keras_ae as kae

CLASSIC, LEA, LEA_UNLABELLED, LEA_FROZEN = "Classic", "LEA, labelled only", "LEA, unlabelled too", "LEA, frozen"
VAE, PSEUDO = "VAE code, linear", "pseudo-labels"
METHODS = (CLASSIC, LEA, LEA_UNLABELLED, LEA_FROZEN, VAE, PSEUDO)
TASKS = {"mnist": 10, "dsprites_shape": 3, "dsprites_orientation": 4}  # classes
COUNTS = (30, 100, 500, 1_000)
TURN, STEPS_OF_TURN, BINS = 40, 39, 4  # orientations of dSprites, the last of which is the first again


@dataclass(frozen=True)
class Scale:
    """How much is trained.

    Attributes:
        seeds: So many.
        counts: Numbers of labelled images.
        unlabelled, tested: Numbers of images without labels, and to test on.
        side: Of dSprites' images in pixels.
        steps: Training steps of a classifier, and of the LEAs before one with frozen LEAs.
        batch: Labelled images in a step; unlabelled ones are as many.
        filters, units, hidden, code: Of Classic and CNN-LEA: channels of the convolutions, units of the dense
            layer, of the window autoencoders' hidden layers, and of their codes.
        vae_steps, vae_batch, vae_code: Of the VAE of whole images.
        confidence: Of a pseudo-label, at least.
        rate: Of Adam.
    """

    seeds: int = 5
    counts: tuple[int, ...] = COUNTS
    unlabelled: int = 50_000
    tested: int = 2_000
    side: int = 32
    steps: int = 400
    batch: int = 16
    filters: tuple[int, int] = (4, 8)
    units: int = 64
    hidden: int = 32
    code: int = 5
    vae_steps: int = 1_200
    vae_batch: int = 64
    vae_code: int = 10
    confidence: float = 0.9
    rate: float = 1e-3


PRESETS = {
    "cpu": Scale(),
    "long": Scale(steps=10_000, vae_steps=10_000),
    "quick": Scale(
        seeds=2,
        counts=(30,),
        unlabelled=400,
        tested=200,
        side=16,
        steps=20,
        vae_steps=20,
        filters=(4, 4),
        hidden=8,
    ),
}


def quarter_turn(orientations: np.ndarray) -> np.ndarray:
    """dSprites' orientations, int [n] from 0 to 39, within a quarter turn, in four bins: int32 [n].

    A square is the same after a quarter turn, so no more can be told of all three shapes.
    """
    turns = 4 * (orientations % STEPS_OF_TURN) / STEPS_OF_TURN % 1
    return np.floor(BINS * turns).astype(np.int32)


def write_tasks(folder: Path, scale: Scale) -> dict[str, Path]:
    """An archive of each task's training and test images and labels, which `keras_ae.data.load` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = {"train": f"train[:{scale.unlabelled}]", "test": f"test[:{scale.tested}]"}
    paths = {task: folder / f"{task}_{scale.unlabelled}_{scale.tested}_{scale.side}.npz" for task in TASKS}
    if not paths["mnist"].exists():
        data = kae.data.load("mnist", **chosen)
        _write(paths["mnist"], data, data.labels)
    if not paths["dsprites_orientation"].exists():
        sprites = kae.data.load("dsprites", **chosen, image_size=scale.side)
        _write(paths["dsprites_shape"], sprites, lambda split: sprites.labels(split)[:, 0])
        _write(paths["dsprites_orientation"], sprites, lambda split: quarter_turn(sprites.labels(split)[:, 2]))
    return paths


def _write(path: Path, data: kae.data.ImageData, labels) -> None:
    arrays = {}
    for split in ("train", "test"):
        arrays[f"x_{split}"] = np.rint(255 * data.images(split)).astype(np.uint8)
        arrays[f"y_{split}"] = labels(split)
    np.savez(path, **arrays)

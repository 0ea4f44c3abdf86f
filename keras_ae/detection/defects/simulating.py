"""Simulates defects in images, by which to compare detectors where there are no real anomalies."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from keras_ae._support.errors import InputError, listed_names
from keras_ae._support.image_arrays import as_pixels
from keras_ae.catalogue import DEFECTS

TRIES = 20  # attempts to change an image before it is left as it is


@dataclass(frozen=True)
class SimulatedDefects:
    """Copies of images, each with a simulated defect.

    Attributes:
        images: float32 [n, height, width, channels] in [0, 1].
        masks: bool [n, height, width], True for the pixels that were changed.
        kinds: Kind of each image's defect, n names.

    Example:
        >>> images = np.random.default_rng(0).random((4, 32, 32, 1), "float32")
        >>> simulate_defects(images).kinds
        ('patch', 'scar', 'texture', 'patch')
    """

    images: np.ndarray
    masks: np.ndarray
    kinds: tuple[str, ...]


def simulate_defects(images, kinds: str | Iterable[str] = (), seed: int = 0) -> SimulatedDefects:
    """Returns a copy of each image with one simulated defect, and a mask of it.

    The defects only stand in for anomalies: they are local, and the detector that finds them best need not be the
    best for real anomalies.

    Args:
        images: [n, height, width, channels], or [n, height, width] if grey; floats in [0, 1] or uint8.
        kinds: Names of kinds of defects ("patch", "scar", "texture"), which take turns; all by default.
        seed: Seed of the defects.

    Raises:
        InputError: If the images have another shape or range, or a kind is unknown.

    Example:
        >>> images = np.random.default_rng(0).random((6, 32, 32, 1), "float32")
        >>> made = kae.detection.simulate_defects(images, ("scar", "texture"))
        >>> bool(np.all(made.masks == (made.images != images).any(axis=-1)))
        True
        >>> bool(made.masks.any(axis=(1, 2)).all())
        True
    """
    images = as_pixels(images)
    if images.ndim not in (3, 4):
        raise InputError(f"images of {images.shape}", "(n, height, width, channels) or (n, height, width)")
    flat = images.ndim == 3
    images = images[..., None] if flat else images
    names = tuple(listed_names(kinds)) or tuple(DEFECTS)
    functions = [DEFECTS[name] for name in names]
    generator = np.random.default_rng(seed)
    changed = images.copy()
    for i in range(len(images)):
        changed[i] = _changed(images, i, functions[i % len(names)], generator)
    masks = (changed != images).any(axis=-1)
    chosen = tuple(names[i % len(names)] for i in range(len(images)))
    return SimulatedDefects(changed[..., 0] if flat else changed, masks, chosen)


def _changed(images: np.ndarray, i: int, kind: Callable, generator: np.random.Generator) -> np.ndarray:
    """Returns the image with a defect, drawn again if it happens to change nothing."""
    n = len(images)

    def other() -> np.ndarray:
        return images[(i + generator.integers(1, n)) % n] if n > 1 else images[0]

    changed = images[i]
    for _ in range(TRIES):
        changed = kind(images[i], other, generator)
        if (changed != images[i]).any():
            break
    return changed


def pasted_patches(images, seed: int = 0) -> np.ndarray:
    """Returns each image with a patch of another one pasted at a random place, a little lighter or darker.

    This follows CutPaste (Li et al., "CutPaste: Self-Supervised Learning for Anomaly Detection and Localization",
    2021), which learns from such images; here they only stand in for anomalies. `simulate_defects` also makes
    other kinds and returns their masks.

    Args:
        images: [n, height, width, channels], or [n, height, width] if grey; floats in [0, 1] or uint8.
        seed: Seed of the sizes, sources and places of the patches.

    Returns:
        float32 in [0, 1], of the same shape.

    Raises:
        InputError: If the images have another shape or range.

    Example:
        >>> images = np.random.default_rng(0).random((5, 32, 32), "float32")
        >>> parts = (kae.detection.pasted_patches(images) != images).mean(axis=(1, 2))
        >>> bool(np.all((parts > 0.01) & (parts < 0.17)))  # a patch covers 2 to 15 % of the area
        True
    """
    return simulate_defects(images, "patch", seed).images

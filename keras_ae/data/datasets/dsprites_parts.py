"""Compositional dSprites: several sprites in one image, with the factors and the mask of each."""

from typing import NamedTuple

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data.checks import positive
from keras_ae.data.datasets.dsprites import COUNT, SIDE, SIZES, factors_of, render

MOST_PARTS = 3
_ATTEMPTS = 200  # at placing the parts of unfinished images


class ComposedSprites(NamedTuple):
    """Images of several sprites that do not overlap.

    images: uint8 [n, 64, 64, 1], 0 or 255.
    factors: int32 [n, parts, 5]: shape, scale, orientation, x and y of each part, as those of dSprites.
    masks: uint8 [n, 64, 64]: 0 where there is no part, else the number of the part, from 1.

    Example:
        >>> sprites = kae.data.compositional_dsprites(2, parts=3)
        >>> isinstance(sprites, kae.data.ComposedSprites), int(sprites.masks.max())
        (True, 3)
    """

    images: np.ndarray
    factors: np.ndarray
    masks: np.ndarray


def compositional_dsprites(
    count: int, parts: int = 2, seed: int = 0, scales: tuple[int, ...] | None = None
) -> ComposedSprites:
    """Returns images of one to three sprites that do not touch, with all factors drawn at random.

    The factors of a part are independent and uniform, except for the places that other parts take. As every pixel
    belongs to at most one part, it is known which part a window shows.

    Args:
        count: Number of images.
        parts: Sprites in an image, 1 to 3.
        seed: Seed for the factors.
        scales: Indices of the scales to draw from, 0 (half the size) to 5; by default all of them, or the smaller
            half for three parts.

    Raises:
        InputError: If a number is out of range.

    Example:
        >>> images, factors, masks = kae.data.compositional_dsprites(4, parts=2)
        >>> images.shape, factors.shape, sorted(set(masks.ravel().tolist()))
        ((4, 64, 64, 1), (4, 2, 5), [0, 1, 2])
        >>> bool(((masks > 0) == (images[..., 0] > 0)).all())
        True
    """
    count, parts = positive("count", count), positive("parts", parts)
    scales = tuple(range(3 if parts > 2 else SIZES[1])) if scales is None else tuple(scales)
    if parts > MOST_PARTS:
        raise InputError(f"{parts} parts", f"at most {MOST_PARTS}, for which there is room", "ask for fewer")
    if not scales or not set(scales) <= set(range(SIZES[1])):
        raise InputError(f"scales {scales}", f"numbers from 0 to {SIZES[1] - 1}", "correct them")
    generator = np.random.default_rng(seed)
    factors = np.zeros((count, parts, len(SIZES)), np.int32)
    masks = np.zeros((count, SIDE, SIDE), np.uint8)
    unfinished = np.arange(count)
    for _ in range(_ATTEMPTS):
        drawn, drawn_masks, apart = _draw(generator, len(unfinished), parts, scales)
        factors[unfinished[apart]], masks[unfinished[apart]] = drawn[apart], drawn_masks[apart]
        unfinished = unfinished[~apart]
        if not len(unfinished):
            images = np.where(masks > 0, np.uint8(255), np.uint8(0))[..., None]
            return ComposedSprites(images, factors, masks)
    raise InputError(
        f"{parts} parts of scales {scales}, which hardly ever fit", "smaller ones", "leave out scales"
    )


def _draw(generator: np.random.Generator, count: int, parts: int, scales: tuple[int, ...]):
    """Draws factors and masks of images whose parts may overlap, and says in which images none do."""
    masks, apart = np.zeros((count, SIDE, SIDE), np.uint8), np.ones(count, bool)
    factors = factors_of(generator.integers(COUNT, size=(count, parts)))
    factors[..., 1] = np.array(scales)[generator.integers(len(scales), size=(count, parts))]
    for part in range(parts):
        places = np.ravel_multi_index(tuple(np.moveaxis(factors[:, part], -1, 0)), SIZES)
        sprite = render(places)[..., 0] > 0
        apart &= ~(_grown(masks > 0) & sprite).any(axis=(1, 2))  # a pixel between them
        masks[sprite] = part + 1
    return factors, masks, apart


def _grown(masks: np.ndarray) -> np.ndarray:
    """Returns masks grown by the adjacent pixels: bool [n, h, w]."""
    grown = masks.copy()
    for axis in (1, 2):
        before = grown.copy()
        ends = [slice(None)] * 3
        for target, source in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
            here, there = list(ends), list(ends)
            here[axis], there[axis] = target, source
            grown[tuple(here)] |= before[tuple(there)]
    return grown

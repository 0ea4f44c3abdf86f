"""How well the codes of a locally embedded autoencoder (LEA) describe the part that each window shows."""

from dataclasses import dataclass

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.evaluation.codes.dci_scores import DCI, dci
from keras_ae.evaluation.codes.disentanglement import mutual_information_gap, varying
from keras_ae.evaluation.inference import as_array
from keras_ae.evaluation.local.locally_embedded import LocalProbe

LEAST = 0.2  # fraction of a window that a part must cover for the window to show it
_MOST = 5_000  # maximum number of windows to measure


@dataclass(frozen=True)
class LocalDisentanglement:
    """How well a LEA's codes separate the factors of the part in their windows.

    Attributes:
        mig: Mutual information gap, in [0, 1].
        dci: Disentanglement, completeness and informativeness.
        windows: Number of windows measured.
        factors: Names of the factors that vary among them.

    Example:
        >>> kae.evaluation.LocalDisentanglement(0.3, None, windows=5, factors=("shape",)).mig
        0.3
    """

    mig: float
    dci: DCI
    windows: int
    factors: tuple[str, ...]


def part_codes(
    model: keras.Model, layer: str, images, masks, factors, least: float = LEAST
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the codes of the windows that show one part alone, and the factors of that part.

    Args:
        model: A functional model with a LEA.
        layer: Name of the LEA, whose input has the images' height and width, or these divided by whole numbers.
        images: [n, height, width, channels], as the model takes them.
        masks: Number of the part at each pixel, from 1, and 0 where there is none: int [n, height, width].
        factors: Factors of each part: int [n, parts, factors].
        least: Minimum fraction of a window that the part must cover.

    Returns:
        Codes, float [m, length], and factors, int [m, factors + 2]: the last two say how far below and to the
        right of the window's centre the part's centre lies, in quarters of a window.

    Raises:
        InputError: If shapes do not fit, or no window shows one part alone.

    Example:
        >>> sprites = kae.data.compositional_dsprites(3, seed=0)
        >>> model = kae.architectures.lea_fc((64, 64, 1), (2,), classes=3, window=8, units=4)
        >>> images = sprites.images / np.float32(255)
        >>> codes, factors = kae.evaluation.part_codes(model, "lea", images, sprites.masks, sprites.factors)
        >>> codes.shape[1:], factors.shape[1:]
        ((2,), (7,))
    """
    images, masks, factors = np.asarray(images), np.asarray(masks), np.asarray(factors)
    if masks.shape != images.shape[:3] or len(factors) != len(images) or factors.ndim != 3:
        received = f"masks {masks.shape} and factors {factors.shape} of images {images.shape}"
        raise InputError(received, "[n, height, width] and [n, parts, factors]", "give those of these images")
    probe = LocalProbe(model, layer)
    seen = probe.images(images)
    lea, codes = probe.lea, seen.code_maps
    masks = _of_size(masks, seen.inputs.shape[1:3])
    covered = np.stack(
        [
            as_array(lea.windowing.extract(np.float32(masks[..., None] == part + 1))).mean(axis=(3, 4, 5))
            for part in range(factors.shape[1])
        ],
        axis=-1,
    )  # [n, rows, columns, parts]
    alone = (covered.max(axis=-1) >= least) & ((covered > 0).sum(axis=-1) == 1)
    image, row, column = np.nonzero(alone)
    if not len(image):
        raise InputError("no window that shows one part alone", "some", "give more images, or a lower least")
    part = covered[alone].argmax(axis=-1)
    places = _middles(masks, factors.shape[1])[image, part] - _window_middles(lea, seen.inputs.shape)[row, column]
    relative = np.rint(4 * places / np.array(lea.window)).astype(np.int64)
    return codes[alone], np.concatenate([factors[image, part], relative], axis=1)


def local_disentanglement(
    model: keras.Model,
    layer: str,
    images,
    masks,
    factors,
    names: tuple[str, ...] = (),
    categorical: tuple[int, ...] = (),
    least: float = LEAST,
    seed: int = 0,
) -> LocalDisentanglement:
    """Returns MIG and DCI of a LEA's codes for the factors of the part that each window shows.

    A window does not show where a part lies in the image: leave such factors out. Instead, "below" and "right" are
    the part's position relative to the window.

    Args:
        model, layer, images, masks, factors, least: Same as for `part_codes`.
        names: Names of the factors.
        categorical: Columns of factors whose values have no order, such as that of the shape.
        seed: Seed of the choice of windows, if there are more than 5,000, and of DCI's predictors.

    Raises:
        InputError: In the same cases as `part_codes` and `dci`.

    Example:
        >>> sprites = kae.data.compositional_dsprites(12, seed=0)
        >>> model = kae.architectures.lea_fc((64, 64, 1), (2,), classes=3, window=16, units=4)
        >>> images, factors = sprites.images / np.float32(255), sprites.factors[..., :2]
        >>> found = kae.evaluation.local_disentanglement(model, "lea", images, sprites.masks, factors)
        >>> 0 <= found.mig <= 1, found.factors
        (True, ('0', '1', 'below', 'right'))
    """
    codes, known = part_codes(model, layer, images, masks, factors, least)
    if len(codes) > _MOST:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(codes))[:_MOST])
        codes, known = codes[chosen], known[chosen]
    names = (*(names or map(str, range(known.shape[1] - 2))), "below", "right")
    kept = tuple(name for name, varies in zip(names, varying(known), strict=True) if varies)
    scores = dci(codes, known, seed, categorical=categorical)
    return LocalDisentanglement(mutual_information_gap(codes, known), scores, len(codes), kept)


def _of_size(masks: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """Returns masks reduced to the size of a layer's input, by taking every k-th pixel."""
    steps = [side // small for side, small in zip(masks.shape[1:], sides, strict=True)]
    smaller = masks[:, :: steps[0], :: steps[1]]
    if smaller.shape[1:] != tuple(sides):
        raise InputError(
            f"a layer with input of {tuple(sides)} for masks of {masks.shape[1:]}", "a whole part of it"
        )
    return smaller


def _middles(masks: np.ndarray, parts: int) -> np.ndarray:
    """Returns the centre (down, right) of each part in pixels: float [n, parts, 2]."""
    down, right = (np.arange(side, dtype=float) for side in masks.shape[1:])
    middles = np.zeros((len(masks), parts, 2))
    for part in range(parts):
        mask = masks == part + 1
        count = np.maximum(mask.sum(axis=(1, 2)), 1)
        middles[:, part] = np.stack([mask.sum(axis=2) @ down, mask.sum(axis=1) @ right], axis=1) / count[:, None]
    return middles


def _window_middles(lea, shape) -> np.ndarray:
    """Returns the centre (down, right) of each window in pixels: float [rows, columns, 2]."""
    middles = [axis.pixels().mean(axis=1) - axis.before for axis in lea.windowing.axes(shape[1:3])]
    return np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1)

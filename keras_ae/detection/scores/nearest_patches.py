"""Scores each position of a map by its distance to the nearest patch of normal maps (PatchCore)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.data import positive
from keras_ae.detection.observation import NormalImages
from keras_ae.detection.scores.maps import MapScore

AT_ONCE = 256  # kept patches compared with all positions at a time, which bounds the memory
PROJECTED = 64  # random directions for choosing the coreset; they preserve distances up to a small error


@dataclass
class NearestPatches(MapScore):
    """The distance of each position's channels to the nearest of a few patches that represent all normal ones.

    Source: Roth et al., "Towards Total Recall in Industrial Anomaly Detection" (2022), PatchCore, without its
    reweighting: greedy subsampling keeps adding the patch farthest from those already kept, and the search among
    them is exact. Maps of features with neighbours=3 are its "locally aware" patches.

    Args:
        of, pooling, smoothing: Settings of the map, as in `MapScore`.
        kept: Number of patches to keep.
        candidates: Maximum number of patches to choose from; if there are more, a random subset is used.
        seed: Seed of that subset, of the first patch and of the directions.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> normal = np.zeros((3, 4, 4, 1), "float32")
        >>> score = kae.detection.NearestPatches(kept=2).fit(kae.detection.NormalImages(model, [normal]))
        >>> gray = kae.detection.Observation(model, np.full((1, 4, 4, 1), 0.25, "float32"))
        >>> round(float(score.values(gray)[0]), 3)  # from each gray pixel to the nearest black one
        0.25
    """

    name: ClassVar[str] = "nearest_patches"
    learns: ClassVar[tuple[str, ...]] = ("patches",)
    kept: int = 1000
    candidates: int = 30_000
    seed: int = 0

    def __post_init__(self):
        super().__post_init__()
        positive("kept", self.kept)
        positive("candidates", self.candidates, least=self.kept)

    def fit(self, normal: NormalImages):
        generator = np.random.default_rng(self.seed)
        patches = _sampled((maps.reshape(-1, maps.shape[-1]) for maps in normal.each(self.maps)), self, generator)
        self.patches = patches[greedy_coreset(patches, self.kept, generator)]
        return self

    def values_at(self, maps):
        rows, columns, depth = maps.shape[1:]
        flat = ops.reshape(maps, (-1, depth))
        nearest = None
        for start in range(0, len(self.patches), AT_ONCE):
            some = self.patches[start : start + AT_ONCE]
            squares = np.square(some).sum(axis=1) - 2 * ops.matmul(flat, some.T)
            least = ops.min(squares, axis=1)
            nearest = least if nearest is None else ops.minimum(nearest, least)
        squares = ops.maximum(nearest + ops.sum(ops.square(flat), axis=1), 0.0)
        return ops.reshape(ops.sqrt(squares), (-1, rows, columns))


def _sampled(batches, settings: NearestPatches, generator) -> np.ndarray:
    """Returns at most `candidates` patches drawn uniformly: those with the largest random numbers."""
    kept, marks = np.zeros((0, 0), np.float32), np.zeros(0)
    for patches in batches:
        kept = np.concatenate([kept.reshape(-1, patches.shape[1]), patches])
        marks = np.concatenate([marks, generator.random(len(patches))])
        if len(marks) > settings.candidates:
            best = np.sort(np.argpartition(-marks, settings.candidates)[: settings.candidates])
            kept, marks = kept[best], marks[best]
    if not len(kept):
        raise InputError("no images to fit nearest_patches", "at least one", "give more images")
    return kept


def greedy_coreset(patches: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Returns the rows [count] of a coreset of patches [n, d]: each next one is the farthest from those chosen.

    Args:
        patches: float32 [n, d].
        count: Number of rows; all if there are no more.
        generator: Draws the first row, and the directions in which distances are measured if d > 64.
    """
    if len(patches) <= count:
        return np.arange(len(patches))
    depth = patches.shape[1]
    if depth > PROJECTED:
        patches = patches @ np.float32(generator.standard_normal((depth, PROJECTED)) / np.sqrt(PROJECTED))
    squares = np.square(patches).sum(axis=1)
    chosen = [int(generator.integers(len(patches)))]
    distances = np.full(len(patches), np.inf, np.float32)
    while len(chosen) < count:
        last = patches[chosen[-1]]
        distances = np.minimum(distances, squares - 2 * (patches @ last) + squares[chosen[-1]])
        distances[chosen[-1]] = -np.inf
        chosen.append(int(np.argmax(distances)))
    return np.array(chosen)

"""The scale of maps: the values that their colours span, and the value above which a pixel stands out."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MapScale:
    """Map values that are needed to draw maps.

    Attributes:
        low: Value of the darkest colour: the median of normal images' maps.
        high: Value of the lightest colour, twice as far above `low` as the threshold, so that no single normal
            image makes all pictures dark.
        threshold: Value that normal images' maps never exceed, except for the promised rate of images: a pixel
            above it is drawn as anomalous.

    Example:
        >>> maps = np.arange(20.0).reshape(20, 1, 1)
        >>> map_scale(maps, rate=0.05)
        MapScale(low=9.5, high=28.5, threshold=19.0)
    """

    low: float
    high: float
    threshold: float

    @property
    def limits(self) -> tuple[float, float]:
        """`low` and `high`."""
        return self.low, self.high


def map_scale(maps: np.ndarray, rate: float) -> MapScale:
    """Returns the scale of maps [n, height, width] of normal images; a fraction `rate` of them may stand out."""
    threshold = np.quantile(maps.max(axis=(1, 2)), 1 - rate, method="higher")
    low = float(np.median(maps))
    return MapScale(low, low + 2 * (float(threshold) - low), float(threshold))

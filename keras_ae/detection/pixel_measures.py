"""Measures of maps against masks of defects, computed image by image: no array holds all pixels."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from keras_ae._support.errors import InputError

DROPPED = 12  # low bits of a float32 that bins ignore: values in one bin differ by less than one part in 2,000
BINS = 1 << (32 - DROPPED)
LIMITS = (0.3, 0.05)  # false positive rates up to which the overlap of regions is averaged
_NEIGHBOURS = np.ones((3, 3), int)  # pixels that touch at a corner belong to one region


@dataclass(frozen=True)
class PixelMeasures:
    """How well maps tell the pixels of defects from all other pixels, over all images.

    Attributes:
        roc_auc: Area under the ROC curve of the pixels.
        average_precision: Average precision of the pixels; those of defects are the positive class.
        f1: The largest F1 over all thresholds, from 0 to 1.
        f1_threshold: The threshold of that F1, in the unit of the maps.
        aupro: AUPRO up to a false positive rate of 0.3: the fraction of a defect's region that is found, averaged
            over false positive rates of normal pixels up to that limit and over regions, which count alike
            whatever their size (Bergmann et al., 2020). From 0 to 1.
        aupro_005: The same up to 0.05.
        regions: Number of connected regions of defects; pixels connect at sides and corners.

    Example:
        >>> masks = np.zeros((1, 10, 10), bool)
        >>> masks[0, 4:6, 4:6] = True  # one defect
        >>> measures = kae.detection.measure_pixels([(masks + 0.5, masks)])  # maps that are right everywhere
        >>> measures.regions, measures.f1, measures.f1_threshold, round(measures.aupro, 3)
        (1, 1.0, 1.5, 1.0)
    """

    roc_auc: float
    average_precision: float
    f1: float
    f1_threshold: float
    aupro: float
    aupro_005: float
    regions: int


class PixelCounts:
    """Histograms of map values, from which the pixel measures are computed; 25 MB, however many images.

    Example:
        >>> counts = PixelCounts()
        >>> _ = counts.add(np.float32([[[0.1, 0.9], [0.2, 0.3]]]), np.array([[[0, 1], [0, 0]]]))
        >>> counts.measures().roc_auc
        1.0
    """

    def __init__(self):
        self._normal, self._defect = np.zeros(BINS, np.int64), np.zeros(BINS, np.int64)
        self._overlap, self._regions = np.zeros(BINS), 0

    def add(self, maps, masks) -> "PixelCounts":
        """Counts the pixels of some images and returns itself.

        Args:
            maps: Floats [n, height, width]: the higher, the more anomalous.
            masks: Array [n, height, width]; pixels that are not 0 belong to a defect.

        Raises:
            InputError: If maps and masks have different shapes, or maps are not finite.
        """
        from scipy.ndimage import label

        maps, masks = np.asarray(maps, np.float32), np.asarray(masks) != 0
        if maps.ndim != 3 or maps.shape != masks.shape:
            received = f"maps of {maps.shape} and masks of {masks.shape}"
            raise InputError(
                received, "(n, height, width) both", "resize the masks, or ask for maps of their size"
            )
        if not np.isfinite(maps).all():
            raise InputError("maps with infinities or NaN", "finite ones", "look at the images and the model")
        for bins, mask in zip(_bins(maps), masks, strict=True):
            self._normal += np.bincount(bins[~mask], minlength=BINS)
            if not mask.any():
                continue
            self._defect += np.bincount(bins[mask], minlength=BINS)
            regions, count = label(mask, _NEIGHBOURS)
            areas = np.bincount(regions.ravel(), minlength=count + 1)
            self._overlap += np.bincount(bins[mask], 1 / areas[regions[mask]], minlength=BINS)
            self._regions += count
        return self

    def measures(self) -> PixelMeasures:
        """Returns the measures of all pixels counted so far.

        Raises:
            InputError: If there are no pixels of defects, or no others.
        """
        if not self._regions or not self._normal.any():
            raise InputError("masks of one kind of pixel only", "some pixels of defects, and some others")
        used = np.flatnonzero(self._normal + self._defect)[::-1]  # from the highest value on
        false, found = np.cumsum(self._normal[used]), np.cumsum(self._defect[used])
        rates, recalls = _from_zero(false / false[-1]), _from_zero(found / found[-1])
        precisions = found / (false + found)
        f1 = 2 * found / (found[-1] + false + found)
        overlaps = _from_zero(np.cumsum(self._overlap[used]) / self._regions)
        return PixelMeasures(
            roc_auc=float(np.trapezoid(recalls, rates)),
            average_precision=float(np.sum(np.diff(recalls) * precisions)),
            f1=float(f1.max()),
            f1_threshold=float(_value(used[np.argmax(f1)])),
            aupro=_area_up_to(LIMITS[0], rates, overlaps),
            aupro_005=_area_up_to(LIMITS[1], rates, overlaps),
            regions=self._regions,
        )


def measure_pixels(batches: Iterable[tuple]) -> PixelMeasures:
    """Returns the measures of batches (maps, masks), each as `PixelCounts.add` takes them.

    Raises:
        InputError: In the same cases as `PixelCounts.add` and `PixelCounts.measures`.

    Example:
        >>> masks = np.zeros((2, 10, 10), bool)
        >>> masks[0, 4, 4] = masks[1, 2:5, 2:5] = True
        >>> measures = kae.detection.measure_pixels([(masks[:1], masks[:1]), (0 * masks[1:], masks[1:])])
        >>> measures.regions, round(measures.f1, 3)  # 1 pixel is found, 9 of the other defect are not: 2 / (2 + 9)
        (2, 0.182)
    """
    counts = PixelCounts()
    for maps, masks in batches:
        counts.add(maps, masks)
    return counts.measures()


def _from_zero(values: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], values])


def _area_up_to(limit: float, rates: np.ndarray, overlaps: np.ndarray) -> float:
    """Returns the mean overlap over false positive rates from 0 to `limit`."""
    within = rates < limit
    x = np.append(rates[within], limit)
    y = np.append(overlaps[within], np.interp(limit, rates, overlaps))
    return float(np.trapezoid(y, x) / limit)


def _bins(values: np.ndarray) -> np.ndarray:
    """Returns the bin of each float32, its leading bits: bins have the order of the values, of any range."""
    bits = (values + np.float32(0)).view(np.uint32)  # −0 becomes 0
    ordered = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    return (ordered >> DROPPED).astype(np.int64)


def _value(each: int) -> np.float32:
    """Returns the least value of a bin."""
    ordered = np.uint32(int(each) << DROPPED)
    bits = ordered & np.uint32((1 << 31) - 1) if ordered >> 31 else ~ordered
    return np.array([bits], np.uint32).view(np.float32)[0]

"""The judge of a comparison to compress."""

from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import EntropyCoded
from keras_ae.comparison.codec_curves import CompressionOutcome, CompressionSelection, bytes_ratio
from keras_ae.comparison.compression_figures import save_crops
from keras_ae.comparison.purpose import Judge
from keras_ae.compression import Codec
from keras_ae.data import ImageData
from keras_ae.evaluation import STANDARD_TITLES, RateCurve, encode, rate_curve, standard_curve, standard_formats

MOST_VALUES, MOST_IMAGES = 1 << 22, 200  # of the images to code
FITTED = 1_000  # training images whose codes are counted for the tables
STEPS = (2.0, 1.0, 0.5, 0.25, 0.125)  # quantisation steps, as fractions of the codes' deviation


class CompressionJudge(Judge):
    """Encodes validation and test images to files, and the same images in standard formats.

    Args:
        data: The comparison's images.
        reference: Name of the standard format to compare with.

    Raises:
        InputError: The images have neither one nor three channels, or Pillow cannot write the format.
    """

    def __init__(self, data: ImageData, reference: str):
        channels = data.image_shape[-1]
        if channels not in (1, 3):
            raise InputError(
                f"images of {channels} channels", "1 or 3, which standard formats have", "see --channels"
            )
        if reference not in standard_formats():
            received = f"the reference {STANDARD_TITLES[reference]}, which this Pillow was built without"
            raise InputError(received, ", ".join(standard_formats()), "give another --reference")
        self.data, self.reference = data, reference
        self._curves: dict[str, tuple[RateCurve, ...]] = {}  # of standard formats, by split

    def choose(self, path: Path, model) -> CompressionSelection:
        images = _some(self.data, "validation")
        (reference,) = self._standards("validation", (self.reference,), images)
        curve = rate_curve(path.name, self._codecs(model), images)
        return CompressionSelection(curve, reference, bytes_ratio(curve, reference))

    def measure(self, path: Path, model, selection: CompressionSelection) -> CompressionOutcome:
        images, codecs = _some(self.data, "test"), list(self._codecs(model))
        save_crops(path / "figures" / "crops.png", codecs[len(codecs) // 2][1], images)
        curve = rate_curve(path.name, codecs, images)
        formats = sorted(standard_formats(), key=lambda name: name != self.reference)
        missing = tuple(title for name, title in STANDARD_TITLES.items() if name not in formats)
        return CompressionOutcome(curve, self._standards("test", formats, images), missing)

    def _standards(self, split: str, formats: Sequence[str], images: np.ndarray) -> tuple[RateCurve, ...]:
        """Curves of standard formats, measured once for all candidates."""
        if split not in self._curves:
            self._curves[split] = tuple(standard_curve(name, images) for name in formats)
        return self._curves[split]

    def _codecs(self, model) -> Iterator[tuple[float, Codec]]:
        """The codec of an entropy-coded model with its weight, or one for each quantisation step otherwise."""
        if isinstance(model.bottleneck, EntropyCoded):
            yield model.bottleneck.weight, Codec.of(model)
            return
        images = _some(self.data, "train", FITTED)
        codes = encode(model, images)
        deviation = float(np.sqrt(codes.reshape(-1, codes.shape[-1]).var(axis=0).mean()))
        steps = [step * deviation for step in STEPS]
        yield from zip(steps, Codec.at_steps(model, images, steps), strict=True)


def _some(data: ImageData, split: str, most: int = MOST_IMAGES) -> np.ndarray:
    """Evenly spaced images of a split: `most`, fewer if they are large, but 8 of any size."""
    count = min(data.sizes[split], most, max(8, MOST_VALUES // prod(data.image_shape)))
    return data.images_at(split, np.linspace(0, data.sizes[split] - 1, count).astype(int))

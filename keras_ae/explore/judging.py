"""An exported detector's judgement of files and camera frames, for its page."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from keras_ae._support.errors import InputError
from keras_ae.data import Decoder, Preparation
from keras_ae.detection import CALIBRATION, ExportedDetector
from keras_ae.explore.images import LARGEST_FILE, ExploredImages

LONGEST = 768  # pixels of a picture's longer side; larger images are reduced


@dataclass(frozen=True)
class Judged:
    """A detector's judgement of one image.

    Attributes:
        image: float32 [h, w, 1 or 3] in [0, 1], as shown.
        heat: Anomaly map [h, w] of that size; None if the score has none.
        score: Score, higher for anomalies.
        p_value: Fraction of normal images that score as high or higher; None if the detector does not know it.
        normalized: The score on a scale from 0 to 1 with the threshold at 0.5; None likewise.
    """

    image: np.ndarray
    heat: np.ndarray | None
    score: float
    p_value: float | None
    normalized: float | None


class DetectorExploration:
    """An exported detector, which judges images of any size.

    Args:
        name: Name of the detector on the page.
        detector: Exported detector.
        images: Images to show, if there are any.
        notes: Remarks for the user on how it was opened, one line each.

    Example:
        >>> images = np.random.default_rng(0).random((100, 4, 4, 1), "float32")
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> _ = kae.AnomalyDetector(model, "mse").fit(images).export("exported")
        >>> explored = DetectorExploration("tiny", kae.detection.ExportedDetector("exported"))
        >>> judged = explored.judge(np.zeros((12, 9, 1), "uint8"))
        >>> judged.heat.shape, judged.score > explored.threshold, 0 < judged.p_value <= 1
        ((12, 9), True, True)
    """

    def __init__(
        self,
        name: str,
        detector: ExportedDetector,
        images: ExploredImages | None = None,
        notes: tuple[str, ...] = (),
    ):
        self.name, self.detector, self.images, self.notes = name, detector, images, tuple(notes)
        self.image_shape = detector.image_shape
        self._preparation = Preparation.from_record(detector.card.preparation)

    @property
    def threshold(self) -> float:
        """Score above which an image is an anomaly."""
        return self.detector.threshold

    @property
    def score_name(self) -> str:
        """Label of the score."""
        return self.detector.card.score["label"]

    @property
    def limits(self) -> tuple[float, float] | None:
        """Values of the darkest and the lightest colour of maps, if the card has them."""
        usual = self.detector.card.usual_map
        return None if usual is None else (usual[0], usual[1])

    def require_images(self) -> ExploredImages:
        """Returns the images; `InputError` if there are none."""
        if self.images is None:
            raise InputError(f"{self.name}, whose images are not known", "images to show", "give --data SOURCE")
        return self.images

    def read(self, content: bytes, name: str) -> np.ndarray:
        """Returns an image file unprepared: uint8 [h, w, channels of the detector].

        Raises:
            InputError: If it is not an image, or larger than 20 MB.
        """
        if len(content) > LARGEST_FILE:
            received = f"{name!r} of {len(content) / 1e6:.0f} MB"
            raise InputError(received, f"a file of at most {LARGEST_FILE / 1e6:.0f} MB", "make it smaller")
        decoder = Decoder(
            Preparation(white_level=self._preparation.white_level), 1 if self.image_shape[2] == 1 else 3
        )
        try:
            return decoder.decode(content, name)[0]
        except InputError as error:
            raise InputError(error.received, error.expected, "drop another file") from None

    def judge(self, image: np.ndarray) -> Judged:
        """Returns the judgement of one image [h, w, c]: uint8 of any size, or prepared, floats in [0, 1]."""
        pixels = image if image.dtype == np.uint8 else np.round(255 * np.asarray(image)).astype(np.uint8)
        # Prepared images are of the detector's size; as bytes they would be padded and cropped once more.
        given = image if image.shape == self.image_shape else pixels
        if self.detector.has_map:
            (score,), (heat,) = self.detector.score_and_map(given[None])
        else:
            (score,), heat = self.detector.score(given[None]), None
        p_value = normalized = None
        if (self.detector.path / CALIBRATION).exists():
            calibration = self.detector.calibration
            p_value = float(calibration.p_values([score])[0])
            normalized = float(calibration.normalized([score], self.threshold)[0])
        shown, heat = _shown(pixels, heat)
        return Judged(shown, heat, float(score), p_value, normalized)

    def warm_up(self) -> None:
        """Computes in advance what takes seconds the first time."""
        height, width = map(max, self.image_shape, self._preparation.smallest)
        self.judge(np.zeros((height, width, self.image_shape[2]), np.uint8))


def _shown(pixels: np.ndarray, heat: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns image and map, reduced if they are larger than a picture needs to be."""
    scale = LONGEST / max(pixels.shape[:2])
    if scale >= 1:
        return pixels.astype(np.float32) / 255, heat
    size = tuple(max(1, round(side * scale)) for side in reversed(pixels.shape[:2]))
    planes = [Image.fromarray(np.ascontiguousarray(pixels[..., c])) for c in range(pixels.shape[2])]
    image = np.stack([np.asarray(plane.resize(size)) for plane in planes], axis=-1).astype(np.float32) / 255
    if heat is not None:
        heat = np.asarray(Image.fromarray(heat).resize(size, Image.Resampling.BILINEAR))
    return image, heat

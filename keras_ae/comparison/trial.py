"""The normal images and anomalies that a comparison's candidates are to tell apart, as parts of splits."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.comparison.config import CompareConfig
from keras_ae.data import ArrayImages, ImageData, Split
from keras_ae.detection import SimulatedDefects, simulate_defects
from keras_ae.runs import are_normal, calibration_rows, label_names, normal_labels, seen_by

MOST = 10_000  # normal images that scores are fitted to
CHOSEN_BY = "chosen_by"  # folder of these anomalies' feature maps
CHOOSING = 2_000  # anomalies that scores and models are chosen by


@dataclass(frozen=True)
class Part:
    """Some images of a split.

    Attributes:
        data: All images, with their splits.
        split: Name of the split.
        rows: Indices of the images, int64 [n].
        made: Masks of simulated defects, bool [n, height, width]; None if masks, if any, come from files.
        folder: Folder within a cache for their feature maps; images of the splits need none.
    """

    data: ImageData
    split: str
    rows: np.ndarray
    made: np.ndarray | None = None
    folder: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen) -> "Part":
        """Returns the part of them at the given indices."""
        made = None if self.made is None else self.made[chosen]
        return replace(self, rows=self.rows[chosen], made=made)

    def images(self) -> np.ndarray:
        """Returns the images, float32 [n, height, width, channels]."""
        return self.data.images_at(self.split, self.rows)

    def masks(self) -> np.ndarray:
        """Returns masks of defects, bool [n, height, width]; all False if none is known."""
        return self.data.masks(self.split, self.rows) if self.made is None else self.made

    def has_mask(self) -> np.ndarray:
        """Returns which images have a known mask: bool [n]."""
        return np.ones(len(self), bool) if self.made is not None else self.data.has_mask(self.split)[self.rows]

    def seen(self, model, cache: Path):
        """A pipeline of the images as a model sees them: the images, or their feature maps, kept in `cache`."""
        data = seen_by(model, self.data, cache / self.folder, progress=False)
        return data.pipeline(self.split, rows=self.rows, shuffle=False)


@dataclass(frozen=True)
class AnomalyTrial:
    """The images that a comparison's candidates are to tell apart.

    Attributes:
        fitted: Normal training images.
        normal: Held-out normal images that choose scores and models and set thresholds; with patience, those that
            early stopping did not use.
        anomalous: Anomalies to choose by; none of them are test images.
        test_normal, test_anomalous: Test images, for the measurements at the end.
        kind: What the anomalies are, in words.
    """

    fitted: Part
    normal: Part
    anomalous: Part
    test_normal: Part
    test_anomalous: Part
    kind: str


def anomaly_trial(config: CompareConfig, data: ImageData) -> AnomalyTrial:
    """The images of a comparison to detect anomalies.

    The anomalies to measure on are the test images whose labels no normal image has (`normal_labels`); those to
    choose by are the training images that `train_labels` leaves out. If there are none, copies of held-out normal
    images with simulated defects (`simulate_defects`) stand in for them.

    Raises:
        InputError: There are no normal test images, or no others although `train_labels` are named.
    """
    wanted = config.data.train_labels
    known = normal_labels(data, wanted)
    is_normal = are_normal(data, "test", known)
    if not is_normal.any() or (wanted and is_normal.all()):
        received = f"test images of which all or none are of {', '.join(wanted) or 'labels that were trained on'}"
        action = "give test images of both kinds, or other --train-labels"
        raise InputError(received, "normal images and others to test on", action)
    fitted = Part(data, "train", _some(data.sizes.train, MOST, data.seed))
    normal = Part(data, "validation", calibration_rows(data, config.training))
    test = Part(data, "test", np.flatnonzero(is_normal))
    if known is None or is_normal.all():
        known_ones, simulated = None, simulate_defects(test.images(), seed=data.seed + 1)
        tested, kind = _as_part(data, simulated, "tested"), _in_words(simulated)
    else:
        known_ones = _other_training_images(config, known)
        tested = Part(data, "test", np.flatnonzero(~is_normal))
        kind = f"images that are not of {', '.join(label_names(data, known))}"
    if known_ones is not None:
        chosen_by = _as_part(data, known_ones, CHOSEN_BY)
    else:
        simulated = simulate_defects(normal.images(), seed=data.seed)
        chosen_by = _as_part(data, simulated, CHOSEN_BY)
        kind = kind if is_normal.all() else f"{kind} (to choose by: {_in_words(simulated)})"
    return AnomalyTrial(fitted, normal, chosen_by, test, tested, kind)


def _in_words(made: SimulatedDefects) -> str:
    return f"copies with simulated defects ({', '.join(dict.fromkeys(made.kinds))})"


def _as_part(data: ImageData, made: SimulatedDefects | np.ndarray, folder: str) -> Part:
    """Images outside the splits, as a part of an `ImageData` of their own."""
    images, masks = (made.images, made.masks) if isinstance(made, SimulatedDefects) else (made, None)
    splits = {name: Split(ArrayImages(images[:0]), None) for name in ("validation", "test")}
    own = ImageData(
        "anomalies",
        {"train": Split(ArrayImages(images), None), **splits},
        batch_size=data.batch_size,
        seed=data.seed,
    )
    return Part(own, "train", np.arange(len(images)), masks, folder)


def _other_training_images(config: CompareConfig, known: np.ndarray) -> np.ndarray | None:
    """Some training images that `train_labels` left out, if there are any."""
    if not config.data.train_labels:
        return None
    whole = replace(config, data=replace(config.data, train_labels=())).load_data(progress=False)
    others = np.flatnonzero(~np.isin(whole.labels("train"), known))
    return whole.images_at("train", others[_some(len(others), CHOOSING, whole.seed)]) if len(others) else None


def _some(count: int, most: int, seed: int) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])

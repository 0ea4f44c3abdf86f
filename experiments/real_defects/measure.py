"""Measures detectors of magnetic tiles; see README.md."""

import argparse
import csv
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np

import keras_ae as kae
from experiments.real_defects.detectors import CANDIDATES, CHOSEN, EVENED, LARGER, SIZE, Candidate
from experiments.real_defects.tiles import Division, Tiles, divide, load_tiles
from keras_ae._support.execution import compiled
from keras_ae.detection import (
    Calibration,
    NormalImages,
    Observation,
    PixelCounts,
    Score,
    measure_detection,
    recall_by_kind,
)
from keras_ae.detection.scores.maps import image_sized
from keras_ae.features import scaled_per_image

FPR = 0.05
COLUMNS = ("detector", "split", "normalized_by", "seed")
AT_ONCE = 16
# (candidates, seeds, whether tile by tile, whether each image's features are normalised by themselves)
FEW = (CHOSEN, "gaussian", "gaussian-padim", "patches")
TRAINED = ("features-1x1", "features-3x3", "features-linear-16")
SPREADS = (CHOSEN, "gaussian", "spread-16")
PRESETS = {
    "quick": [((CHOSEN,), 1, True, True)],
    "larger": [(LARGER, 3, True, True)],
    "chosen": [((CHOSEN,), 3, True, True), ((CHOSEN,), 1, False, True)],
    "cpu": [
        (SPREADS, 3, True, True),
        (EVENED, 3, True, True),
        (LARGER, 3, True, True),
        (EVENED, 3, False, True),
        (FEW, 3, True, True),
        (TRAINED, 3, True, True),
        ((CHOSEN, "gaussian", "gaussian-padim"), 1, True, False),
        ((CHOSEN, "gaussian", "spread-16"), 1, False, True),
    ],
    "full": [
        (tuple(CANDIDATES), 3, by_tile, per_image) for by_tile in (True, False) for per_image in (True, False)
    ],
}


class Features:
    """A frozen network, not adapted yet, and its maps of all images: made once for each choice of layers."""

    def __init__(self, tiles: Tiles, size: int = SIZE):
        self._tiles, self._size, self._seen = tiles, size, None

    def maps(self, candidate: Candidate, per_image: bool) -> tuple:
        """Network and maps [n, rows, columns, channels]."""
        if candidate.seen != self._seen:
            shape = self._tiles.images.shape[1:]
            network = kae.architectures.features(
                candidate.backbone,
                layers=candidate.layers,
                size=self._size,
                image_shape=shape,
                neighbours=candidate.neighbours,
                even_light=candidate.evened,
            )
            function = compiled(lambda images: network(images))
            raw = np.concatenate([np.asarray(function(batch)) for batch in batches(self._tiles.images)])
            self._seen, self._network, self._raw = candidate.seen, network, raw
        scaled = [np.asarray(scaled_per_image(some)) if per_image else some for some in batches(self._raw)]
        return self._network, np.concatenate(scaled)


@dataclass(frozen=True)
class Fitted:
    """A detector that was fitted to the training tiles of a division.

    Attributes:
        model: What scores look at: an autoencoder, or the features themselves.
        score: The fitted score.
        maps: The normalised feature maps [n, rows, columns, channels] of all images.
        seconds: What the fit took.
    """

    model: keras.Model
    score: Score
    maps: np.ndarray
    seconds: float

    @cached_property
    def _values(self):
        return compiled(lambda batch: self.score.values(Observation(self.model, batch)))

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Scores of the images of these numbers."""
        return np.concatenate([np.asarray(self._values(some), np.float64) for some in batches(self.maps[rows])])

    def pixel_maps(self, tiles: Tiles, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Batches of numbers of images and their maps [n, height, width], as large as the images."""

        def sized(batch, images):
            return image_sized(self.score.map(Observation(self.model, batch)), Observation(self.model, images))

        function = compiled(sized)
        for some in batches(rows):
            yield some, np.asarray(function(self.maps[some], np.float32(tiles.images[some])))


def fit(features, raw: np.ndarray, division: Division, name: str, seed: int) -> Fitted:
    """One detector, fitted to the training tiles of a division."""
    mean, deviation = (function(raw[division.train], axis=(0, 1, 2)) for function in (np.mean, np.std))
    features.mean.assign(mean)
    features.deviation.assign(deviation)
    maps = (raw - mean) / deviation
    start = time.perf_counter()
    model = CANDIDATES[name].model(features, maps[division.train], seed)
    score = CANDIDATES[name].score().fit(NormalImages(model, list(batches(maps[division.train]))))
    return Fitted(model, score, maps, time.perf_counter() - start)


def measure(tiles: Tiles, features, raw: np.ndarray, division: Division, name: str, seed: int) -> dict:
    """A row: image and pixel measures of one detector, on test tiles and test defects."""
    fitted = fit(features, raw, division, name, seed)
    calibration = Calibration(fitted.scores(division.calibration), FPR)
    normal, anomalous = fitted.scores(division.test), fitted.scores(division.defects)
    measured = measure_detection(normal, anomalous, calibration.threshold)
    chosen_by = float("nan")
    if len(division.development):
        chosen_by = measure_detection(calibration.scores, fitted.scores(division.development))["roc_auc"]
    counts = PixelCounts()
    for some, found in fitted.pixel_maps(tiles, np.concatenate([division.test, division.defects])):
        counts.add(found, tiles.masks[some])
    kinds = recall_by_kind(anomalous, tiles.kinds[division.defects], calibration.threshold)
    kinds = {f"recall_{kind}": recall for kind, recall in kinds.items()}
    pixels = {f"pixel_{key}": value for key, value in asdict(counts.measures()).items()}
    return {**measured, **pixels, **kinds, "development_roc_auc": chosen_by, "fit_seconds": fitted.seconds}


def batches(array: np.ndarray):
    return (array[start : start + AT_ONCE] for start in range(0, len(array), AT_ONCE))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=PRESETS, default="cpu")
    parser.add_argument("--data", type=Path, required=True, help="directory with magnetic_tile.zip")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write; rows that it has are kept")
    arguments = parser.parse_args()
    tiles = load_tiles(arguments.data / "magnetic_tile.zip")
    rows = list(csv.DictReader(arguments.out.open())) if arguments.out.exists() else []
    done = {(row["detector"], row["split"], row["normalized_by"], row["seed"]) for row in rows}
    features = Features(tiles)
    for names, seeds, by_tile, per_image in PRESETS[arguments.preset]:
        for name in sorted(names, key=lambda name: CANDIDATES[name].seen):
            for seed in range(seeds):
                key = (name, "tile" if by_tile else "random", "image" if per_image else "all", str(seed))
                if key in done:
                    continue
                done.add(key)
                network, maps = features.maps(CANDIDATES[name], per_image)
                row = measure(tiles, network, maps, divide(tiles, seed, by_tile), name, seed)
                rows.append(dict(zip(COLUMNS, key, strict=True)) | row)
                _write(arguments.out, rows)
                print(
                    name, key[1], seed, f"{row['roc_auc']:.3f} {row['pixel_roc_auc']:.3f} {row['pixel_aupro']:.3f}"
                )


def _write(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()

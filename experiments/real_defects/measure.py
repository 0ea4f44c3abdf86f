"""Measures detectors of magnetic tiles; see README.md."""

import argparse
import csv
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

import keras_ae as kae
from experiments.real_defects.detectors import CANDIDATES, CHOSEN, EVENED, SIZE, Candidate
from experiments.real_defects.tiles import Division, Tiles, divide, load_tiles
from keras_ae._support.execution import compiled
from keras_ae.detection import (
    Calibration,
    NormalImages,
    Observation,
    PixelCounts,
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
SPREADS = (CHOSEN, "gaussian", "spread-16")
PRESETS = {
    "quick": [((CHOSEN,), 1, True, True)],
    "chosen": [((CHOSEN,), 3, True, True), ((CHOSEN,), 1, False, True)],
    "cpu": [
        (SPREADS, 3, True, True),
        (EVENED, 3, True, True),
        (EVENED, 1, False, True),
        ((CHOSEN, "gaussian", "gaussian-padim"), 1, True, False),
        ((CHOSEN,), 1, False, True),
        (FEW, 1, True, True),
        (tuple(CANDIDATES), 1, True, True),
        (FEW, 3, True, True),
    ],
    "full": [
        (tuple(CANDIDATES), 3, by_tile, per_image) for by_tile in (True, False) for per_image in (True, False)
    ],
}


class Features:
    """The frozen network, not adapted yet, and its maps of all images: made once for each choice of layers."""

    def __init__(self, tiles: Tiles):
        self._tiles, self._layers = tiles, None

    def maps(self, candidate: Candidate, per_image: bool) -> tuple:
        """Network and maps [n, rows, columns, channels]."""
        layers = candidate.layers, candidate.neighbours, candidate.evened
        if layers != self._layers:
            shape = self._tiles.images.shape[1:]
            network = kae.architectures.features(
                layers=candidate.layers,
                size=SIZE,
                image_shape=shape,
                neighbours=candidate.neighbours,
                even_light=candidate.evened,
            )
            function = compiled(lambda images: network(images))
            raw = np.concatenate([np.asarray(function(batch)) for batch in _batches(self._tiles.images)])
            self._layers, self._network, self._raw = layers, network, raw
        scaled = [np.asarray(scaled_per_image(some)) if per_image else some for some in _batches(self._raw)]
        return self._network, np.concatenate(scaled)


def measure(tiles: Tiles, features, raw: np.ndarray, division: Division, name: str, seed: int) -> dict:
    """A row: image and pixel measures of one detector, on test tiles and test defects."""
    mean, deviation = (function(raw[division.train], axis=(0, 1, 2)) for function in (np.mean, np.std))
    features.mean.assign(mean)
    features.deviation.assign(deviation)
    maps = (raw - mean) / deviation
    start = time.perf_counter()
    model = CANDIDATES[name].model(features, maps[division.train], seed)
    score = CANDIDATES[name].score().fit(NormalImages(model, list(_batches(maps[division.train]))))
    seconds = time.perf_counter() - start
    values = compiled(lambda batch: score.values(Observation(model, batch)))

    def scores(rows):
        return np.concatenate([np.asarray(values(batch), np.float64) for batch in _batches(maps[rows])])

    calibration = Calibration(scores(division.calibration), FPR)
    normal, anomalous = scores(division.test), scores(division.defects)
    measured = measure_detection(normal, anomalous, calibration.threshold)
    chosen_by = measure_detection(calibration.scores, scores(division.development))["roc_auc"]
    rows = np.concatenate([division.test, division.defects])
    pixels = _pixels(tiles, model, score, maps, rows)
    kinds = recall_by_kind(anomalous, tiles.kinds[division.defects], calibration.threshold)
    kinds = {f"recall_{kind}": recall for kind, recall in kinds.items()}
    pixels = {f"pixel_{key}": value for key, value in asdict(pixels).items()}
    return {**measured, **pixels, **kinds, "development_roc_auc": chosen_by, "fit_seconds": seconds}


def _pixels(tiles: Tiles, model, score, maps: np.ndarray, rows: np.ndarray):
    """Measures of the maps at the images' own size, of test images alone."""

    def sized(batch, images):
        seen = Observation(model, batch)
        values = score.map(seen)
        return image_sized(values, Observation(model, images))

    function, counts = compiled(sized), PixelCounts()
    for some in _batches(rows):
        counts.add(np.asarray(function(maps[some], np.float32(tiles.images[some]))), tiles.masks[some])
    return counts.measures()


def _batches(array: np.ndarray):
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
        for name in sorted(names, key=lambda name: (CANDIDATES[name].evened, CANDIDATES[name].layers)):
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

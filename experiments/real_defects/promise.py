"""Whether false alarms are as many as promised: calibrations drawn again and again from one set of scores."""

import argparse
from pathlib import Path

import numpy as np

import keras_ae as kae
from experiments.real_defects.detectors import CANDIDATES, CHOSEN, SIZE
from experiments.real_defects.tiles import NORMAL, Tiles, load_tiles
from keras_ae.detection import Calibration
from keras_ae.report.results import write_table

FITTED = 0.4  # part of the tiles that the score is fitted to
REPETITIONS, RATE, AT_ONCE = 200, 0.05, 16
WAYS = {
    "by tile, tiles told": (True, True),
    "by tile, as if each image were another tile": (True, False),
    "at random, image by image": (False, False),
}


def scores_of(tiles: Tiles, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores and tiles of the normal images that the score was not fitted to."""
    normal = np.flatnonzero(tiles.kinds == NORMAL)
    names = np.unique(tiles.tiles[normal])
    np.random.default_rng(seed).shuffle(names)
    fitted = np.isin(tiles.tiles, names[: round(FITTED * len(names))]) & (tiles.kinds == NORMAL)
    features = kae.architectures.features(
        size=SIZE, image_shape=tiles.images.shape[1:], neighbours=3, per_image=True
    )
    features.adapt(tiles.images[fitted])
    detector = kae.AnomalyDetector(features, CANDIDATES[CHOSEN].score(), holdout=0, batch_size=AT_ONCE)
    rest = normal[~fitted[normal]]
    return detector.fit(tiles.images[fitted]).anomaly_scores(tiles.images[rest]), tiles.tiles[rest]


def repeat(scores: np.ndarray, tiles: np.ndarray, by_tile: bool, told: bool) -> tuple[float, float]:
    """The part of the repetitions in which the false alarms lie within the promised interval; their mean rate.

    Args:
        scores: Scores [n] of normal images.
        tiles: The tile [n] that each shows.
        by_tile: Whether half of the tiles set the threshold, or half of the images.
        told: Whether calibrations know the tiles.
    """
    within, rates = [], []
    for seed in range(REPETITIONS):
        units = tiles if by_tile else np.arange(len(scores))
        names = np.random.default_rng(seed).permutation(np.unique(units))
        chosen = np.isin(units, names[: len(names) // 2])
        calibration = Calibration(scores[chosen], RATE, tiles[chosen] if told else None)
        alarms = int(np.sum(scores[~chosen] > calibration.threshold))
        low, high = calibration.alarms_interval(int(np.sum(~chosen)), groups=tiles[~chosen] if told else None)
        within.append(low <= alarms <= high)
        rates.append(alarms / np.sum(~chosen))
    return float(np.mean(within)), float(np.mean(rates))


def main() -> None:
    import pandas

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="directory with magnetic_tile.zip")
    parser.add_argument("--out", type=Path, required=True, help="table to write, such as results/promise.md")
    arguments = parser.parse_args()
    scores, tiles = scores_of(load_tiles(arguments.data / "magnetic_tile.zip"))
    rows = []
    for name, (by_tile, told) in WAYS.items():
        within, rate = repeat(scores, tiles, by_tile, told)
        rows.append({"divided": name, "within the interval": f"{within:.1%}", "false alarms": f"{rate:.1%}"})
    table = pandas.DataFrame(rows)
    print(table.to_string())
    write_table(table, arguments.out)


if __name__ == "__main__":
    main()

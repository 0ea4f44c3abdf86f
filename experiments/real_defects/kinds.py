"""What each kind of defect costs: the measures of one detector, of normal tiles and one kind at a time."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas

from experiments.real_defects.claims import with_range
from experiments.real_defects.detectors import CANDIDATES
from experiments.real_defects.measure import Features, Fitted, fit
from experiments.real_defects.tiles import Division, Tiles, divide, load_tiles
from keras_ae.detection import PixelCounts, measure_detection
from keras_ae.report.results import write_table

ALL, BUT = "all", "all but "
HARDEST = "Uneven"
DIVISIONS = 3
PIXELS = 16  # of the images' sides to a position of the maps


def rows(tiles: Tiles, fitted: Fitted, division: Division) -> Iterator[dict]:
    """A row for each kind of defect, one for all of them, and one for all but the hardest."""
    kinds = tiles.kinds[division.defects]
    groups = {kind: kinds == kind for kind in np.unique(kinds)}
    groups |= {ALL: np.ones(len(kinds), bool), BUT + HARDEST: kinds != HARDEST}
    counts = {name: PixelCounts() for name in groups}
    members = {name: np.concatenate([division.test, division.defects[chosen]]) for name, chosen in groups.items()}
    for some, maps in fitted.pixel_maps(tiles, np.concatenate([division.test, division.defects])):
        for name, count in counts.items():
            mine = np.isin(some, members[name])
            count.add(maps[mine], tiles.masks[some][mine])
    normal, anomalous = fitted.scores(division.test), fitted.scores(division.defects)
    for name, chosen in groups.items():
        pixels = counts[name].measures()
        yield {
            "defects": name,
            "images": int(chosen.sum()),
            "part of an image": float((tiles.masks[division.defects[chosen]] > 0).mean()),
            "image ROC AUC": measure_detection(normal, anomalous[chosen])["roc_auc"],
            "pixel ROC AUC": pixels.roc_auc,
            "AUPRO": pixels.aupro,
        }


def summary(table: pandas.DataFrame) -> pandas.DataFrame:
    """Mean over the divisions, and from where to where."""
    parts = []
    for name, of_kind in table.groupby("defects", sort=False):
        row = {"defects": name, "images": int(of_kind["images"].iloc[0])}
        row["part of an image"] = f"{of_kind['part of an image'].mean():.1%}"
        for measure in ("image ROC AUC", "pixel ROC AUC", "AUPRO"):
            row[measure] = with_range(of_kind[measure], "{:.3f}")
        parts.append(row)
    return pandas.DataFrame(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detector", choices=CANDIDATES, default="evened")
    parser.add_argument("--side", type=int, default=256, help="pixels of the images, a multiple of 16")
    parser.add_argument("--data", type=Path, required=True, help="directory with magnetic_tile.zip")
    parser.add_argument("--out", type=Path, required=True, help="table to write, such as results/kinds.md")
    arguments = parser.parse_args()
    tiles = load_tiles(arguments.data / "magnetic_tile.zip", arguments.side)
    network, maps = Features(tiles, arguments.side // PIXELS).maps(CANDIDATES[arguments.detector], per_image=True)
    found = []
    for seed in range(DIVISIONS):
        division = divide(tiles, seed)
        found += rows(tiles, fit(network, maps, division, arguments.detector, seed), division)
    table = summary(pandas.DataFrame(found))
    print(table.to_string(index=False))
    write_table(table, arguments.out)


if __name__ == "__main__":
    main()

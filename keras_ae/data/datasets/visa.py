"""One product of VisA (Zou et al., 2022): a CSV file lists the training images and the masks."""

from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae.data.collection import TEST, TRAIN, Collection, Part
from keras_ae.data.datasets.folders import SPLITS, check_folder, subfolders
from keras_ae.data.label_names import numbered
from keras_ae.data.tables import read_table

TABLE, KINDS = "split_csv/1cls.csv", "image_anno.csv"
NORMAL, SEVERAL = "normal", "combined"
_COLUMNS = ("object", "split", "label", "image", "mask")
_EXPECTED = f"a product's folder of VisA, beside {TABLE}"


def open_visa(path: str | Path) -> Collection:
    """Opens the images of one product, `visa:VisA/candle`, divided as in `VisA/split_csv/1cls.csv`.

    Labels are "normal" and the kinds of defects from the product's own `image_anno.csv` ("combined" for several at
    once), or "anomaly" without it. As in Zou et al., "SPot-the-Difference Self-Supervised Pre-training for Anomaly
    Detection and Segmentation", 2022.

    Raises:
        InputError: If the folder is not such a product, or the table lists missing files.
    """
    folder = Path(path).expanduser()
    check_folder(folder)
    root, product = folder.parent, folder.resolve().name
    if (folder / TABLE).is_file():
        products = [name for name in subfolders(folder) if (folder / name / "Data").is_dir()]
        action = f"name one, such as visa:{folder / products[0]}" if products else ""
        raise InputError(f"the folder {str(folder)!r} of all products", _EXPECTED, action)
    if not (root / TABLE).is_file():
        raise InputError(f"the folder {str(folder)!r} without {TABLE} beside it", _EXPECTED, "check the path")
    rows = [row for row in read_table(root / TABLE, _COLUMNS, _COLUMNS) if row["object"] == product]
    if not rows:
        raise InputError(f"{str(root / TABLE)!r}, which has no row of {product!r}", _EXPECTED, "check the path")
    _check_rows(root, rows)
    kinds = _kinds(folder)
    by_part = {part: [row for row in rows if SPLITS[row["split"].lower()] == part] for part in (TRAIN, TEST)}
    names, labels = numbered({part: [_kind(row, kinds) for row in some] for part, some in by_part.items()})
    parts = {
        part: Part(
            tuple(row["image"] for row in some),
            labels[part],
            tuple(row["mask"] for row in some) if any(row["mask"] for row in some) else None,
        )
        for part, some in by_part.items()
    }
    return Collection(parts, names, (), root)


def _check_rows(root: Path, rows: list[dict[str, str]]) -> None:
    table = str(root / TABLE)
    for row in rows:
        if SPLITS.get(row["split"].lower()) not in (TRAIN, TEST):
            raise InputError(f"{table!r} with the split {row['split']!r}", "train or test", "correct it")
        for column in ("image", "mask"):
            if row[column] and not (root / row[column]).is_file():
                raise InputError(
                    f"{table!r}, whose {column} {row[column]!r} is not there", _EXPECTED, "unpack it anew"
                )
    for part in (TRAIN, TEST):
        if not any(SPLITS[row["split"].lower()] == part for row in rows):
            raise InputError(f"{table!r} without {part} images of {rows[0]['object']!r}", _EXPECTED, "correct it")


def _kinds(folder: Path) -> dict[str, str]:
    """Returns the kind of defect by image path, from the product's own table; empty without the table."""
    path = folder / KINDS
    if not path.is_file():
        return {}
    kinds = {row["image"]: row["label"] for row in read_table(path, ("image", "label"), ("image", "label"))}
    return {image: SEVERAL if "," in kind else kind for image, kind in kinds.items()}


def _kind(row: dict[str, str], kinds: dict[str, str]) -> str:
    return row["label"] if row["label"] == NORMAL else kinds.get(row["image"]) or row["label"]

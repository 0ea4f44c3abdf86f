"""CelebA (Liu et al., 2015), aligned and cropped: 202,599 faces, 178 wide and 218 high, with 40 attributes."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_ae._support.directories import temporary_directory
from keras_ae._support.errors import InputError
from keras_ae._support.files import write_csv
from keras_ae.data.collection import ALL, TEST, TRAIN, VALIDATION, Collection, Part
from keras_ae.data.datasets.tensorflow_datasets import read_files

if TYPE_CHECKING:
    from tensorflow_datasets.core import DatasetBuilder

ATTRIBUTES = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips",
    "Big_Nose", "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin",
    "Eyeglasses", "Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open",
    "Mustache", "Narrow_Eyes", "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline",
    "Rosy_Cheeks", "Sideburns", "Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat",
    "Wearing_Lipstick", "Wearing_Necklace", "Wearing_Necktie", "Young",
)  # fmt: skip
# The official partition, in the order of the numbers: the first image of each part, and the last image.
FIRST = {TRAIN: 1, VALIDATION: 162_771, TEST: 182_638}
COUNT = 202_599

IMAGES, ATTRIBUTE_FILE = "img_align_celeba", "list_attr_celeba"
_NAME = re.compile(r"\d{6}\.jpg")


def file_name(number: int) -> str:
    return f"{number:06}.jpg"


def find_official(directory: Path) -> Path | None:
    """Finds the folder `img_align_celeba/` in the directory or in its `celeb_a/`, `celeba/` or `CelebA/`.

    It may be in the official `Img/`, or in another `img_align_celeba/`, as some archives have it.
    """
    for home in (directory / name for name in ("celeb_a", "celeba", "CelebA", "")):
        for folder in (home / IMAGES / IMAGES, home / IMAGES, home / "Img" / IMAGES):
            if folder.is_dir() and any(_NAME.fullmatch(entry.name) for entry in os.scandir(folder)):
                return folder
    return None


def open_official(folder: Path) -> Collection:
    """Returns the images in number order: "train", "validation" and "test" if all are there, else "all".

    Labels are int32 [n, 40], 1 where an attribute is present, from `list_attr_celeba.txt` or `.csv` beside the
    images or in `Anno/`; without that file there are no labels, and a note says so.

    Raises:
        InputError: If the attribute file is damaged or lacks an image.
    """
    names = tuple(sorted(entry.name for entry in os.scandir(folder) if _NAME.fullmatch(entry.name)))
    attributes = _find_attributes(folder)
    labels = None if attributes is None else _labels(attributes, names)
    whole = Part(names, labels)
    notes = () if attributes else (f"no {ATTRIBUTE_FILE}.txt or .csv near {str(folder)!r}: no labels",)
    if len(names) == COUNT:
        ends = [first - 1 for first in FIRST.values()] + [COUNT]
        parts = {part: whole.stretch(*ends[i : i + 2]) for i, part in enumerate(FIRST)}
    else:
        parts, notes = {ALL: whole}, (*notes, f"{len(names)} of the {COUNT} images: no official parts")
    return Collection(parts, ATTRIBUTES if attributes else None, notes, folder)


def open_unpacked(cache: Path, prepared: Callable[[], "DatasetBuilder"]) -> Collection:
    """Opens TensorFlow Datasets' copy as files in the official layout: unpacked once, then streamed.

    Args:
        cache: Holds the files, 1.4 GB, in `celeb_a/`.
        prepared: Returns the builder, called if they are not there yet.

    Raises:
        InputError: If the files cannot be written.
    """
    home = cache / "celeb_a"
    if not (home / IMAGES).is_dir():  # it gets its name once it is complete
        try:
            _unpack(prepared(), home)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(
                f"the folder {str(home)!r} ({reason})",
                "a place for 1.4 GB of files",
                "give another data directory",
            ) from error
    return open_official(home / IMAGES)


def _file_names_from(first: int) -> Callable[[int], str]:
    return lambda position: file_name(first + position)


def _unpack(builder: "DatasetBuilder", home: Path) -> None:
    """Writes the images and `list_attr_celeba.csv` into `home`."""
    home.mkdir(parents=True, exist_ok=True)
    table_file = home / f"{ATTRIBUTE_FILE}.csv"
    rows = []
    with temporary_directory(home / IMAGES) as partial:
        for part, first in FIRST.items():
            for name, example in read_files(builder, part, _file_names_from(first)):
                (partial / name).write_bytes(example["image"])
                present = (1 if example["attributes"][attribute] else -1 for attribute in ATTRIBUTES)
                rows.append({"image_id": name} | dict(zip(ATTRIBUTES, present, strict=True)))
        if not (home / IMAGES).is_dir():  # another process may have come first
            write_csv(table_file, rows)
            partial.rename(home / IMAGES)


def _find_attributes(folder: Path) -> Path | None:
    for home in (folder.parent, folder.parent.parent):
        for place in (home, home / "Anno"):
            for extension in ("txt", "csv"):
                if (file := place / f"{ATTRIBUTE_FILE}.{extension}").is_file():
                    return file
    return None


def _labels(path: Path, names: tuple[str, ...]) -> np.ndarray:
    """Returns int32 [n, 40] of 0 and 1; the file has -1 and 1."""
    import pandas

    try:
        if path.suffix == ".csv":
            table = pandas.read_csv(path, index_col=0)
        else:  # the number of images, the attributes, then a name and 40 numbers a line
            table = pandas.read_csv(path, sep=r"\s+", skiprows=1, index_col=0)
        values = table.loc[list(names), list(ATTRIBUTES)].to_numpy()
        if not np.isin(values, (-1, 0, 1)).all():
            raise ValueError("values other than -1, 0 and 1")
    except (KeyError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"the attributes {str(path)!r} ({reason})", "the 40 attributes of every image", "use the official file"
        ) from error
    return (values > 0).astype(np.int32)

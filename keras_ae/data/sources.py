"""The sources that `load` understands; opens one by its name."""

import os
from dataclasses import dataclass
from pathlib import Path

from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.schemes import check_local
from keras_ae.data.collection import Collection
from keras_ae.data.datasets.folders import open_folder
from keras_ae.data.datasets.manifest import open_manifest
from keras_ae.data.datasets.mvtec import open_mvtec
from keras_ae.data.datasets.named import DATASETS, open_dataset, origin
from keras_ae.data.datasets.npz import open_npz
from keras_ae.data.datasets.shards import open_shards
from keras_ae.data.datasets.visa import open_visa
from keras_ae.data.preparation import Resize
from keras_ae.data.remote import local_copy

# How to open each form of source, and its description.
_FORMS = {
    "folder": (
        open_folder,
        "image files in any nesting, with train/ and test/ or divided at random; masks beside them",
    ),
    "mvtec": (open_mvtec, "a product as MVTec AD has it: train/good, test/KIND, masks in ground_truth/KIND"),
    "visa": (open_visa, "a product of VisA, divided and described by CSV files"),
    "manifest": (open_manifest, "a CSV file with the columns path, and label, split, mask, group where known"),
    "shards": (open_shards, "tar files of many images each, which keras-ae data shard writes"),
    "npz": (open_npz, "x_train, x_test, y_train, y_test, or x or images with y or labels"),
}


@dataclass(frozen=True)
class Source:
    """A source that `load` understands.

    Attributes:
        name: Name for `load`, such as "mnist" or "folder:PATH".
        description: One-line description for users.
        origin: Where `load` would take the images from at present.

    Example:
        >>> digits = next(source for source in kae.data.sources() if source.name == "digits")
        >>> isinstance(digits, kae.data.Source), digits.origin
        (True, 'comes with scikit-learn')
    """

    name: str
    description: str
    origin: str


def sources(data_dir: str | os.PathLike | None = None) -> list[Source]:
    """Returns all sources. Nothing is downloaded or imported to find out.

    Args:
        data_dir: The directory of named data sets, as for `load`.

    Example:
        >>> [source.name for source in kae.data.sources()][-2:]
        ['shards:PATH', 'npz:PATH']
    """
    return [
        *(Source(name, dataset.description, origin(name, data_dir)) for name, dataset in DATASETS.items()),
        *(Source(f"{form}:PATH", description, "PATH") for form, (_, description) in _FORMS.items()),
    ]


def open_source(
    source: str | os.PathLike, data_dir: str | os.PathLike | None, masks: str | None = None
) -> Collection:
    """Returns the images of a source.

    Args:
        source, data_dir: As for `load`.
        masks: Where the masks in a folder are (`masks_by_pattern`).

    Raises:
        InputError: If there is no such source, or it cannot be read.
    """
    source = os.fspath(source)
    form, colon, path = source.partition(":")
    if masks is not None and form != "folder":
        raise InputError(f"masks={masks!r} for {source!r}", "a source folder:PATH", "leave out --masks")
    if colon and form in _FORMS:
        if not path:
            raise InputError(f"the source {source!r}", f"a path after {form}:", f"write {form}:PATH")
        path = local_copy(path)
        return open_folder(path, masks) if form == "folder" else _FORMS[form][0](path)
    if source in DATASETS:
        return open_dataset(source, data_dir)
    raise _unknown(source)


def default_resize(source: str | os.PathLike) -> Resize:
    """Returns the default treatment of images of other proportions: a user's own are kept whole.

    Example:
        >>> kae.data.default_resize("mnist"), kae.data.default_resize("folder:photographs")
        ('crop', 'stretch')
    """
    return "stretch" if os.fspath(source).partition(":")[0] in _FORMS else "crop"


def _unknown(source: str) -> InputError:
    check_local(source)
    path = Path(source).expanduser()
    if not source or not path.exists():
        return unknown_name("the source", source, [*DATASETS, *(f"{form}:PATH" for form in _FORMS)])
    expected = "a source's name, folder:PATH or npz:PATH"
    action = f"write folder:{source}" if path.is_dir() else _of_a_file(path)
    return InputError(f"the path {source!r} as the source", expected, action)


def _of_a_file(path: Path) -> str:
    """Returns what to do with a file instead of giving its bare path."""
    form = {".csv": "manifest", ".npz": "npz"}.get(path.suffix.lower())
    if form:
        return f"write {form}:{path}"
    if path.suffix.lower() in (".zip", ".tar", ".gz", ".tgz", ".7z"):
        return "unpack it, and give the folder as folder:PATH"
    return "put images into a folder, and give it as folder:PATH"

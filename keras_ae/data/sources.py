"""The sources that `load` understands, and opening one by its name."""

import os
from dataclasses import dataclass
from pathlib import Path

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.data.collection import Collection
from keras_ae.data.datasets.folders import open_folder
from keras_ae.data.datasets.named import DATASETS, open_dataset, origin
from keras_ae.data.datasets.npz import open_npz
from keras_ae.data.preparation import Resize

_FORMS = {"folder": open_folder, "npz": open_npz}


@dataclass(frozen=True)
class Source:
    """A source that `load` understands.

    Attributes:
        name: What `load` takes, such as "mnist" or "folder:PATH".
        description: One line for people.
        origin: Where the images would come from here and now.

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
        ['folder:PATH', 'npz:PATH']
    """
    return [
        *(Source(name, dataset.description, origin(name, data_dir)) for name, dataset in DATASETS.items()),
        Source("folder:PATH", "image files in any nesting, with train/ and test/ or divided at random", "PATH"),
        Source("npz:PATH", "x_train, x_test, y_train, y_test, or x or images with y or labels", "PATH"),
    ]


def open_source(source: str | os.PathLike, data_dir: str | os.PathLike | None) -> Collection:
    """Returns the images of a source.

    Raises:
        InputError: There is no such source, or it cannot be read.
    """
    source = os.fspath(source)
    form, colon, path = source.partition(":")
    if colon and form in _FORMS:
        if not path:
            raise InputError(f"the source {source!r}", f"a path after {form}:", f"write {form}:PATH")
        return _FORMS[form](path)
    if source in DATASETS:
        return open_dataset(source, data_dir)
    raise _unknown(source)


def default_resize(source: str | os.PathLike) -> Resize:
    """Returns what becomes of images of other proportions, where nobody says: a user's own are kept whole.

    Example:
        >>> kae.data.default_resize("mnist"), kae.data.default_resize("folder:photographs")
        ('crop', 'stretch')
    """
    return "stretch" if os.fspath(source).partition(":")[0] in _FORMS else "crop"


def _unknown(source: str) -> InputError:
    path = Path(source).expanduser()
    if not source or not path.exists():
        return unknown_name("the source", source, [*DATASETS, "folder:PATH", "npz:PATH"])
    form = "npz" if path.is_file() else "folder"
    expected = "a source's name, folder:PATH or npz:PATH"
    return InputError(f"the path {source!r} as the source", expected, f"write {form}:{source}")

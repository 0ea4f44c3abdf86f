"""Images from a NumPy .npz archive."""

from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data.collection import ALL, TEST, TRAIN, Collection, Part
from keras_ae.data.npz_archive import read_arrays
from keras_ae.data.values import to_channels_last, to_unit_range

# Recognised names, in order of preference: for each part, its images and possible names of its labels.
_LAYOUTS = (
    {TRAIN: ("x_train", ("y_train",)), TEST: ("x_test", ("y_test",))},
    {ALL: ("x", ("y", "labels"))},
    {ALL: ("images", ("labels", "y"))},
)
_EXPECTED = "an .npz file with x_train and x_test (y_train, y_test), or x or images (y or labels)"


def open_npz(path: str | Path) -> Collection:
    """Opens the images and labels of an .npz file; `x_train` and `x_test` are its splits if it has both.

    Raises:
        InputError: If the file is missing, damaged or not an .npz; a name is missing; images have a wrong rank,
            type or range (see values.py); labels are not integers, or not one (or one row) per image.
    """
    path = Path(path).expanduser()
    wanted = {name for layout in _LAYOUTS for x, ys in layout.values() for name in (x, *ys)}
    stored = read_arrays(path, wanted, _EXPECTED)
    arrays = {name: array for name, array in stored.items() if array is not None}
    layout = next((each for each in _LAYOUTS if all(x in arrays for x, _ in each.values())), None)
    if layout is None:
        names = ", ".join(sorted(stored)) or "no arrays"
        raise InputError(f"{str(path)!r} with {names}", _EXPECTED, "rename its arrays")
    notes, images = [], {}
    for part, (name, _) in layout.items():
        images[part], note = to_channels_last(arrays[name], name)
        notes.append(note)
    shapes = {array.shape[1:] for array in images.values()}
    if len(shapes) > 1:
        sizes = " and ".join(" × ".join(map(str, shape)) for shape in sorted(shapes))
        raise InputError(f"x_train and x_test with images of {sizes}", "images of one shape", "resize one")
    images, note = to_unit_range(images)
    labels, label_note = _labels(arrays, layout, {part: len(array) for part, array in images.items()})
    notes += [note, label_note]
    parts = {part: Part(array, labels.get(part)) for part, array in images.items()}
    return Collection(parts, notes=tuple(note for note in notes if note))


def _labels(
    arrays: dict[str, np.ndarray], layout: dict, counts: dict[str, int]
) -> tuple[dict[str, np.ndarray], str | None]:
    """Returns int32 labels by part, if every part has them, and a note if only some do."""
    candidates = ((part, y) for part, (_, ys) in layout.items() for y in reversed(ys) if y in arrays)
    names = dict(candidates)  # if several are present, the first counts
    if len(names) < len(layout):
        return {}, f"{next(iter(names.values()))} left out: the other split has no labels" if names else None
    return {part: _check_labels(name, arrays[name], counts[part]) for part, name in names.items()}, None


def _check_labels(name: str, labels: np.ndarray, count: int) -> np.ndarray:
    if labels.ndim == 2 and labels.shape[1] == 1:  # as Keras gives CIFAR's
        labels = labels[:, 0]
    if labels.ndim not in (1, 2) or labels.dtype.kind not in "bui":
        raise InputError(
            f"{name} of type {labels.dtype} and shape {list(labels.shape)}",
            "an integer, or a row of integers, an image",
            f"convert {name}, or leave it out of the file",
        )
    if len(labels) != count:
        raise InputError(
            f"{len(labels)} labels in {name} for {count} images",
            "one label an image",
            f"correct {name}, or leave it out of the file",
        )
    if labels.size and not -(1 << 31) <= int(labels.min()) <= int(labels.max()) < 1 << 31:
        received = f"{name} with labels from {labels.min()} to {labels.max()}"
        raise InputError(received, "labels of at most 32 bits", "number the classes 0, 1, 2, …")
    return labels.astype(np.int32)

"""Which images a detector takes as normal: what is said of them, and what is refused as a likely mistake."""

import re

import numpy as np

from keras_ae.data import ImageData
from keras_ae.errors import InputError

_WORDS = r"(?:good|normal|nominal|ok|okay|free|healthy|intact|pass|passed|flawless|undamaged)"
_NORMAL = re.compile(rf"(?<![a-z])(?:{_WORDS}|non?[-_ ]?(?:defects?|defective|damaged?))(?![a-z])")
_OPPOSITE = re.compile(rf"(?<![a-z])(?:no|non|not|un|in)[-_ ]?{_WORDS}(?![a-z])")
_LISTED = 8  # labels that are named


def check_normal(data: ImageData, train_labels: tuple[str, ...] = ()) -> None:
    """Refuse to train on all labels where their names tell that only some are normal.

    Raises:
        InputError: No labels were chosen, and there are some such as "good" beside others.
    """
    counts = {} if train_labels else _counts(data)
    normal = [name for name in counts if _sounds_normal(name)]
    if normal and len(normal) < len(counts):
        received = f"images of {_listed(list(counts))} to train on as normal ones"
        raise InputError(received, "normal images alone", f"name them: --train-labels {' '.join(normal)}")


def normal_in_words(data: ImageData) -> str:
    """One line on which images are taken as normal, and how many there are."""
    sizes = data.sizes
    which = f"{sizes['train']:,} to train on, {sizes['validation']:,} to set the threshold"
    counts = _counts(data)
    if not counts:
        return f"normal: all images ({which})"
    labels = "label" if len(counts) == 1 else "labels"
    each = [f"{name} ({count:,})" if len(counts) > 1 else name for name, count in counts.items()]
    return f"normal: all images of the {labels} {_listed(each)} ({which})"


def _counts(data: ImageData) -> dict[str, int]:
    """Number of images by label, of those to train and to validate on; none where an image has no one label."""
    try:
        labels = [data.labels(split) for split in ("train", "validation") if data.sizes[split]]
    except InputError:  # a split without labels
        return {}
    if not data.label_names or labels[0].ndim > 1:
        return {}
    numbers, counts = np.unique(np.concatenate(labels), return_counts=True)
    return {data.label_names[number]: int(count) for number, count in zip(numbers, counts, strict=True)}


def _sounds_normal(label: str) -> bool:
    label = label.lower()
    return bool(_NORMAL.search(label)) and not _OPPOSITE.search(label)


def _listed(names: list[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")

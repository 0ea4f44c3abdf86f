"""Labels that are names, numbered."""

from collections.abc import Mapping, Sequence

import numpy as np


def numbered(labels: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """Returns the sorted names of all labels, and each image's index into them, int32 [n], by part.

    Example:
        >>> numbered({"train": ["good"], "test": ["good", "crack"]})[0]
        ('crack', 'good')
    """
    names = tuple(sorted({label for each in labels.values() for label in each}))
    number = {name: position for position, name in enumerate(names)}
    return names, {part: np.array([number[label] for label in each], np.int32) for part, each in labels.items()}

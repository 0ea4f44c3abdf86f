"""Divides images into training, validation and test images: seeded, and in their original order."""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.data.collection import ALL, TEST, TRAIN, VALIDATION, Collection, Part
from keras_ae.data.selection import Selection, select

# Each choice has its own random stream, so changing one fraction does not reshuffle the others.
STREAMS = {"test": 0, "limit-train": 1, "limit-test": 2, "validation": 3, "limit-validation": 4, "labelled": 5}


def divide(
    collection: Collection,
    *,
    selections: dict[str, Selection],
    test_fraction: float,
    validation_fraction: float,
    limit: int | None,
    seed: int,
    train_labels: tuple[str, ...] = (),
    own_validation: bool = True,
    group: str | None = None,
) -> dict[str, Part]:
    """Divides a source into "train", "validation" and "test", all of which but "train" may be empty.

    Splits named in `selections` are those stretches of the source. Otherwise "train", "validation" (with
    `own_validation`) and "test" are the source's own; if nothing is selected and it has no test images, they are
    drawn at random by `test_fraction`. All splits but "test" keep only images of `train_labels`, if any are named.
    Then each is cut to `limit` images, and validation images that were not selected are taken from the rest of
    "train". Random draws for testing or validation keep images of one `group` together.
    """
    if selections or ALL not in collection.parts:
        own = (name for name in collection.own if own_validation or name != VALIDATION)
        parts = select(collection, _with_defaults(collection, selections, tuple(own)))
    else:
        parts = {TRAIN: collection.part(ALL)}
    if not selections and TEST not in parts:
        train, test = carve(len(parts[TRAIN]), test_fraction, seed, "test", groups_of(parts[TRAIN], group))
        parts |= {TRAIN: parts[TRAIN].take(train), TEST: parts[TRAIN].take(test)}
    if train_labels:
        chosen = label_numbers(collection, train_labels)
        parts = {name: part if name == TEST else _only(part, chosen) for name, part in parts.items()}
    parts = {name: part.take(subset(len(part), limit, seed, f"limit-{name}")) for name, part in parts.items()}
    whole = parts[TRAIN]
    if VALIDATION not in parts:
        train, validation = carve(len(whole), validation_fraction, seed, "validation", groups_of(whole, group))
        parts |= {TRAIN: whole.take(train), VALIDATION: whole.take(validation)}
    return {TRAIN: parts[TRAIN], VALIDATION: parts[VALIDATION], TEST: parts.get(TEST, whole.stretch(0, 0))}


def _with_defaults(
    collection: Collection, selections: dict[str, Selection], own: tuple[str, ...]
) -> dict[str, Selection]:
    parts = [name for name in own if name in collection.parts and not (selections and name == VALIDATION)]
    found = {name: Selection(name) for name in parts} | selections
    if TRAIN not in found:
        given = " and ".join(f"{name}={str(each)!r}" for name, each in selections.items())
        raise InputError(
            f"{given} of a source without a part 'train'", "train beside them", "give train='all[:80%]', say"
        )
    return found


def label_numbers(collection: Collection, labels: tuple[str, ...]) -> np.ndarray:
    """Returns the numbers of labels given by name or number.

    Raises:
        InputError: If the source has no such label, or not exactly one label per image.
    """
    part = collection.part(next(iter(collection.parts)))
    if outside := collection.outside_labels:
        received = f"train_labels {', '.join(labels)} of images of which {outside!r} is in no class folder"
        raise InputError(received, "class folders with all images", "move it into one, or out of the source")
    if part.labels is None or part.labels.ndim != 1:
        raise InputError(
            f"train_labels {', '.join(labels)} of images without one label each",
            "class folders, or one label an image",
            "leave out train_labels",
        )
    if names := collection.label_names:
        numbers = {name: number for number, name in reversed([*enumerate(names)])}
        numbers = {str(number): number for number in range(len(names))} | numbers
    else:
        numbers = {str(number): number for number in np.unique(part.labels).tolist()}
    for label in labels:
        if label not in numbers:
            raise unknown_name("label", label, names or numbers)
    return np.array(sorted({numbers[label] for label in labels}))


def _only(part: Part, labels: np.ndarray) -> Part:
    rows = np.flatnonzero(() if part.labels is None else np.isin(part.labels, labels))
    if not len(rows):
        raise InputError("train_labels of which there is no image", "labels of training images", "name others")
    return part.take(rows)


def group_names(part: Part, pattern: str | None) -> tuple[str, ...] | None:
    """Returns the name of each image's group: that of one part, tile or patient, for instance.

    Args:
        part: Some images.
        pattern: A regular expression, searched for in each path; its first group in parentheses, or else the whole
            match, names the image's group. None takes the source's own groups, if it has any.

    Raises:
        InputError: If the images are not files, the pattern is invalid, or a path does not match.
    """
    if pattern is None:
        return part.groups
    if not isinstance(part.images, tuple):
        raise InputError(f"group={pattern!r} for arrays", "files, whose names tell groups", "leave out --group")
    return path_groups(part.images, pattern)


def path_groups(paths: Iterable[str], pattern: str) -> tuple[str, ...]:
    """Returns the name of each path's group (`group_names`)."""
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise InputError(f"group={pattern!r} ({error})", "a regular expression", "correct --group") from error
    names = []
    for path in paths:
        match = expression.search(path)
        if match is None:
            expected = "a pattern that every path has"
            raise InputError(f"group={pattern!r}, which {path!r} lacks", expected, "correct --group")
        names.append(match[1] if expression.groups else match[0])
    return tuple(map(str, names))


def groups_of(part: Part, pattern: str | None) -> np.ndarray | None:
    """Returns the number [n] of each image's group (`group_names`); None without groups."""
    names = group_names(part, pattern)
    return None if names is None else np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)[1]


def shared_groups(groups: Mapping[str, tuple[str, ...] | None]) -> tuple[str, ...]:
    """Returns a note on groups with images both in the test split and in another; `groups` are by split."""
    tested = set(groups.get(TEST) or ())
    shared = sorted(tested & {name for split, names in groups.items() if split != TEST for name in names or ()})
    if not shared:
        return ()
    return (
        f"{len(shared):,} groups are both trained on and tested on (such as {shared[0]!r}): the test is too easy",
    )


def carve(
    count: int, fraction: float, seed: int, stream: str, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the sorted positions of the images that stay and of those carved out.

    The part carved out has `fraction` of the images, rounded: at least one when the fraction is not 0, and never
    all of them. With `groups`, a number [count] for each image, it has whole groups: the first ones, in a random
    order, that together have at least as many images, but always leaves one group.
    """
    size = round(count * fraction)
    if fraction > 0:
        size = min(max(size, 1), count - 1)
    carved = np.zeros(count, bool)
    if size:
        order = np.random.default_rng([seed, STREAMS[stream]])
        if groups is None:
            carved[order.permutation(count)[:size]] = True
        else:
            carved = _carve_groups(groups, size, order)
    return np.flatnonzero(~carved), np.flatnonzero(carved)


def _carve_groups(groups: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) < 2:
        raise InputError("images that are all of one group", "two groups or more", "correct --group")
    order = generator.permutation(len(names))
    taken = 1 + np.searchsorted(np.cumsum(sizes[order]), size)
    return np.isin(groups, names[order[: min(taken, len(names) - 1)]])


def subset(count: int, limit: int | None, seed: int, stream: str) -> np.ndarray:
    """Returns sorted positions of at most `limit` images chosen at random, or of all without a limit."""
    if limit is None or count <= limit:
        return np.arange(count)
    return np.sort(np.random.default_rng([seed, STREAMS[stream]]).permutation(count)[:limit])

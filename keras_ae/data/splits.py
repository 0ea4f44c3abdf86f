"""Which images go to training, validation and test: seeded, and in their original order."""

import numpy as np

from keras_ae.data.collection import ALL, TEST, TRAIN, VALIDATION, Part

# Each choice has a random stream of its own, so that changing one fraction does not reshuffle the others.
_STREAMS = {"test": 0, "limit-train": 1, "limit-test": 2, "validation": 3}


def divide(
    parts: dict[str, Part], *, test_fraction: float, validation_fraction: float, limit: int | None, seed: int
) -> dict[str, Part]:
    """Divides a source's parts into "train", "validation" and "test", of which all but "train" may be empty.

    A part "all" is divided at random by `test_fraction`; "train" and "test" stay as they are. Then each is
    cut to `limit` images, and the validation images are taken out of what is left of "train".
    """
    if ALL in parts:
        whole = parts[ALL]
        train, test = carve(len(whole), test_fraction, seed, "test")
        parts = {TRAIN: whole.take(train), TEST: whole.take(test)}
    parts = {name: part.take(subset(len(part), limit, seed, f"limit-{name}")) for name, part in parts.items()}
    train, validation = carve(len(parts[TRAIN]), validation_fraction, seed, "validation")
    whole = parts[TRAIN]
    return {TRAIN: whole.take(train), VALIDATION: whole.take(validation), TEST: parts[TEST]}


def carve(count: int, fraction: float, seed: int, stream: str) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the images that stay and of those carved out, both sorted.

    The part carved out has `fraction` of the images, rounded: at least one when the fraction is not 0, and
    never all of them.
    """
    size = round(count * fraction)
    if fraction > 0:
        size = min(max(size, 1), count - 1)
    order = np.random.default_rng([seed, _STREAMS[stream]]).permutation(count)
    return np.sort(order[size:]), np.sort(order[:size])


def subset(count: int, limit: int | None, seed: int, stream: str) -> np.ndarray:
    """Sorted positions of at most `limit` images chosen at random; of all when there is no limit."""
    if limit is None or count <= limit:
        return np.arange(count)
    return np.sort(np.random.default_rng([seed, _STREAMS[stream]]).permutation(count)[:limit])

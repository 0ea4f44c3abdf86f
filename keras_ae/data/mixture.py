"""Batches that mix labelled and unlabelled images in a fixed ratio."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_ae._support.errors import InputError


def mixed_counts(share: float, batch_size: int) -> tuple[int, int]:
    """Returns the numbers of images with and without labels in a batch, by the labelled share: at least one each.

    Raises:
        InputError: If the batch is too small for both.
    """
    if batch_size < 2:
        raise InputError(f"batches of {batch_size} image", "2 or more, of both kinds", "give --batch-size 64")
    labelled = min(max(round(share * batch_size), 1), batch_size - 1)
    return labelled, batch_size - labelled


@dataclass(frozen=True)
class Mixture:
    """Which images have labels, and their share of each batch.

    An epoch goes through one of the two kinds once, and through the other in one random order after another, as
    often as needed. The last batch is filled up, so all have the same size.

    Attributes:
        labelled, unlabelled: Places of the images, int64 [n], not empty.
        share: Labelled share of a batch, which has at least one image of each kind.
    """

    labelled: np.ndarray
    unlabelled: np.ndarray
    share: float

    def counts(self, batch_size: int) -> tuple[int, int]:
        """Returns the numbers of images with and without labels in a batch; see `mixed_counts`."""
        return mixed_counts(self.share, batch_size)

    def bounds(self, batch_size: int) -> np.ndarray:
        """Returns where each batch of an epoch begins, and the end: int64 [batches + 1]."""
        kinds = zip((self.labelled, self.unlabelled), self.counts(batch_size), strict=True)
        steps = max(-(-len(places) // count) for places, count in kinds)
        return batch_size * np.arange(steps + 1, dtype=np.int64)

    def order(self, batch_size: int, seed: int) -> Callable:
        """Returns a function from an epoch, an int64 tensor, to the places of its batches in order: int64 [n]."""
        import tensorflow as tf

        steps, counts = len(self.bounds(batch_size)) - 1, self.counts(batch_size)

        def order(epoch):
            key = tf.stack([np.int64(seed), epoch])
            kinds = []
            for i, (places, count) in enumerate(zip((self.labelled, self.unlabelled), counts, strict=True)):
                own = tf.random.experimental.stateless_fold_in(key, i, alg="philox")
                repeats = -(-steps * count // len(places))
                draws = tf.random.stateless_uniform([repeats, len(places)], own, alg="philox")
                rows = tf.reshape(tf.gather(places, tf.argsort(draws, axis=1)), [-1])
                kinds.append(tf.reshape(rows[: steps * count], [steps, count]))
            return tf.reshape(tf.concat(kinds, axis=1), [-1])

        return order

"""tf.data pipelines whose order and noise are pure functions of (seed, epoch).

An epoch is a shuffle of all rows cut into batches, and everything but the last step, fetching pixels, happens on
row numbers. So skipping batches costs nothing, and a run that resumes at step k sees the same batches as before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keras_ae._support.machine import cores

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_ae.data.backings import Images
    from keras_ae.data.mixture import Mixture

MOST_PARALLEL = 8  # batches made in parallel, on as many cores; each is held in memory
PREFETCHED = 2


@dataclass(frozen=True)
class Share:
    """One replica's images of each batch: every `count`-th, from its own place on.

    In this way all replicas get equally many labelled images of a mixed batch, which begins with them.

    Attributes:
        place: Number of the replica, from 0.
        count: Number of replicas.
    """

    place: int = 0
    count: int = 1

    @property
    def least(self) -> int:
        """Minimum size of a batch: one image per replica, and at least two (see `batch_bounds`)."""
        return max(2, self.count)

    def of(self, batch, equal: bool):
        """Returns the replica's part of a tensor with a row for each image of a batch.

        Args:
            batch: A tensor [b, ...].
            equal: Whether to drop up to `count` - 1 rows at the end, so that all replicas get equally many.
        """
        import tensorflow as tf

        if self.count == 1:
            return batch
        if equal:
            batch = batch[: tf.shape(batch)[0] // self.count * self.count]
        return batch[self.place :: self.count]


WHOLE = Share()


def batch_bounds(count: int, batch_size: int, least: int = 2) -> np.ndarray:
    """Returns the first place of each batch of an epoch, and the end: int64 [batches + 1].

    A last batch of fewer than `least` images joins the batch before it, and every image occurs exactly once. Batch
    normalisation cannot use a single image, and several replicas need one each. (If `batch_size` or `count` is
    smaller, small batches are inevitable.)
    """
    starts = np.arange(0, count, batch_size)
    if batch_size >= least and len(starts) > 1 and count - starts[-1] < least:
        starts = starts[:-1]
    return np.append(starts, count).astype(np.int64)


def build(
    images: "Images",
    labels: np.ndarray | None,
    *,
    batch_size: int,
    seed: int,
    shuffle: bool,
    epoch: int | None = None,
    repeat: bool = False,
    start_step: int = 0,
    noise: float = 0.0,
    mixture: "Mixture | None" = None,
    share: Share = WHOLE,
) -> "tf.data.Dataset":
    """Builds the pipeline of one split.

    Args:
        images: The split's images.
        labels: int32 [n] or [n, k], to yield pairs (images, labels); None yields images alone.
        batch_size: See batch_bounds.
        seed: Seed for the order and the noise.
        shuffle: Whether epochs are shuffled.
        epoch: Which epoch, or the first one if `repeat`. None is 0, except that a shuffled pipeline without
            `repeat` then takes another random one each time it is iterated over.
        repeat: Whether to yield all epochs from `epoch` on, endlessly.
        start_step: Number of batches to skip at the start, counted over the epochs.
        noise: Standard deviation of added Gaussian noise, to yield pairs (noisy images clipped to [0, 1], images);
            0 yields images alone.
        mixture: Composition of each batch; None takes all images in one order.
        share: The part of each batch to read; noise and order are those of the whole. In an endless stream, for
            training, all replicas get equally many images.

    Returns:
        A dataset of float32 images [b, h, w, c] in [0, 1], or of pairs, of known length (infinite with `repeat`).
    """
    import tensorflow as tf

    bounds = batch_bounds(len(images), batch_size, share.least) if mixture is None else mixture.bounds(batch_size)
    order = _order(int(bounds[-1]), seed, shuffle) if mixture is None else mixture.order(batch_size, seed)
    shuffle = shuffle or mixture is not None
    batches = _index_batches(
        bounds, order, seed, shuffle=shuffle, epoch=epoch, repeat=repeat, start_step=start_step
    )
    with tf.device("CPU:0"):  # where pipelines run
        label_table = None if labels is None else tf.constant(labels, tf.int32)

    def fetch(epoch, step, whole):
        rows = share.of(whole, equal=repeat)
        pixels = images.fetch(rows)
        if label_table is not None:
            return pixels, tf.gather(label_table, rows)
        if noise:
            drawn = _noise(tf.shape(whole)[:1], tf.shape(pixels)[1:], noise, (seed, epoch, step))
            return tf.clip_by_value(pixels + share.of(drawn, equal=repeat), 0.0, 1.0), pixels
        return pixels

    dataset = batches.map(fetch, num_parallel_calls=min(cores(), MOST_PARALLEL), deterministic=True)
    length = tf.data.INFINITE_CARDINALITY if repeat else len(bounds) - 1 - start_step
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(length))
    options = tf.data.Options()
    options.deterministic = True
    # TensorFlow 2.21 can take up to a minute to end a pipeline that tunes itself, because of a race.
    options.autotune.enabled = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.prefetch(PREFETCHED).with_options(options)


def _order(count: int, seed: int, shuffle: bool) -> Callable:
    """Returns a function from an epoch to all rows in its order: int64 [count]."""
    import tensorflow as tf

    def order(epoch):
        rows = tf.range(count, dtype=tf.int64)
        if not shuffle:
            return rows
        return tf.random.experimental.stateless_shuffle(rows, tf.stack([np.int64(seed), epoch]), alg="philox")

    return order


def _index_batches(
    bounds: np.ndarray,
    order: Callable,
    seed: int,
    *,
    shuffle: bool,
    epoch: int | None,
    repeat: bool,
    start_step: int,
) -> "tf.data.Dataset":
    """Yields epoch, step within it and rows (all int64; rows [b]) of every batch."""
    import tensorflow as tf

    steps = len(bounds) - 1
    first_epoch, skip = epoch or 0, start_step
    if repeat:
        first_epoch, skip = first_epoch + start_step // steps, start_step % steps
        epochs = tf.data.Dataset.counter(start=np.int64(first_epoch))
    elif shuffle and epoch is None:
        epochs = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).take(1)
    else:
        epochs = tf.data.Dataset.from_tensors(np.int64(first_epoch))

    def one_epoch(epoch):
        rows = order(epoch)
        begin = tf.where(epoch == first_epoch, np.int64(skip), np.int64(0)) if repeat else np.int64(skip)
        edges = tf.constant(bounds)
        return tf.data.Dataset.range(begin, steps).map(
            lambda step: (epoch, step, rows[edges[step] : edges[step + 1]])
        )

    return epochs.flat_map(one_epoch)


def _noise(count, shape, deviation: float, place: tuple):
    """Returns Gaussian noise for a batch of images that depends only on its place (seed, epoch, step)."""
    import tensorflow as tf

    seed, epoch, step = place
    key = tf.random.experimental.stateless_fold_in(tf.stack([np.int64(seed), epoch]), step, alg="philox")
    return tf.random.stateless_normal(tf.concat([count, shape], 0), key, stddev=deviation, alg="philox")

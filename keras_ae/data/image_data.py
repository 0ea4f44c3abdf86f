"""ImageData: the images of a source, divided, scaled and ready to train on."""

import copy
import functools
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.labels import has_label
from keras_ae.data.backings import ChosenImages, Images
from keras_ae.data.checks import places, positive
from keras_ae.data.collection import TEST, TRAIN, VALIDATION
from keras_ae.data.few_labels import with_few_labels
from keras_ae.data.file_log import FileLog
from keras_ae.data.mixture import Mixture
from keras_ae.data.pipelines import WHOLE, Share, batch_bounds, build
from keras_ae.data.preparation import AS_IS, Preparation
from keras_ae.data.split import Split
from keras_ae.data.split_images import SplitImages
from keras_ae.data.tiles import OVERLAP, tiled_split

if TYPE_CHECKING:
    import tensorflow as tf


class ImageData(SplitImages):
    """Images in three splits, as returned by `load`.

    Attributes:
        source: The source, as given to `load`.
        image_shape: Shape (h, w, c) of an image.
        value_range: Range of the pixels, always (0.0, 1.0).
        label_names: Names of labels 0, 1, ... for labels [n], or of the columns for labels [n, k]; or None.
        batch_size: Images in a batch of the pipelines, unless given there.
        seed: Seed for the splits, the order and the noise.
        test_is_drawn: Whether the test images were drawn at random, because the source has none and no stretches
            were named: which of their labels training lacks is then a matter of chance.
        validation_is_drawn: Whether the validation images, if any, were drawn from those of training.
        tiles_an_image: Number of tiles that replace each image (`in_tiles`); 1 for whole images.
        whole: The images that were cut into tiles; itself for whole images.
        labelled_share: Labelled fraction of each batch of training images with labels; None if they are not mixed.

    Example:
        >>> data = kae.data.load("digits", limit=40)
        >>> data.image_shape, data.sizes
        ((8, 8, 1), {'train': 40, 'validation': 0, 'test': 40})
        >>> threes = data.images_at("test", data.labels("test") == 3)
        >>> threes.shape[1:], threes.dtype.name
        ((8, 8, 1), 'float32')
    """

    value_range = (0.0, 1.0)
    tiles_an_image = 1
    labelled_share: float | None = None
    _share = WHOLE

    def __init__(
        self,
        source: str,
        splits: dict[str, Split],
        *,
        batch_size: int,
        seed: int,
        label_names: tuple[str, ...] | None = None,
        notes: tuple[str, ...] = (),
        root: Path | None = None,
        log: FileLog | None = None,
        preparation: Preparation = AS_IS,
        test_is_drawn: bool = False,
        validation_is_drawn: bool = False,
    ):
        super().__init__(source, splits, notes=notes, root=root, log=log, preparation=preparation)
        self.test_is_drawn, self.validation_is_drawn = test_is_drawn, validation_is_drawn
        self.batch_size, self.seed = batch_size, seed
        self.has_labels = splits[TRAIN].labels is not None
        self.label_names = label_names if any(s.labels is not None for s in splits.values()) else None

    def __repr__(self) -> str:
        shape = " × ".join(map(str, self.image_shape))
        sizes = ", ".join(f"{name} {size}" for name, size in self.sizes.items())
        return f"<ImageData {self.source!r}: {shape}; {sizes}>"

    @functools.cached_property  # one dataset, so that each iteration over it is shuffled anew
    def train(self) -> "tf.data.Dataset":
        """Batches of training images, in a new order at each iteration."""
        return self.pipeline(TRAIN)

    @functools.cached_property
    def validation(self) -> "tf.data.Dataset | None":
        """Batches of validation images in order; None if there are none."""
        return self.pipeline(VALIDATION) if self.sizes[VALIDATION] else None

    @functools.cached_property
    def test(self) -> "tf.data.Dataset | None":
        """Batches of test images in order; None if there are none."""
        return self.pipeline(TEST) if self.sizes[TEST] else None

    def pipeline(
        self,
        split: str,
        *,
        batch_size: int | None = None,
        labels: bool = False,
        noise: float = 0.0,
        shuffle: bool | None = None,
        epoch: int | None = None,
        repeat: bool = False,
        start_step: int = 0,
        rows=None,
    ) -> "tf.data.Dataset":
        """Returns a tf.data pipeline of float32 batches [b, h, w, c] in [0, 1].

        The order is a pure function of (seed, epoch), the noise of (seed, epoch, step). No epoch leaves out an
        image, and a last batch of one image joins the batch before it.

        Args:
            split: "train", "validation" or "test".
            batch_size: Images in a batch; None takes `self.batch_size`.
            labels: Whether to yield pairs (images, int32 labels [b] or [b, k]); −1 means no label.
            noise: Standard deviation of Gaussian noise; above 0, yields pairs (clipped noisy images, images).
            shuffle: None shuffles training images only.
            epoch: Which epoch's order and noise; None takes epoch 0, but when shuffling without `repeat`
                another random epoch each time the pipeline is iterated over.
            repeat: Whether to yield epochs from `epoch` (or 0) on, endlessly.
            start_step: Number of batches to skip, without decoding them.
            rows: Places of the images, as for `images_at`; None takes the whole split.

        Raises:
            InputError: If there is no such split, it is empty, or an argument is out of range. While iterating
                over files, TensorFlow raises an error that `input_error_from` turns into one.
        """
        found = self._split(split)
        size = positive("batch_size", self.batch_size if batch_size is None else batch_size)
        if labels and noise:
            raise InputError("labels and noise together", "pairs with one of them", "ask for one")
        if not (noise >= 0 and np.isfinite(noise)):
            raise InputError(f"noise={noise}", "a standard deviation, 0 or more", "correct it")
        start_step = positive("start_step", start_step, least=0)
        images: Images = found.images
        known = self.labels(split) if labels else None
        if rows is not None:
            chosen = places(rows, len(images))
            images, known = ChosenImages(found.images, chosen), None if known is None else known[chosen]
            if repeat and not len(chosen):
                raise InputError("no rows to repeat endlessly", "at least one", "correct rows, or repeat")
        shuffle = split == TRAIN if shuffle is None else shuffle
        mixture = self._mixture(split) if labels and shuffle and rows is None else None
        steps = self._steps(len(images), size, mixture)
        if not repeat and start_step > steps:
            raise InputError(
                f"start_step={start_step}", f"at most the {steps} steps of an epoch", "use repeat=True"
            )
        return build(
            images,
            known,
            batch_size=size,
            seed=self.seed,
            shuffle=shuffle,
            epoch=None if epoch is None else positive("epoch", epoch, least=0),
            repeat=repeat,
            start_step=start_step,
            noise=noise,
            mixture=mixture,
            share=self._share,
        )

    def semi_supervised(
        self,
        labelled: int | None = None,
        unlabelled: "ImageData | str | None" = "rest",
        labelled_share: float = 0.5,
    ) -> "ImageData":
        """Returns the same splits with few labels: batches of training images mix labelled and unlabelled ones.

        The label of an unlabelled image is −1. Each batch of `pipeline("train", labels=True)` has a fixed number
        of each kind; an epoch goes through one kind once, and through the other as often as needed. Pipelines
        without labels still yield all training images.

        Args:
            labelled: Number of training images that keep their labels, drawn by the data's seed as evenly over the
                labels as possible: more images include the fewer ones. None keeps all.
            unlabelled: "rest": the other training images, without their labels; other data, whose training images
                are taken without labels; or None to leave all others out.
            labelled_share: Labelled fraction of a batch.

        Raises:
            InputError: If there are fewer labelled images, none is left without a label, sizes differ, or
                `labelled_share` is not between 0 and 1.

        Example:
            >>> data = kae.data.load("digits", batch_size=8).semi_supervised(labelled=30, labelled_share=0.25)
            >>> images, labels = next(iter(data.pipeline("train", labels=True)))
            >>> int(np.sum(labels >= 0)), int(np.sum(labels == -1))
            (2, 6)
        """
        split, note = with_few_labels(self, labelled, unlabelled, labelled_share)
        mixed = None if unlabelled is None else float(labelled_share)
        changes = {"_splits": {**self._splits, TRAIN: split}, "_notes": (*self._notes, *note)}
        return self._changed(**changes, labelled_share=mixed)

    def _mixture(self, split: str) -> Mixture | None:
        """Returns how batches of a split are mixed, if they are."""
        if split != TRAIN or self.labelled_share is None:
            return None
        known = has_label(self.labels(split))
        return Mixture(np.flatnonzero(known), np.flatnonzero(~known), self.labelled_share)

    def with_seed(self, seed: int) -> "ImageData":
        """Returns the same splits in the order, and with the noise, of another seed.

        Example:
            >>> data = kae.data.load("digits", limit=40, seed=0)
            >>> other = data.with_seed(1)
            >>> other.seed, other.fingerprint() == data.fingerprint()
            (1, True)
        """
        return self._changed(seed=positive("seed", seed, least=0))

    def with_share(self, place: int, count: int) -> "ImageData":
        """Returns the same splits, with pipelines that read one replica's part of each batch.

        Each reads `1 / count` of every batch, in the order and with the noise of the whole. In an endless stream
        (`repeat`) all replicas get equally many images: if the last batch of an epoch cannot be divided, fewer
        than `count` of its images are left out.

        Args:
            place: Number of the replica, from 0.
            count: Number of replicas.

        Example:
            >>> data = kae.data.load("digits", limit=40, batch_size=8)
            >>> parts = [data.with_share(place, 2).pipeline("train", epoch=0) for place in (0, 1)]
            >>> [tuple(next(iter(part)).shape) for part in parts]
            [(4, 8, 8, 1), (4, 8, 8, 1)]
        """
        place, count = positive("place", place, least=0), positive("count", count)
        if place >= count:
            raise InputError(f"place={place}", f"below {count}, the number of replicas", "count from 0")
        return self._changed(_share=Share(place, count))

    def steps_per_epoch(self, split: str, batch_size: int | None = None, labels: bool = False) -> int:
        """Returns the number of batches per epoch; with `labels`, of one that mixes images with and without."""
        size, mixture = self.batch_size if batch_size is None else batch_size, None
        if labels:
            mixture = self._mixture(split)
        return self._steps(len(self._split(split).images), size, mixture)

    def _steps(self, count: int, batch_size: int, mixture: Mixture | None) -> int:
        """Returns the number of batches in an epoch of `count` images; each replica has an image of each."""
        if mixture is not None:
            return len(mixture.bounds(batch_size)) - 1
        return len(batch_bounds(count, batch_size, self._share.least)) - 1

    def with_images(self, images: Mapping[str, Images]) -> "ImageData":
        """Returns the same splits, labels and order with other arrays in place of the images.

        Args:
            images: Replacements of each split's images, one for one: their feature maps, for instance.
        """
        splits = {name: replace(split, images=images[name]) for name, split in self._splits.items()}
        height, width, channels = map(int, splits[TRAIN].images.shape)
        return self._changed(_splits=splits, image_shape=(height, width, channels))

    def in_tiles(self, tile: int, overlap: float = OVERLAP) -> "ImageData":
        """Replaces the images by overlapping square tiles of them, image by image and row by row.

        Tiles keep their image's label; without other groups, the tiles of one image are a group. There are no
        masks.

        Args:
            tile: Side of a tile in pixels.
            overlap: Least fraction of a tile shared with its neighbour, from 0 to 0.75, up to rounding to pixels.

        Raises:
            InputError: If a tile is larger than the images, or the overlap is out of range.

        Example:
            >>> tiles = kae.data.load("digits", limit=40).in_tiles(4, overlap=0.0)
            >>> tiles.image_shape, tiles.sizes.train
            ((4, 4, 1), 160)
        """
        splits = {name: tiled_split(split, tile, overlap) for name, split in self._splits.items()}
        digest = hashlib.sha256(f"{self.fingerprint()} in tiles of {tile}, {float(overlap)}".encode())
        count = len(splits[TRAIN].images) // max(1, len(self._splits[TRAIN].images))
        return self._changed(
            _splits=splits,
            image_shape=(tile, tile, self.image_shape[2]),
            tiles_an_image=count * self.tiles_an_image,
            _whole=self.whole,
            _fingerprint=digest.hexdigest(),
        )

    @property
    def whole(self) -> "ImageData":
        """The images that were cut into tiles; itself for whole images."""
        return self.__dict__.get("_whole", self)

    def _changed(self, **attributes) -> "ImageData":
        """Returns a copy with other attributes and its own pipelines; other splits get their own fingerprint."""
        other = copy.copy(self)
        for name in (TRAIN, VALIDATION, TEST, *(["_fingerprint"] if "_splits" in attributes else [])):
            other.__dict__.pop(name, None)
        other.__dict__.update(attributes)
        return other

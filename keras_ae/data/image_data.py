"""ImageData: the images of a source, divided, scaled and ready to train on."""

import copy
import functools
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.labels import has_label
from keras_ae.data.backings import ChosenImages, FileImages, Images
from keras_ae.data.checks import places, positive
from keras_ae.data.collection import TEST, TRAIN, VALIDATION
from keras_ae.data.decoding import upright_size
from keras_ae.data.few_labels import with_few_labels
from keras_ae.data.file_log import FileLog
from keras_ae.data.mask_files import read_mask
from keras_ae.data.mixture import Mixture
from keras_ae.data.pipelines import batch_bounds, build
from keras_ae.data.preparation import AS_IS, Preparation
from keras_ae.data.split import Split, fingerprint
from keras_ae.data.tiles import OVERLAP, tiled_split

if TYPE_CHECKING:
    import tensorflow as tf


class ImageData:
    """Images in three splits, as `load` makes them.

    Attributes:
        source: The source, as given to `load`.
        image_shape: Shape (h, w, c) of an image.
        value_range: Range of the pixels, always (0.0, 1.0).
        label_names: Names of labels 0, 1, ... for labels [n], or of the columns for labels [n, k]; or None.
        batch_size: Images in a batch of the pipelines, unless they are given another number.
        seed: Seed of the splits, the order and the noise.
        test_is_drawn: Whether the test images were drawn at random, the source having none of its own and no
            stretches of it having been named: it is chance then which labels they have that training lacks.
        validation_is_drawn: Whether the validation images, if any, were drawn from those of training.
        tiles_an_image: How many tiles stand in the place of each image (`in_tiles`); 1 of whole images.
        labelled_share: Part of each batch of training images with labels that has one; None if they are not mixed.

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
        self.test_is_drawn, self.validation_is_drawn = test_is_drawn, validation_is_drawn
        self.source, self.batch_size, self.seed = source, batch_size, seed
        height, width, channels = map(int, splits[TRAIN].images.shape)
        self.image_shape = (height, width, channels)
        self.has_labels = splits[TRAIN].labels is not None
        self.label_names = label_names if any(s.labels is not None for s in splits.values()) else None
        self._splits, self._notes, self._root, self._log = splits, notes, root, log or FileLog()
        self._preparation = preparation

    def __repr__(self) -> str:
        shape = " × ".join(map(str, self.image_shape))
        sizes = ", ".join(f"{name} {size}" for name, size in self.sizes.items())
        return f"<ImageData {self.source!r}: {shape}; {sizes}>"

    @property
    def sizes(self) -> dict[str, int]:
        """Number of images in "train", "validation" and "test"."""
        return {name: len(split.images) for name, split in self._splits.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes of what was converted or left out, a line each; more come while files are streamed."""
        return (*self._notes, *self._log.notes())

    @functools.cached_property  # one dataset, so that each iteration over it is shuffled anew
    def train(self) -> "tf.data.Dataset":
        """Batches of training images, in another order each time they are iterated over."""
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

        The order is a pure function of (seed, epoch), the noise of (seed, epoch, step). No image is left out
        of an epoch, and none makes a last batch by itself (it joins the one before).

        Args:
            split: "train", "validation" or "test".
            batch_size: Images in a batch; None takes the data's.
            labels: Give pairs (images, int32 labels [b] or [b, k]), −1 where there is none.
            noise: Give pairs (noisy images, images): Gaussian noise of this standard deviation, clipped.
            shuffle: None shuffles training images only.
            epoch: Which epoch's order and noise; None takes epoch 0, but when shuffling without `repeat`
                another random epoch each time the pipeline is iterated over.
            repeat: The endless stream of epochs from `epoch` (or 0) on.
            start_step: Leave out this many batches, without decoding them.
            rows: Places of the images to give, as of `images_at`; None gives all of the split.

        Raises:
            InputError: There is no such split, it is empty, or an argument is out of range. While iterating
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
        shuffle = split == TRAIN if shuffle is None else shuffle
        mixture = self._mixture(split) if labels and shuffle and rows is None else None
        steps = len(batch_bounds(len(images), size) if mixture is None else mixture.bounds(size)) - 1
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
        )

    def semi_supervised(
        self,
        labelled: int | None = None,
        unlabelled: "ImageData | str | None" = "rest",
        labelled_share: float = 0.5,
    ) -> "ImageData":
        """Returns the same splits with few labels: batches of training images mix labelled and unlabelled ones.

        The label of an unlabelled image is −1. Each batch of `pipeline("train", labels=True)` has the same number
        of either kind; an epoch goes through one kind once, through the other as often as it takes. Pipelines
        without labels give all training images, as ever.

        Args:
            labelled: How many training images keep their labels: of each label as many, but for one, drawn with
                the data's seed; with the same seed, more images are the fewer ones and others. None keeps all.
            unlabelled: "rest": the other training images, without their labels; other images, of which those of
                training are taken, without labels; or None to leave all others out.
            labelled_share: Part of a batch that is labelled.

        Raises:
            InputError: There are fewer labelled images, none is left without a label, or sizes differ.

        Example:
            >>> data = kae.data.load("digits", batch_size=8).semi_supervised(labelled=30, labelled_share=0.25)
            >>> images, labels = next(iter(data.pipeline("train", labels=True)))
            >>> int(np.sum(labels >= 0)), int(np.sum(labels == -1))
            (2, 6)
        """
        split, note = with_few_labels(self, labelled, unlabelled, labelled_share)
        mixed = None if unlabelled is None else float(labelled_share)
        changes = {"_splits": {**self._splits, TRAIN: split}, "_notes": (*self._notes, *note)}
        changed = self._changed(**changes, labelled_share=mixed)
        changed.__dict__.pop("_fingerprint", None)
        return changed

    def _mixture(self, split: str) -> Mixture | None:
        """How batches of a split are mixed, if they are."""
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

    def steps_per_epoch(self, split: str, batch_size: int | None = None, labels: bool = False) -> int:
        """Returns the number of batches of one epoch; with `labels` of one that mixes images with and without."""
        size, mixture = self.batch_size if batch_size is None else batch_size, None
        if labels:
            mixture = self._mixture(split)
        bounds = batch_bounds(len(self._split(split).images), size) if mixture is None else mixture.bounds(size)
        return len(bounds) - 1

    def images(self, split: str, count: int | None = None) -> np.ndarray:
        """Returns the first `count` images (all: None) in order, float32 [n, h, w, c] in [0, 1]."""
        images = self._split(split).images
        count = len(images) if count is None else min(positive("count", count), len(images))
        return images.read(np.arange(count))

    def images_at(self, split: str, rows) -> np.ndarray:
        """Returns the images at the places [n] of a split, float32 [n, h, w, c] in [0, 1]; no others are read.

        Args:
            split: "train", "validation" or "test".
            rows: The places, or a bool for each image of the split: `data.labels("test") == 3`.

        Raises:
            InputError: There is no such split, or no such image in it.
        """
        images = self._split(split).images
        return images.read(places(rows, len(images)))

    def labels(self, split: str) -> np.ndarray:
        """Returns the labels of a split in order, int32 [n], or [n, k] for k labels an image.

        Raises:
            InputError: The split has no labels.
        """
        labels = self._split(split).labels
        if labels is None:
            raise InputError(
                f"a request for labels of {self.source!r}, {split}, which has none",
                "class folders, or y arrays beside x arrays",
                "give a source with labels",
            )
        return labels

    def files(self, split: str) -> list[Path] | None:
        """Returns the files of the images of a split in order; None for images of arrays."""
        names = self._split(split).kept
        return None if names is None else [Path(self._root or "", name) for name in names]

    def is_streamed(self, split: str) -> bool:
        """Returns whether the images of a split are files that are decoded each time they are used."""
        images = self._split(split).images
        return any(isinstance(each, FileImages) for each in getattr(images, "parts", (images,)))

    def groups(self, split: str) -> np.ndarray | None:
        """Returns the name of each image's group, str [n]; None where neither `group` nor the source tells."""
        names = self._split(split).groups
        return None if names is None else np.array(names)

    def has_mask(self, split: str) -> np.ndarray:
        """Returns which images of a split have a mask of defects: bool [n]."""
        found = self._split(split)
        return np.array(found.masks or ("",) * len(found.images)) != ""

    def masks(self, split: str, rows=None) -> np.ndarray:
        """Returns masks of defects, bool [n, h, w], prepared as the images are; of images without one all False.

        Args:
            split: "train", "validation" or "test".
            rows: Places of the images, as of `images_at`; None gives all of the split.

        Raises:
            InputError: There is no such split, or a mask cannot be read or has other proportions than its image.
        """
        found = self._split(split)
        chosen = np.arange(len(found.images)) if rows is None else places(rows, len(found.images))
        files = self.files(split)
        if found.masks is None or files is None:
            return np.zeros((len(chosen), *self.image_shape[:2]), bool)
        # Not that of `image_shape`: feature maps may stand in the place of images.
        masks = np.zeros((len(chosen), *self._preparation.size_of(*upright_size(files[0]))), bool)
        for position, row in enumerate(chosen):
            if found.masks[row]:
                masks[position] = read_mask(
                    Path(self._root or "", found.masks[row]), files[row], self._preparation
                )
        return masks

    def with_images(self, images: Mapping[str, Images]) -> "ImageData":
        """Returns the same splits, labels and order with other arrays in the place of the images.

        Args:
            images: What takes the place of each split's images, one for one: their feature maps, for instance.
        """
        splits = {name: replace(split, images=images[name]) for name, split in self._splits.items()}
        height, width, channels = map(int, splits[TRAIN].images.shape)
        changed = self._changed(_splits=splits, image_shape=(height, width, channels))
        changed.__dict__.pop("_fingerprint", None)
        return changed

    def in_tiles(self, tile: int, overlap: float = OVERLAP) -> "ImageData":
        """Returns overlapping square tiles of the images in their place, image by image and row by row.

        Labels are those of the images; where nothing tells groups, the tiles of one image are a group. There are
        no masks.

        Args:
            tile: Side of a tile in pixels.
            overlap: Least part of a tile that its neighbour has too, from 0 to 0.75.

        Raises:
            InputError: A tile is larger than the images, or the overlap is out of range.

        Example:
            >>> tiles = kae.data.load("digits", limit=40).in_tiles(4, overlap=0.0)
            >>> tiles.image_shape, tiles.sizes["train"]
            ((4, 4, 1), 160)
        """
        splits = {name: tiled_split(split, tile, overlap) for name, split in self._splits.items()}
        digest = hashlib.sha256(f"{self.fingerprint()} in tiles of {tile}, {float(overlap)}".encode())
        count = len(splits[TRAIN].images) // max(1, len(self._splits[TRAIN].images))
        return self._changed(
            _splits=splits,
            image_shape=(tile, tile, self.image_shape[2]),
            tiles_an_image=count,
            _fingerprint=digest.hexdigest(),
        )

    def _changed(self, **attributes) -> "ImageData":
        """A copy with other attributes, and pipelines of its own."""
        other = copy.copy(self)
        for pipeline in (TRAIN, VALIDATION, TEST):
            other.__dict__.pop(pipeline, None)
        other.__dict__.update(attributes)
        return other

    def fingerprint(self) -> str:
        """Returns the SHA-256 (hexadecimal) of what the splits hold, the same for the same data on any machine.

        It is taken over pixels and labels; for files over their relative paths, their sizes in bytes and how they
        are prepared, whether they are in memory or streamed, so that a run can be resumed with the other.
        """
        return self._fingerprint

    @functools.cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self.image_shape, self._splits, self._root, self._preparation)

    def _split(self, name: str) -> Split:
        if name not in self._splits:
            raise unknown_name("the split", name, self._splits)
        if not len(self._splits[name].images):
            action = {VALIDATION: "load with validation_fraction=0.1, say", TEST: "load with a test_fraction"}
            raise InputError(f"the split {name!r}, which is empty", "a split with images", action.get(name, ""))
        return self._splits[name]

"""Feature maps of a run's images: made once, kept on disk, and streamed from there."""

import hashlib
import shutil
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.execution import compiled
from keras_ae._support.files import write_json
from keras_ae._support.pixels import slices
from keras_ae._support.progress import progress_bars
from keras_ae._support.reading import read_object
from keras_ae.data import ImageData, MappedImages
from keras_ae.features import FeatureMaps, frozen_features

FOLDER, STATE = "features", "features.json"
LEVELS = 3  # of directories above a run: those of a comparison's candidates and seeds
BATCH = 16  # images that the network takes at a time
BATCHES = 16  # batches between two records of the progress


def seen_by(model, data: ImageData, run: Path, adapt: bool = False, progress: bool = True) -> ImageData:
    """The images as a model sees them: themselves or, for a model of features, their maps from the run's cache.

    The maps are made on first use, 16 images at a time, in `features/` of the run; after an interruption the rest
    is made. Maps of other images, or of another network, are made anew. If the run is a candidate of a comparison,
    complete maps in `features/` of the comparison's directory are used instead.

    Args:
        model: A model of images, `FeatureMaps`, or an autoencoder of features.
        data: The images.
        run: Directory of the run.
        adapt: Whether features learn each channel's mean and deviation from the maps of the training images.
        progress: Whether to show a bar.

    Raises:
        InputError: The maps need more of the disk than is free.

    Example:
        >>> pixels = keras.Input((8, 8, 3))
        >>> halves = kae.features.FeatureMaps(keras.Model(pixels, pixels), np.eye(3), np.zeros(3), (4, 4), 1)
        >>> data = kae.data.load("digits", limit=20)
        >>> seen_by(halves, data, Path("run"), adapt=True, progress=False).image_shape  # three equal channels
        (4, 4, 3)
    """
    features = frozen_features(model)
    if features is None:
        return data
    arrays = _cache_of(Path(run), features, data).arrays(progress)
    if adapt:
        features.adapt_to(slices(arrays["train"], BATCH))
    mean, deviation = (np.asarray(value, np.float32) for value in (features.mean, features.deviation))
    return data.with_images({name: MappedImages(array, mean, deviation) for name, array in arrays.items()})


def _cache_of(run: Path, features: FeatureMaps, data: ImageData) -> "_Cache":
    """The cache of a run, or that of a directory above it, if all maps are there already."""
    own = _Cache(run / FOLDER, features, data)
    for above in run.resolve().parents[:LEVELS]:
        if (above / FOLDER / STATE).is_file() and not own.is_complete:
            shared = _Cache(above / FOLDER, features, data)
            if shared.is_complete:
                return shared
    return own


@dataclass(frozen=True)
class _Cache:
    folder: Path
    features: FeatureMaps
    data: ImageData

    @property
    def is_complete(self) -> bool:
        """Whether it has the maps of all images."""
        done = self._state()["done"]
        return all(done.get(split, 0) == count for split, count in self.data.sizes.items())

    def arrays(self, progress: bool) -> dict[str, np.ndarray]:
        """The unscaled maps of each split: float32 [n, rows, columns, channels], in memory-mapped files."""
        if not self.is_complete:
            self._make(self._state(), progress)
        return {split: self._open(split, "r") for split in self.data.sizes}

    def _make(self, state: dict, progress: bool) -> None:
        self._check_space(state["done"])
        unscaled = compiled(lambda images: self.features.unscaled(images))
        with progress_bars(disable=not progress, transient=True) as bars:
            task = bars.add_task("features", total=sum(self.data.sizes.values()))
            for split, count in self.data.sizes.items():
                done = state["done"].get(split, 0)
                array = self._open(split, "r+" if done else "w+")
                bars.advance(task, done)
                if done == count:
                    continue
                batches = self.data.pipeline(split, shuffle=False, batch_size=BATCH, start_step=done // BATCH)
                for step, batch in enumerate(batches, 1):
                    array[done : done + len(batch)] = np.asarray(unscaled(batch))
                    done += len(batch)
                    bars.advance(task, len(batch))
                    if step % BATCHES == 0 or done == count:
                        array.flush()
                        state["done"][split] = done
                        write_json(self.folder / STATE, state)

    def _open(self, split: str, mode: str) -> Any:  # a memory-mapped file, or an empty array
        shape = (self.data.sizes[split], *self.features.map_shape)
        if not shape[0]:  # an empty file cannot be mapped
            return np.zeros(shape, np.float32)
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{split}.npy"
        if mode == "w+":
            return np.lib.format.open_memmap(file, mode, np.float32, shape)
        return np.lib.format.open_memmap(file, mode)

    def _state(self) -> dict:
        """Number of maps of each split; none if they are of other images, or damaged."""
        fresh = {"key": self._key(), "done": {}}
        try:
            state = read_object(self.folder / STATE, "", "")
            if state["key"] != fresh["key"]:
                return fresh
            for split in state["done"]:
                if self._open(split, "r").shape != (self.data.sizes[split], *self.features.map_shape):
                    return fresh
        except (InputError, KeyError, OSError, TypeError, ValueError):
            return fresh
        return state

    def _key(self) -> str:
        """What the maps depend on: the images, the network with its weights, and what is done to its outputs."""
        features = self.features
        settings = [getattr(features, name) for name in ("size", "channels", "neighbours", "per_image")]
        settings += ["even light"] if features.even_light else []
        kinds = [type(layer).__name__ for layer in features.network.layers]
        digest = hashlib.sha256(repr((self.data.fingerprint(), self.data.sizes, settings, kinds)).encode())
        for array in (features.matrix, features.offset, *features.network.get_weights()):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def _check_space(self, done: dict[str, int]) -> None:
        missing = sum(count - done.get(split, 0) for split, count in self.data.sizes.items())
        needed = 4 * missing * prod(self.features.map_shape)
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            received = f"{needed / 1e9:.1f} GB of feature maps for {self.folder}"
            expected = f"at most the {free / 1e9:.1f} GB that are free"
            raise InputError(received, expected, "give a smaller --map-size")

"""The subset of dSprites that the thesis on locally embedded autoencoders uses (section 4.8, Table 4.1)."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data.cache import cache_directory, cached_masks
from keras_ae.data.collection import TEST, TRAIN, Collection, Part
from keras_ae.data.datasets.dsprites import COUNT, FACTORS, SIDE, factors_of, render

ARCHIVE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
PARTS = {TRAIN: 59_972, TEST: 10_006}

_SEED = 0  # the thesis fixes its seed but does not state it
_AT_ONCE = 4096  # images of the archive held in memory while it is read


def subset_indices() -> dict[str, np.ndarray]:
    """Returns the places in the official order, int64, of training and test images, as they were drawn."""
    drawn = np.random.default_rng(_SEED).permutation(COUNT)[: sum(PARTS.values())]
    return {TRAIN: drawn[: PARTS[TRAIN]], TEST: drawn[PARTS[TRAIN] :]}


def render_subset() -> Collection:
    """Re-renders the subset; labels are the five factors, int32 [n, 5]. Takes about a second."""
    parts = {name: Part(render(places), factors_of(places)) for name, places in subset_indices().items()}
    return Collection(parts, FACTORS, ("dsprites rendered by keras_ae: not the official pixels",))


def find_official(directory: Path) -> Path | None:
    """Returns the official archive in the directory, or in its `dsprites/`."""
    candidates = (directory / ARCHIVE, directory / "dsprites" / ARCHIVE)
    return next((each for each in candidates if each.is_file()), None)


def open_official(path: Path) -> Collection:
    """Opens the subset with the official pixels; labels are as for `render_subset`.

    It reads the archive's 3 GB once, and keeps the subset in the cache directory (36 MB).

    Raises:
        InputError: If the archive is damaged, or not in the official order.
    """
    places = subset_indices()
    drawn = np.concatenate(list(places.values()))
    try:
        with zipfile.ZipFile(path) as archive:
            _check_order(archive, path)
            # Other images have another cache: those of another archive, or drawn by another version of NumPy.
            mark = zlib.crc32(drawn.astype("<i8").tobytes(), archive.getinfo("imgs.npy").CRC)
            cache = cache_directory(path.parent) / f"dsprites_subset_{mark:08x}.npz"
            images = cached_masks(cache, lambda: _read_images(archive, drawn))
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        raise _damaged(path) from error
    parts, start = {}, 0
    for name, count in PARTS.items():
        parts[name] = Part(images[start : start + count], factors_of(places[name]))
        start += count
    return Collection(parts, FACTORS)


def _check_order(archive: zipfile.ZipFile, path: Path) -> None:
    """Checks the order by the classes of all images, as the metadata are a pickled object, which is not read."""
    with archive.open("latents_classes.npy") as file:
        classes = np.lib.format.read_array(file, allow_pickle=False)
    if classes.shape != (COUNT, 6) or not np.array_equal(classes[:, 1:], factors_of(np.arange(COUNT))):
        raise _damaged(path)


def _read_images(archive: zipfile.ZipFile, places: np.ndarray) -> np.ndarray:
    """Reads the images at `places`, uint8 0 or 255 [n, 64, 64, 1], without holding all images at once."""
    order = np.argsort(places)
    wanted = places[order]
    images = np.empty((len(places), SIDE, SIDE, 1), np.uint8)
    with archive.open("imgs.npy") as file:
        _skip_header(file)
        for start in range(0, COUNT, _AT_ONCE):
            count = min(_AT_ONCE, COUNT - start)
            block = np.frombuffer(file.read(count * SIDE * SIDE), np.uint8).reshape(count, SIDE, SIDE, 1)
            first, last = np.searchsorted(wanted, (start, start + count))
            images[order[first:last]] = block[wanted[first:last] - start] * np.uint8(255)
    return images


def _skip_header(file) -> None:
    """Reads up to the first pixel of `imgs`.

    Raises:
        ValueError: If the pixels are not uint8 [737280, 64, 64] in C order.
    """
    np.lib.format.read_magic(file)
    if np.lib.format.read_array_header_1_0(file) != ((COUNT, SIDE, SIDE), False, np.dtype(np.uint8)):
        raise ValueError("imgs of another shape or type")


def _damaged(path: Path) -> InputError:
    return InputError(
        f"{str(path)!r}, which is damaged or not in the official order",
        "the official archive",
        "download it again",
    )

"""Turns files into a split's images: decoded once into memory if they fit, else streamed."""

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.machine import available_memory, cores
from keras_ae.data.backings import ArrayImages, FileImages, Images, check_size
from keras_ae.data.collection import TRAIN, Part
from keras_ae.data.decoding import BadImageError, Decoder
from keras_ae.data.file_log import FileLog
from keras_ae.data.progress import progress_bar

_TASK = 1 << 20  # bytes of pixels that a task decodes, but at least one file
_LOOKED_AT = 1000  # number of files whose headers are read beforehand, for channels and, if streamed, sizes


def back_files(
    parts: dict[str, Part],
    root: Path,
    decoder: Decoder,
    *,
    cache: bool | str,
    skip_bad: bool,
    log: FileLog,
    progress: bool,
) -> dict[str, tuple[Images, Part]]:
    """Returns the images of every part, from memory or from files, and the part without the files left out.

    Images get three channels if any of a thousand evenly spread files is in colour, so that memory does not decide
    it. Bad files are left out of images, labels, masks and counts alike, so that rows correspond: with `skip_bad`,
    streamed files are decoded once beforehand to find them.

    Args:
        cache: True for memory, False for streaming, "auto" for memory if the decoded images take no more
            than a quarter of what is available.

    Raises:
        InputError: If an image cannot be decoded (unless `skip_bad`), or sizes differ; streamed files raise this
            only when they are read.
    """
    if decoder.channels is None:
        names = [name for part in parts.values() for name in part.files]
        decoder = decoder.with_channels(3 if _any_in_colour(names, root, decoder) else 1)
    reference = _first_readable(parts[TRAIN].files, root, decoder, skip_bad)
    if cache == "auto":
        cache = sum(len(part) for part in parts.values()) * math.prod(reference[1]) <= available_memory() / 4
    if cache:
        decoded = _decode_all(parts, root, decoder, reference, skip_bad=skip_bad, log=log, progress=progress)
        return dict(decoded)
    if skip_bad:
        parts, log = _without_bad_files(parts, root, decoder, reference, log, progress), FileLog()
    else:
        _look_at_sizes([name for part in parts.values() for name in part.files], root, decoder, log)
    return {
        name: (FileImages(root, part.files, decoder, reference, log=log), part) for name, part in parts.items()
    }


def _some(names: list[str]) -> list[str]:
    """Returns some evenly spread files, whose headers are read."""
    return names[:: -(-len(names) // _LOOKED_AT)]


def _any_in_colour(names: list[str], root: Path, decoder: Decoder) -> bool:
    """Whether any of some evenly spread files is in colour."""
    return any(decoder.channels_of(root / name) == 3 for name in _some(names))


def _look_at_sizes(names: list[str], root: Path, decoder: Decoder, log: FileLog) -> None:
    """Records how resizing affects some evenly spread files, as streamed ones are decoded only later."""
    if decoder.preparation.size is None:
        return
    for name in _some(names):
        effect = decoder.effect(root / name)
        log.record(name, (effect,) if effect else ())
        log.total += 1


def _without_bad_files(
    parts: dict[str, Part],
    root: Path,
    decoder: Decoder,
    reference: tuple[str, tuple[int, int, int]],
    log: FileLog,
    progress: bool,
) -> dict[str, Part]:
    """Returns the parts without files that cannot be decoded; logs all conversions."""
    names = [name for part in parts.values() for name in part.images]
    kept = np.zeros(len(names), bool)
    at_once = max(1, _TASK // math.prod(reference[1]))
    with progress_bar("looking for bad images", len(names), progress) as update:
        for position, result in enumerate(_decode_in_threads(names, root, decoder, at_once)):
            if isinstance(result, BadImageError):
                log.record(names[position], ("bad",))
            else:
                pixels, kinds = result
                log.record(names[position], kinds)
                log.total += 1
                check_size(names[position], pixels.shape, *reference)
                kept[position] = True
            update(position + 1)
    bounds = np.cumsum([len(part) for part in parts.values()])[:-1]
    stretches = zip(parts.items(), np.split(kept, bounds), strict=True)
    return {name: part.take(np.flatnonzero(keep)) for (name, part), keep in stretches}


def _first_readable(
    names: tuple[str, ...], root: Path, decoder: Decoder, skip_bad: bool
) -> tuple[str, tuple[int, int, int]]:
    for name in names:
        try:
            return name, decoder(root / name)[0].shape
        except BadImageError:
            if not skip_bad:
                raise
    raise InputError(
        f"{len(names)} training images in {str(root)!r}, none of which can be decoded",
        "images that can be decoded",
        "check what the files are",
    )


def _decode_all(
    parts: dict[str, Part],
    root: Path,
    decoder: Decoder,
    reference: tuple[str, tuple[int, int, int]],
    *,
    skip_bad: bool,
    log: FileLog,
    progress: bool,
) -> dict[str, tuple[ArrayImages, Part]]:
    """Decodes all parts into one array and gives each part its slice."""
    names = [name for part in parts.values() for name in part.images]
    array = np.empty((len(names), *reference[1]), np.uint8)
    at_once = max(1, _TASK // math.prod(reference[1]))
    kept = np.zeros(len(names), bool)
    with progress_bar("decoding images", len(names), progress) as update:
        for position, result in enumerate(_decode_in_threads(names, root, decoder, at_once)):
            name = names[position]
            if isinstance(result, BadImageError):
                if not skip_bad:
                    raise result
                log.record(name, ("bad",))
                continue
            pixels, kinds = result
            log.record(name, kinds)
            log.total += 1
            check_size(name, pixels.shape, *reference)
            array[position], kept[position] = pixels, True
            update(position + 1)
    return _divide_array(parts, array, kept)


def _divide_array(
    parts: dict[str, Part], array: np.ndarray, kept: np.ndarray
) -> dict[str, tuple[ArrayImages, Part]]:
    """Divides the array in the order of the parts, without the images that were not kept."""
    found, start = {}, 0
    for name, part in parts.items():
        stretch = slice(start, start + len(part))
        images, keep = array[stretch], kept[stretch]
        if not keep.all():
            images = images[keep]
        found[name] = ArrayImages(images), part.take(np.flatnonzero(keep))
        start += len(part)
    return found


def _decode_in_threads(names: list[str], root: Path, decoder: Decoder, at_once: int) -> Iterator:
    """Yields each file's pixels and conversions, or its error, in order; never far ahead of the consumer.

    A task decodes several files: one file per task would double the time for small files.
    """

    def decode(some: list[str]) -> list:
        return [_decode_or_error(decoder, root / name) for name in some]

    workers = cores()
    tasks: deque[Future] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(names), at_once):
            tasks.append(pool.submit(decode, names[start : start + at_once]))
            if len(tasks) > 2 * workers:
                yield from tasks.popleft().result()
        while tasks:
            yield from tasks.popleft().result()


def _decode_or_error(decoder: Decoder, path: Path):
    try:
        return decoder(path)
    except BadImageError as error:
        return error

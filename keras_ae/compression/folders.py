"""Compresses folders of images to folders of files and back, with only a few batches in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.files import write_atomically
from keras_ae._support.pictures import save_picture
from keras_ae._support.pixels import at_once
from keras_ae._support.reading import read_bytes
from keras_ae.compression.codec import Codec, Read
from keras_ae.compression.container import SUFFIX
from keras_ae.compression.names import check_compressed, check_decompressed, compressed_files, image_name
from keras_ae.data import MAX_PIXELS, Decoder, FileLog, LeftOut, decoded_ahead, image_files

AHEAD = 16  # files that are decoded in advance
TOGETHER = 64  # images of one size that pass through the network together; fewer if they are large
LARGEST_FILE = 2**30


@dataclass(frozen=True)
class CompressedFile:
    """One file that was compressed or decompressed, or why it was not.

    Attributes:
        file: Path relative to the folder.
        pixels: Height times width of the image; 0 if there is a problem.
        bytes: Length of the .kaec file; 0 if there is a problem.
        problem: Why nothing was written; "" otherwise.

    Example:
        >>> done = [kae.compression.CompressedFile(*each) for each in (("a.png", 100, 25), ("b.png", 100, 15))]
        >>> 8 * sum(each.bytes for each in done) / sum(each.pixels for each in done)  # bits per pixel
        1.6
    """

    file: str
    pixels: int = 0
    bytes: int = 0
    problem: str = ""


def compress_folder(
    codec: Codec,
    folder,
    out,
    max_pixels: int = MAX_PIXELS,
    left_out: LeftOut | None = None,
    log: FileLog | None = None,
) -> Iterator[CompressedFile]:
    """Compresses the images below a folder, in any nesting: `a/b.jpg` becomes `a/b.jpg.kaec` below `out`.

    Args:
        codec: The codec.
        folder: Folder of images.
        out: Folder for the files; earlier ones of the same names are replaced.
        max_pixels: Maximum number of pixels per image.
        left_out: Collects the files that are left out.
        log: Collects what is lost before compression, such as colour, 16 bits per channel or transparency.

    Raises:
        InputError: On iteration, if a file that would be overwritten is not a .kaec file, or the codec's images
            have neither one nor three channels.

    Example:
        >>> codec = Codec.of(kae.architectures.compressive((16, 16, 1), (4, 4, 2), filters=4))
        >>> Path("photos").mkdir()
        >>> keras.utils.save_img("photos/a.png", np.zeros((30, 21, 1), "uint8"))
        >>> [each.file for each in kae.compression.compress_folder(codec, "photos", "compressed")]
        ['a.png']
    """
    folder, out, channels = Path(folder), Path(out), _channels(codec)
    check_compressed(image_files(folder), out)
    decoder = Decoder(channels=channels)
    decoder = replace(decoder, preparation=replace(decoder.preparation, max_pixels=max_pixels))
    decoded = decoded_ahead(folder, image_files(folder, left_out), decoder, AHEAD, log)
    for shape, alike in groupby(decoded, key=lambda each: getattr(each[1], "shape", None)):
        if shape is None or not (codec.takes_any_size or shape == codec.image_shape):
            yield from (CompressedFile(file, problem=_problem(codec, pixels)) for file, pixels in alike)
            continue
        while some := list(islice(alike, at_once(shape, TOGETHER))):
            contents = codec.compress(np.stack([pixels for _, pixels in some]))
            for (file, _), content in zip(some, contents, strict=True):
                _write(out / f"{file}{SUFFIX}", content)
                yield CompressedFile(file, shape[0] * shape[1], len(content))


def _write(path: Path, content: bytes) -> None:
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def _problem(codec: Codec, pixels: np.ndarray | str) -> str:
    if isinstance(pixels, str):
        return pixels
    given, expected = ("×".join(map(str, sides)) for sides in (pixels.shape[:2], codec.image_shape[:2]))
    return f"{given} pixels, where the codec's network takes {expected} alone"


def decompress_folder(codec: Codec, folder, out, max_pixels: int = MAX_PIXELS) -> Iterator[CompressedFile]:
    """Decompresses the .kaec files below a folder, in any nesting: `a/b.jpg.kaec` becomes `a/b.jpg.png`.

    Args:
        codec: The codec that compressed them.
        folder: Folder of .kaec files.
        out: Folder for the images; earlier ones of the same names are replaced.
        max_pixels: Maximum number of pixels per image.

    Raises:
        InputError: On iteration, if a file that would be overwritten is not an image that this library wrote, two
            files would become the same image, or the codec's images have neither one nor three channels.

    Example:
        >>> codec = Codec.of(kae.architectures.compressive((16, 16, 1), (4, 4, 2), filters=4))
        >>> Path("files").mkdir()
        >>> Path("files/a.kaec").write_bytes(codec.compress(np.zeros((1, 30, 21, 1), "uint8"))[0]) > 0
        True
        >>> [each.pixels for each in kae.compression.decompress_folder(codec, "files", "images")]
        [630]
    """
    folder, out = Path(folder), Path(out)
    _channels(codec)
    files = compressed_files(folder)
    check_decompressed(files, out)
    for shape, alike in groupby(_read(codec, folder, files, max_pixels), key=lambda each: _shape(each[1])):
        if shape is None:
            yield from (CompressedFile(file, problem=str(read)) for file, read, _ in alike)
            continue
        while some := list(islice(alike, at_once(shape, TOGETHER))):
            images = codec.images(read for _, read, _ in some if isinstance(read, Read))
            for (file, _, length), image in zip(some, images, strict=True):
                save_picture(out / image_name(file), image / np.float32(255))
                yield CompressedFile(file, image.shape[0] * image.shape[1], length)


def _read(codec: Codec, folder: Path, files: list[str], max_pixels: int) -> Iterator[tuple[str, Read | str, int]]:
    """Yields each file with its content, or what is wrong with it, and its length."""
    for file in files:
        try:
            content = read_bytes(folder / file, LARGEST_FILE, "a .kaec file", "leave it out")
            yield file, codec.read(content, file, max_pixels), len(content)
        except InputError as error:
            yield file, error.received, 0


def _shape(read: Read | str) -> tuple[int, int] | None:
    return read.size if isinstance(read, Read) else None


def _channels(codec: Codec) -> int:
    channels = codec.image_shape[-1]
    if channels not in (1, 3):
        raise InputError(
            f"a codec of images of {channels} channels", "1 or 3, as files have", "use Codec in Python"
        )
    return channels

"""Many small images written as a few tar files, with an index that is a manifest: `shards:DIR` reads them."""

import csv
import io
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from keras_ae._support.directories import write_directory
from keras_ae._support.errors import InputError
from keras_ae._support.files import flush
from keras_ae.data.checks import positive
from keras_ae.data.collection import ALL, Collection, Part
from keras_ae.data.datasets.shards import INDEX
from keras_ae.data.decoding import problem_of
from keras_ae.data.file_log import FileLog
from keras_ae.data.image_formats import open_regular
from keras_ae.data.members import Member
from keras_ae.data.sources import open_source

SHARD_SIZE = 10_000
_COLUMNS = ("path", "label", "split", "mask", "group", "source")


@dataclass(frozen=True)
class Sharded:
    """The result of `write_shards`.

    Attributes:
        shards: Number of tar files.
        images: Number of images in them.
        notes: What was left out, a line each.

    Example:
        >>> np.savez("images.npz", x=np.zeros((25, 8, 8, 1), np.uint8))
        >>> kae.data.write_shards("npz:images.npz", "shards", shard_size=10).shards
        3
    """

    shards: int
    images: int
    notes: tuple[str, ...] = ()


def write_shards(
    source: str, out, *, data_dir=None, shard_size: int = SHARD_SIZE, skip_bad: bool = False
) -> Sharded:
    """Writes the images of a source to tar files, in the order of the source, each copied byte for byte.

    A tar file holds `000000012.png` and, as in WebDataset, the label's number as `000000012.cls`. `index.csv`
    lists each image's place in a tar file, label, split, mask and group: a manifest for reading any image
    directly. It also has the sizes, so opening it only needs the sizes of the tar files.

    Args:
        source: As for `load`; images of arrays are written as PNG.
        out: A new directory, or one that this function wrote.
        data_dir: As for `load`.
        shard_size: Images per tar file.
        skip_bad: Leave out files that cannot be decoded, and say how many in `notes`.

    Raises:
        InputError: If the source cannot be read, has float arrays or several labels per image, a file cannot be
            decoded (unless `skip_bad`), or the directory holds something else.

    Example:
        >>> np.savez("images.npz", x=np.full((25, 8, 8, 1), 200, np.uint8))
        >>> kae.data.write_shards("npz:images.npz", "shards", shard_size=10)
        Sharded(shards=3, images=25, notes=())
        >>> kae.data.load("shards:shards", progress=False)
        <ImageData 'shards:shards': 8 × 8 × 1; train 20, validation 0, test 5>
    """
    positive("shard_size", shard_size)
    collection = open_source(source, data_dir)
    log = FileLog()
    shards, images = write_directory(out, lambda place: _write(collection, place, shard_size, skip_bad, log))
    return Sharded(shards, images, (*collection.notes, *log.notes()))


@dataclass(frozen=True)
class _Entry:
    """An image with its entries in the index; `mask` is a file, and `source` the image's original name."""

    image: Path | np.ndarray
    label: str
    number: str
    split: str
    mask: Path | None
    group: str
    source: str


def _write(collection: Collection, place: Path, shard_size: int, skip_bad: bool, log: FileLog) -> tuple[int, int]:
    """Writes the tar files and their index; returns the numbers of tar files and of images."""
    every = (entry for name in _parts(collection) for entry in _entries(collection, name))
    entries = (entry for entry in every if _is_good(entry, skip_bad, log))
    shards = images = 0
    with (place / INDEX).open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        index = csv.writer(file, lineterminator="\n")
        index.writerow(_COLUMNS)
        while some := list(islice(entries, min(shard_size, sys.maxsize))):
            tar = f"shard-{shards:05}.tar"
            members = _write_shard(place / tar, some, images)
            for number, entry in enumerate(some, images):
                mask = members[f"{number:09}.mask"] if entry.mask else ""
                about = (entry.label, entry.split, mask, entry.group, entry.source)
                index.writerow((members[f"{number:09}"], *about))
            shards, images = shards + 1, images + len(some)
    return shards, images


def _is_good(entry: _Entry, skip_bad: bool, log: FileLog) -> bool:
    """Whether an image can be decoded; refuses one that cannot, by its own name, unless such are left out."""
    problem = problem_of(entry.image) if isinstance(entry.image, Path) else ""
    if problem and not skip_bad:
        action = "repair or remove it, or leave out such files with --skip-bad (skip_bad=True)"
        raise InputError(f"the image {entry.source!r} ({problem})", "an image that can be decoded", action)
    if problem:
        log.record(entry.source, ("bad",))
    return not problem


def _parts(collection: Collection) -> list[str]:
    return [ALL] if ALL in collection.parts else [name for name in collection.own if name in collection.parts]


def _entries(collection: Collection, name: str) -> Iterator[_Entry]:
    part = collection.part(name)
    labels = _labels(collection, part)
    for row in range(len(part)):
        image: Path | np.ndarray
        if collection.root is None:
            image, source = part.pixels[row], f"{name}[{row}]"
        else:
            image, source = collection.root / part.files[row], part.files[row]
        mask = part.masks[row] if part.masks and collection.root else ""
        yield _Entry(
            image,
            *labels[row],
            "" if name == ALL else name,
            collection.root / mask if mask and collection.root else None,
            part.groups[row] if part.groups else "",
            source,
        )


def _labels(collection: Collection, part: Part) -> list[tuple[str, str]]:
    """Returns the name and number of each image's label; empty ones without labels."""
    if part.labels is None:
        return [("", "")] * len(part)
    if part.labels.ndim > 1:
        received = f"{part.labels.shape[1]} labels an image"
        raise InputError(received, "one, or none", "write a manifest of the images, with one label")
    names = collection.label_names
    return [(names[label] if names else str(label), str(label)) for label in part.labels.tolist()]


def _write_shard(path: Path, entries: list[_Entry], first: int) -> dict[str, Member]:
    """Writes a tar file; returns its members by their names without extensions."""
    names: dict[str, str] = {}
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for number, entry in enumerate(entries, first):
            ending, content = _content(entry.image)
            files = [("", ending, content)]
            if entry.number:
                files.append((".cls", "", entry.number.encode()))
            if entry.mask:
                ending, content = _content(entry.mask)
                files.append((".mask", ending, content))
            for kind, ending, content in files:
                member = tarfile.TarInfo(f"{number:09}{kind}{ending}")
                member.size = len(content)
                names[member.name] = f"{number:09}{kind}"
                tar.addfile(member, io.BytesIO(content))
    flush(path)
    with tarfile.open(path) as tar:
        found = [(names[one.name], one) for one in tar.getmembers()]
        return {name: Member(path.name, one.name, one.offset_data, one.size) for name, one in found}


def _content(image: Path | np.ndarray) -> tuple[str, bytes]:
    """Returns the extension and bytes of an image, unchanged; arrays become PNG."""
    if isinstance(image, Path):
        member = Member.named(image)
        with open_regular(image) as file:
            return (Path(member.name) if member else image).suffix.lower(), file.read()
    if image.dtype != np.uint8 or image.shape[-1] not in (1, 3):
        received = f"an array of {image.dtype} with {image.shape[-1]} channels"
        raise InputError(received, "bytes of one channel or three", "write the images as files")
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, "png")
    return ".png", buffer.getvalue()

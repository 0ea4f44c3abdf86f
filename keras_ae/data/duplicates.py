"""Near duplicates of one split's images in another: shots of one part, frames of one film, copies."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from keras_ae._support.pixels import slices
from keras_ae.data.collection import TEST, TRAIN, VALIDATION
from keras_ae.data.image_data import ImageData

SIDE = 32  # pixels of a thumbnail's side
NEIGHBOURS = 20  # of an image, which show the usual distances; more than there are images of one part, say
RATIO = 0.15  # of the squared distance to the last neighbour, below which the nearest is a near duplicate
COPY = 1e-5  # squared distance of copies, at most
NOTABLE = 0.05  # fraction of a split's images from which on users are warned
MOST = {TRAIN: 20_000, VALIDATION: 2_000, TEST: 2_000}  # images examined, evenly spread
STREAMED = 8  # times fewer if files have to be decoded
SHOWN = 3  # pairs
_AT_ONCE, _THREADS = 256, 4


@dataclass(frozen=True)
class NearDuplicates:
    """Number of images of a split with near duplicates among the training images.

    Attributes:
        split: "test" or "validation".
        looked_at: Number of images of the split that were examined, evenly spread: at most 2,000, or 250 if files
            have to be decoded.
        images: Number of these with a near duplicate among the training images or, for "test", the validation
            images.
        copies: Number of these whose near duplicate has the same thumbnail.
        pairs: A few such pairs, one image of the split and one of another: files, or places such as "test[3]".

    Example:
        >>> found = kae.data.NearDuplicates("test", 190, 140, 0, (("1.jpg", "7.jpg"),))
        >>> found.is_notable, found.in_words()[:67]
        (True, '140 of 190 test images have a near duplicate among those trained on')
    """

    split: str
    looked_at: int
    images: int
    copies: int
    pairs: tuple[tuple[str, str], ...]

    @property
    def is_notable(self) -> bool:
        """Whether there are copies, or more than 5 % of the examined images have near duplicates."""
        return self.copies > 0 or self.images > NOTABLE * self.looked_at

    def in_words(self) -> str:
        """Returns a one-line summary for users."""
        pairs = ", ".join(f"{own} and {other}" for own, other in self.pairs)
        which = f"{self.images:,} of {self.looked_at:,} {self.split} images"
        return (
            f"{which} have a near duplicate among those trained on (such as {pairs}): what is measured on them is "
            "too good; name what tells parts apart with --group"
        )


def near_duplicates(data: ImageData, split: str = TEST) -> NearDuplicates:
    """Counts a split's images that are nearly the same as training images.

    It compares thumbnails of 32 × 32 pixels without their mean and contrast, so exposure makes no difference.
    The nearest image is a near duplicate if its squared distance is below 0.15 of that of the 20th: distinct
    images, alike or not, have no neighbour that is so much nearer. With more than 20 images of each part, near
    duplicates go undetected. Of tiles, the whole images are compared.

    Args:
        data: Images with at least 40 to compare with; with fewer, nothing is examined, and all counts are 0.
        split: "test", or "validation", on which thresholds are set.

    Example:
        >>> digits = kae.data.load("digits")
        >>> kae.data.near_duplicates(digits).is_notable  # everybody writes their own
        False
    """
    data = data.whole  # tiles of background resemble one another, whichever images they are of
    others = [TRAIN] if split == VALIDATION else [TRAIN, VALIDATION]
    sizes = data.sizes
    if not sizes[split] or sum(sizes[other] for other in others) < 2 * NEIGHBOURS:
        return NearDuplicates(split, 0, 0, 0, ())
    own, own_names = _thumbnails(data, split)
    known = [_thumbnails(data, other) for other in others if sizes[other]]
    trained, names = np.concatenate([each for each, _ in known]), [name for _, each in known for name in each]
    nearest, first, last = _neighbours(own, trained)
    found = first < RATIO * np.maximum(last, COPY)
    rows = np.flatnonzero(found)
    shown = rows[np.argsort(first[rows], kind="stable")][:SHOWN]
    return NearDuplicates(
        split,
        len(own),
        len(rows),
        int(np.sum(found & (first <= COPY))),
        tuple((own_names[row], names[nearest[row]]) for row in shown),
    )


def _neighbours(own: np.ndarray, trained: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the nearest place in `trained`, and the squared distances of the nearest and the 20th: [n] each."""
    nearest, first, last = [], [], []
    for start in range(0, len(own), _AT_ONCE):
        distances = np.maximum(1 - own[start : start + _AT_ONCE] @ trained.T, 0)
        nearest.append(distances.argmin(axis=1))
        first.append(distances.min(axis=1))
        last.append(np.partition(distances, NEIGHBOURS - 1, axis=1)[:, NEIGHBOURS - 1])
    return np.concatenate(nearest), np.concatenate(first), np.concatenate(last)


def _thumbnails(data: ImageData, split: str) -> tuple[np.ndarray, list[str]]:
    """Returns thumbnails, float32 [n, 1024] of mean 0 and norm 1, of some of a split's images, and their names."""
    size, most, streamed = data.sizes[split], MOST[split], data.is_streamed(split)
    rows = np.arange(0, size, -(-size // (most // STREAMED if streamed else most)))
    with ThreadPoolExecutor(_THREADS) as pool:
        made = pool.map(lambda some: _reduced(data.images_at(split, some)), slices(rows, _AT_ONCE))
        thumbnails = np.concatenate(list(made))
    thumbnails -= thumbnails.mean(axis=1, keepdims=True)
    thumbnails /= np.maximum(np.linalg.norm(thumbnails, axis=1, keepdims=True), 1e-6)
    files = data.files(split)
    return thumbnails, [f"{split}[{row}]" if files is None else repr(str(files[row])) for row in rows]


def _reduced(images: np.ndarray) -> np.ndarray:
    """Gray thumbnails float32 [n, 1024] of images [n, h, w, c]."""
    grays = images.mean(axis=-1, dtype=np.float32)
    resized = [Image.fromarray(gray).resize((SIDE, SIDE), Image.Resampling.BOX) for gray in grays]
    return np.stack([np.asarray(each).ravel() for each in resized])

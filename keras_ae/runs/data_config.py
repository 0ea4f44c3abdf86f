"""Which images a run uses."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from numbers import Integral
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from keras_ae import data as image_data
from keras_ae._support.errors import InputError, listed_names
from keras_ae._support.fields import read_fields, settle_fields
from keras_ae.data import OVERLAP

NOT_LOADED = ("source", "split_seed", "tile", "overlap")  # fields that are no keywords of `load`
DEFAULT_VALIDATION = 0.1  # of the training images


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how they are prepared.

    Example:
        >>> config = kae.runs.DataConfig("digits", image_size=16, limit=40)
        >>> config.load(seed=1).image_shape
        (16, 16, 1)
    """

    source: Annotated[str, tyro.conf.arg(name="data", metavar="SOURCE")]
    """Name of a data set (see keras-ae data list), or folder:, mvtec:, visa:, manifest: or npz:PATH."""
    data_dir: Path | None = None
    """Directory to search first for named data sets, as NAME.npz or NAME/; KERAS_AE_DATA by default."""
    pad: tuple[int, int] = (0, 0)
    """Mirrored rows to add above and below, and mirrored columns to add left and right."""
    crop: tuple[int, int] | None = None
    """Height and width of the central part to keep, after padding."""
    image_size: tuple[int, int] | None = None
    """Height and width to resize to."""
    resize: Literal["stretch", "pad", "crop"] | None = None
    """How to fit images of other proportions: stretch them, pad them with black bars (letterbox), or crop them.
    By default folders and archives are stretched, and named data sets cropped."""
    white_level: float | None = None
    """Value of white in files of more than 8 bits, such as 4095 for a 12-bit camera; 65535 where clear."""
    max_pixels: int = image_data.MAX_PIXELS
    """Largest image to decode, in pixels."""
    channels: Literal[1, 3] | None = None
    """Number of channels to convert images to: 1 for grey, 3 for colour."""
    train: str | None = None
    """Images to train on, in the official order, such as "train[:-10000]" or "all[:5%]"."""
    validation: str | None = None
    """Images for model selection and early stopping, such as "train[-10000:]"."""
    test: str | None = None
    """Images to test on, such as "all[-2000:]"."""
    test_fraction: float = 0.2
    """Fraction of the images to hold out for testing, if the source has no test images of its own."""
    train_labels: tuple[str, ...] = ()
    """Labels, by name or number, to restrict training and validation to; test images are left as they are."""
    limit: int | None = None
    """Maximum number of images per split, drawn with the seed."""
    split_seed: int | None = None
    """Seed of the splits and of --limit; --seed by default. If given, every --seed trains on the same images."""
    validation_fraction: float | None = None
    """Fraction of the training images to hold out for model selection and early stopping; 0.1 by default, but 0
    with --validation and for a folder with val/."""
    skip_bad: bool = False
    """Leave out images that cannot be read, and count them, instead of stopping."""
    group: str | None = None
    """Regular expression that extracts from a file's path which part or patient it shows, such as "part_([0-9]+)":
    all images of one part then fall into the same split. A manifest has a column for it."""
    tile: int | None = None
    """Side in pixels of overlapping square tiles that the model sees instead of whole images: thin structures
    would vanish if a large image were shrunk."""
    overlap: float = OVERLAP
    """Minimum fraction of a tile that it shares with its neighbour, from 0 to 0.75."""
    masks: str | None = None
    """Where defect masks lie in a folder, if their names do not show it: "*_defect.png" beside each image, with
    its name for *, or "masks/*.png"."""

    def __post_init__(self):
        for name in ("pad", "crop", "image_size"):
            size = getattr(self, name)
            object.__setattr__(self, name, (size, size) if isinstance(size, Integral) else size)
        object.__setattr__(self, "train_labels", tuple(map(str, listed_names(self.train_labels))))
        settle_fields(self)
        if self.split_seed is not None and self.split_seed < 0:
            raise InputError(f"split_seed {self.split_seed}", "0 or more", "give another --split-seed")
        if self.tile is not None:
            image_data.check_tiles(self.tile, self.overlap)
        elif self.overlap != OVERLAP:
            raise InputError(f"overlap {self.overlap} without tiles", "the side of a tile", "add --tile 256")
        if self.resize is None and self.image_size is not None:  # recorded, since defaults may change
            object.__setattr__(self, "resize", image_data.default_resize(self.source))

    @classmethod
    def from_record(cls, values: Mapping[str, Any]) -> "DataConfig":
        """Returns a record's configuration; records older than these options crop and hold images out."""
        if not isinstance(values, Mapping) or "resize" in values:
            return read_fields(cls, values, "config.data")
        then: dict[str, Any] = {"resize": "crop"} if values.get("image_size") else {}
        if values.get("validation_fraction") is None and values.get("validation") is None:
            then["validation_fraction"] = DEFAULT_VALIDATION  # of the training images, even if a folder had val/
        return read_fields(cls, {**values, **then}, "config.data")

    def load(self, seed: int = 0, **options) -> "image_data.ImageData":
        """Returns the images of `keras_ae.data.load`, or their tiles; `options` are its further keywords."""
        return self.seen(self.load_whole(seed, **options))

    def seen_shape(self, image_shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Returns the shape of what the model sees of images of this shape."""
        if self.tile is None:
            return image_shape
        image_data.tile_starts(image_shape[:2], self.tile, self.overlap)  # refuses impossible tiles
        return (self.tile, self.tile, image_shape[2])

    def seen(self, data: "image_data.ImageData") -> "image_data.ImageData":
        """Returns what the model sees of whole images: themselves, or their tiles."""
        return data if self.tile is None else data.in_tiles(self.tile, self.overlap)

    def load_whole(self, seed: int = 0, **options) -> "image_data.ImageData":
        """Returns the images themselves, whether the model sees tiles of them or not."""
        chosen = {key: value for key, value in asdict(self).items() if key not in NOT_LOADED}
        chosen["seed"] = seed if self.split_seed is None else self.split_seed
        chosen["own_validation"] = self.validation_fraction is None
        if chosen["validation_fraction"] is None:
            chosen["validation_fraction"] = 0.0 if self.validation else DEFAULT_VALIDATION
        return image_data.load(self.source, **chosen, **options).with_seed(seed)

"""`run.json` as a typed record of what was trained on which images; the one place that reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.fields import read_fields, settle_fields
from keras_ae._support.reading import read_object
from keras_ae.data import ImageData
from keras_ae.runs.config import RunConfig, run_config_from_json

FORMAT = 1
EXPECTED = "the record of a run that keras-ae train wrote"
ACTION = "give the directory of another run, or train it again"
LARGEST_IMAGE = 2**30  # values
_PARTS = ("format", "config", "data", "model", "execution", "notes")


@dataclass(frozen=True)
class RunImages:
    """The images of a run: their fingerprint, (height, width, channels), and number in each split."""

    fingerprint: str
    image_shape: tuple[int, int, int]
    sizes: Mapping[str, int]

    def __post_init__(self):
        settle_fields(self)
        if min(self.image_shape) < 1 or prod(self.image_shape) > LARGEST_IMAGE:
            raise InputError(f"image_shape {list(self.image_shape)}", "height, width and channels of an image")
        if not all(isinstance(size, int) and size >= 0 for size in self.sizes.values()):
            raise InputError(f"sizes {self.sizes}", "numbers of images")


def images_record(data: ImageData) -> dict[str, Any]:
    """The images of a run, or of a comparison, as JSON values."""
    sizes = {"image_shape": list(data.image_shape), "sizes": dict(data.sizes)}
    return {"fingerprint": data.fingerprint(), **sizes}


@dataclass(frozen=True)
class BuiltModel:
    """The model of a run: its architecture's name and keywords, as JSON values."""

    architecture: str
    keywords: Mapping[str, Any]

    def __post_init__(self):
        settle_fields(self)


@dataclass(frozen=True)
class RunRecord:
    """What `run.json` says of a run: enough to repeat it.

    Attributes:
        config: What was asked for.
        data: The images that were found.
        model: What was built.
        execution: What "auto" resolved to: "jit_compile" and "steps_per_execution"; empty in early versions.
        notes: Remarks about the images; none in a shared run.

    Example:
        >>> RunRecord.read(kae.runs.pretrained_models()["variational_digits"] / "run.json").config.data.source
        'digits'
    """

    config: RunConfig
    data: RunImages
    model: BuiltModel
    execution: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        settle_fields(self)

    @classmethod
    def read(cls, file: Path) -> "RunRecord":
        """The record in a file, of this version or an earlier one.

        Raises:
            InputError: It is damaged, of another format, or a value is missing, unknown or of another type.
        """
        values = read_object(file, EXPECTED, ACTION)
        check_format(values, file)
        try:
            for name in values:
                if name not in _PARTS:
                    raise InputError(f"the unknown part {name}", "the parts that this version knows")
            for name in ("config", "data", "model"):
                if name not in values:
                    raise InputError(f"no {name}", "all parts")
            return cls(
                run_config_from_json(values["config"]),
                read_fields(RunImages, values["data"], "data"),
                read_fields(BuiltModel, values["model"], "model"),
                values.get("execution", {}),
                values.get("notes", ()),
            )
        except InputError as error:
            reason = f"{error.received}, where {error.expected} is expected"
            raise InputError(f"{file} ({reason})", EXPECTED, ACTION) from error


def check_format(values: Mapping[str, Any], file: Path) -> None:
    """Refuse a record whose format is missing or is not this version's."""
    version = values.get("format")
    if version != FORMAT or isinstance(version, bool):
        what = f"of format {version!r}" if "format" in values else "without a format"
        raise InputError(f"{file} {what}", f"format {FORMAT}", "use the version of keras-ae that wrote it")

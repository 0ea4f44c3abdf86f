"""A finished run on disk, checked when it is opened: every command and script reads runs through it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_ae._support.directories import recover
from keras_ae._support.errors import InputError
from keras_ae._support.reading import read_object
from keras_ae.data import ImageData
from keras_ae.runs.directory import RunDirectory
from keras_ae.runs.record import RunRecord

if TYPE_CHECKING:
    import keras

COUNTS = ("steps", "parameters")  # among the measurements of every run


@dataclass(frozen=True)
class Run:
    """A finished run: its directory, record, measurements, and model, which is loaded on first use.

    Example:
        >>> run = Run.open(kae.runs.pretrained_models()["variational_digits"])
        >>> run.record.data.image_shape
        (8, 8, 1)
    """

    directory: RunDirectory
    record: RunRecord
    metrics: Mapping[str, Any]
    _model: "keras.Model | None" = field(default=None, repr=False, compare=False)

    @classmethod
    def open(cls, path, source: str | None = None) -> "Run":
        """Opens the finished run in a directory; loads neither Keras nor the model.

        Args:
            path: Directory that `keras-ae train` or `keras-ae share` wrote, a candidate of a comparison, or `run/`
                of `keras-ae detect train`; or a `Run`, which is returned.
            source: Where its images are now, if they have been moved, such as "folder:PATH".

        Raises:
            InputError: There is no run, it is not finished, or its record or measurements are damaged.
        """
        if isinstance(path, Run):
            return path
        recover(path)
        directory = RunDirectory(path)
        record = directory.record()
        if source is not None:
            data = replace(record.config.data, source=source)
            record = replace(record, config=replace(record.config, data=data))
        if not directory.is_finished:
            raise InputError(f"{path}", "a finished run", "train it to the end first")
        return cls(directory, record, read_metrics(directory.path / "metrics.json"))

    @property
    def path(self) -> Path:
        """The run's directory."""
        return self.directory.path

    @property
    def config(self):
        """The configuration, a `RunConfig`."""
        return self.record.config

    @property
    def model(self) -> "keras.Model":
        """The trained model, compiled as it was trained.

        Raises:
            InputError: Its file is missing or damaged, or holds a model of other images.
        """
        if self._model is None:
            object.__setattr__(self, "_model", self.load_model())
        return self._model

    def load_model(self, *, compile: bool = True) -> "keras.Model":
        """Loads the model from its file anew.

        Args:
            compile: Whether to restore optimizer and loss.

        Raises:
            InputError: The file is missing or damaged, or holds a model of other images.
        """
        from keras_ae.model_file import load_model  # imports Keras

        self.config.model.import_parts()
        model = load_model(self.directory.model_path, compile=compile)
        shape, expected = _image_shape(model), self.record.data.image_shape
        if shape != expected:
            received = f"{self.directory.model_path}, a model of inputs {shape}"
            raise InputError(received, f"one of images {expected}, as run.json says", "train the run again")
        return model

    def load_data(self, progress: bool = True) -> ImageData:
        """Loads the images of the run, which must be unchanged.

        Args:
            progress: Whether to show a bar while they are decoded.

        Raises:
            InputError: They cannot be loaded, or have changed.
        """
        self._check_source()
        data = self.config.load_data(progress)
        self.check_images(data)
        return data

    def check_images(self, data: ImageData) -> None:
        """Refuses other images than the run was trained on.

        Args:
            data: What the model sees: images, or their tiles.

        Raises:
            InputError: They have changed.
        """
        if data.fingerprint() != self.record.data.fingerprint:
            received = f"other images than {self.path} was trained on"
            raise InputError(received, "the same", "give back the images of the run")

    def load_whole(self, progress: bool = True) -> ImageData:
        """Loads the whole images of the run, where `load_data` gives the tiles that the model sees of them.

        Unlike `load_data`, it does not check that they are unchanged.

        Args:
            progress: Whether to show a bar while they are decoded.

        Raises:
            InputError: They are not there, or cannot be loaded.
        """
        self._check_source()
        return self.config.load_whole(progress)

    def _check_source(self) -> None:
        """Refuses a missing path of images that is relative to the directory in which the run was trained.

        Raises:
            InputError: It is not there; it names the directory, if it is one above the run's own.
        """
        source = self.config.data.source
        _, colon, place = source.partition(":")
        if not colon or "://" in source or Path(place).expanduser().is_absolute() or Path(place).exists():
            return
        found = [above for above in self.path.resolve().parents if (above / place).exists()]
        action = f"go to {found[0]}, where it is" if found else "go to the directory that it was trained in"
        received = f"{source}, the images of {self.path}, which are not there"
        raise InputError(received, "images at a path from the directory that it was trained in", action)


def _image_shape(model) -> tuple | None:
    """(height, width, channels) of the images that an autoencoder or a classifier takes; None for other models."""
    shape = getattr(model, "image_shape", None)
    if shape is None:
        inputs = getattr(model, "input_shape", None)  # an empty model has none
        shape = inputs[1:] if isinstance(inputs, tuple) else None
    return shape and tuple(shape)


def read_metrics(file: Path) -> dict[str, Any]:
    """The measurements in a `metrics.json`.

    Raises:
        InputError: It is damaged, or a value is not a number, a text, a list of these, or numbers by name.
    """
    expected, action = "the measurements of a finished run", "train it again, or measure another run"
    metrics = read_object(file, expected, action)
    for name, value in metrics.items():
        if not _is_measured(value):
            raise InputError(f"{file} ({name} is a {type(value).__name__})", expected, action)
    for name in COUNTS:
        if not isinstance(metrics.get(name), int):
            raise InputError(f"{file} (no number of {name})", expected, action)
    return metrics


def _is_measured(value) -> bool:
    if isinstance(value, dict):
        return all(isinstance(item, int | float | list) or item is None for item in value.values())
    if isinstance(value, list):
        return all(isinstance(item, int | float | str) for item in value)
    return isinstance(value, int | float | str)

"""The configuration of a run: frozen dataclasses, from which the command line is generated."""

import ast
import importlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from keras_ae import data as image_data
from keras_ae._support.errors import InputError, listed_names
from keras_ae._support.fields import read_fields, settle_fields
from keras_ae._support.files import plain
from keras_ae.catalogue import ARCHITECTURES, BOTTLENECKS
from keras_ae.runs.data_config import DataConfig
from keras_ae.runs.training_config import REST, TrainingConfig


def parse_code(text: str) -> tuple[int, ...]:
    """Returns the shape that "4x4x16" (a map) or "32" (a vector) stands for.

    Raises:
        InputError: If it is no such text.
    """
    sides = text.lower().replace("×", "x").split("x")
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*x[1-9]\d*)?", "x".join(sides)):
        raise InputError(
            f"code {text!r}", "HEIGHTxWIDTHxCHANNELS or LENGTH, such as 4x4x16 or 32", "correct the code"
        )
    return tuple(int(side) for side in sides)


def format_code(shape: tuple[int, ...]) -> str:
    """Returns the text that `parse_code` reads."""
    return "x".join(map(str, shape))


def code_as_text(code) -> str:
    """Returns a code as text, whether it is given as text, as a shape or as a length."""
    return code if isinstance(code, str) else format_code(listed_names(code))


@dataclass(frozen=True)
class ModelConfig:
    """The model: an autoencoder, or a classifier, with or without local objectives, which learns the labels.

    A builder takes the keywords `input_shape`, `code_shape` if it has one, those of the options, and `bottleneck`
    if one is named. It returns a built `Autoencoder`, or another `keras.Model` that outputs one logit per class.

    Example:
        >>> config = kae.runs.ModelConfig("fully_connected", "3", options=("hidden=(8,)",))
        >>> model = config.build((4, 4, 1))
        >>> tuple(model.encode(np.zeros((2, 4, 4, 1), "float32")).shape)
        (2, 3)
    """

    architecture: str = "convolutional"
    """Name, such as convolutional, strided or fully_connected; or MODULE:FUNCTION, a builder of your own."""
    code: str = "4x4x16"
    """Shape of the code: HEIGHTxWIDTHxCHANNELS for convolutional, compressive, cosine_blocks and
    feature_autoencoder, LENGTH for the others that have one."""
    bottleneck: str | None = None
    """Name, such as identity, dense, variational or entropic; the architecture's own by default."""
    options: tuple[str, ...] = ()
    """Further keywords as NAME=VALUE, those of the bottleneck as bottleneck.NAME=VALUE."""

    def __post_init__(self):
        object.__setattr__(self, "code", code_as_text(self.code))
        settle_fields(self)
        parse_code(self.code)
        if self.bottleneck is not None:
            BOTTLENECKS.check_options(self.bottleneck, self._options(of_bottleneck=True))
        elif self._options(of_bottleneck=True):
            raise InputError("options of a bottleneck", "a bottleneck", "name it with --bottleneck")
        options = self._options(of_bottleneck=False)
        if self.bottleneck is not None:
            options |= {"bottleneck": self.bottleneck}
        ARCHITECTURES.check_options(self.architecture, options)
        for name in ARCHITECTURES.required(self.architecture):
            if name not in {"input_shape", "code_shape", *options}:
                received = f"architecture {self.architecture!r} without the option {name}"
                raise InputError(received, f"{name}=VALUE", f"add --options {name}=VALUE, such as {name}=10")

    def check(self, image_shape: tuple[int, int, int]) -> None:
        """Refuse images that the architecture cannot encode as `code`, before anything heavy is loaded."""
        keywords, place = self.keywords(image_shape), ARCHITECTURES.place(self.architecture)
        rank = place.code_rank
        if rank and len(keywords["code_shape"]) != rank:
            kind = "HEIGHTxWIDTHxCHANNELS, such as 4x4x16" if rank == 3 else "a LENGTH, such as 32"
            raise InputError(f"code {self.code} for {self.architecture}", kind, "give another --code")
        if place.check:
            module, _, function = place.check.partition(":")
            getattr(importlib.import_module(module), function)(image_shape, keywords)

    def import_parts(self) -> None:
        """Import builder and bottleneck, which registers the classes of other packages."""
        ARCHITECTURES[self.architecture]
        if self.bottleneck is not None:
            BOTTLENECKS[self.bottleneck]

    def _options(self, of_bottleneck: bool) -> dict[str, Any]:
        chosen = {}
        for option in self.options:
            name, equals, text = option.partition("=")
            if not equals:
                raise InputError(f"option {option!r}", "NAME=VALUE", "add the value")
            if name.startswith("bottleneck.") == of_bottleneck:
                chosen[name.removeprefix("bottleneck.")] = _literal(text)
        return chosen

    def keywords(self, image_shape: tuple[int, int, int]) -> dict[str, Any]:
        """Returns the architecture's keywords, its bottleneck as {"name": ..., keyword: ...}."""
        keywords: dict[str, Any] = {"input_shape": tuple(image_shape)}
        if "code_shape" in ARCHITECTURES.keywords(self.architecture):  # a plain classifier has none
            keywords["code_shape"] = parse_code(self.code)
        keywords |= self._options(of_bottleneck=False)
        if self.bottleneck:
            keywords["bottleneck"] = {"name": self.bottleneck, **self._options(of_bottleneck=True)}
        return keywords

    def build(self, image_shape: tuple[int, int, int]):
        """Returns the untrained model for images of this shape (h, w, c)."""
        from keras_ae.bottlenecks import as_bottleneck

        keywords = self.keywords(image_shape)
        if self.bottleneck:
            options = {"units": keywords["code_shape"][-1], **keywords["bottleneck"]}
            keywords["bottleneck"] = as_bottleneck(options.pop("name"), **options)
        try:
            return ARCHITECTURES[self.architecture](**keywords)
        except InputError:
            raise
        except (TypeError, ValueError) as error:
            if not self.options or ":" in self.architecture:  # a bug, here or in a builder of one's own
                raise
            reason = " ".join(str(error).split())[:200]
            received = f"options {' '.join(self.options)} ({reason})"
            raise InputError(received, f"values that {self.architecture} takes", "correct --options") from error


class LoadsData:
    """Base of configurations that name images and how to train on them."""

    data: DataConfig
    training: TrainingConfig

    def load_data(self, progress: bool = True) -> "image_data.ImageData":
        """Returns the images as `keras_ae.data.load` gives them, or the tiles that the model sees of them."""
        training = self.training
        return self.data.load(batch_size=training.batch_size, seed=training.seed, progress=progress)

    def load_whole(self, progress: bool = True) -> "image_data.ImageData":
        """Returns the images themselves."""
        training = self.training
        return self.data.load_whole(batch_size=training.batch_size, seed=training.seed, progress=progress)


@dataclass(frozen=True)
class RunConfig(LoadsData):
    """One training run: enough to repeat it.

    Example:
        >>> config = kae.runs.RunConfig(kae.runs.DataConfig("digits", limit=40))
        >>> config.model.architecture, config.training.steps
        ('convolutional', 2000)
        >>> config.load_data(progress=False).sizes  # A tenth of the training images is held out.
        {'train': 36, 'validation': 4, 'test': 40}
    """

    data: DataConfig
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self):
        settle_fields(self)

    def load_data(self, progress: bool = True) -> "image_data.ImageData":
        """Returns the images as `keras_ae.data.load` gives them, with only the labels that are to be learnt."""
        data, training = super().load_data(progress), self.training
        if training.labelled is None and training.unlabelled is None:
            return data
        unlabelled: image_data.ImageData | str | None = training.unlabelled
        if training.unlabelled not in (None, REST):
            others = replace(self.data, train=training.unlabelled, train_labels=(), limit=None)
            if others.validation is None:  # drawn from training, here from what has labels
                others = replace(others, validation_fraction=0.0)
            unlabelled = others.load(batch_size=training.batch_size, seed=training.seed, progress=progress)
        return data.semi_supervised(training.labelled, unlabelled, training.labelled_share)


def as_json(config) -> dict[str, Any]:
    """Returns a configuration as JSON values."""
    return plain(asdict(config))


def run_config_from_json(values: dict[str, Any]) -> RunConfig:
    """Returns the `RunConfig` that `as_json` wrote, in this version or an earlier one.

    Raises:
        InputError: A part or a value is missing, unknown or of another type.
    """
    parts = [field.name for field in fields(RunConfig)]
    if not isinstance(values, Mapping) or set(values) != set(parts):
        received = ", ".join(map(str, values)) if isinstance(values, Mapping) else type(values).__name__
        raise InputError(f"config with {received or 'nothing'}", ", ".join(parts))
    data, model, training = (values[name] for name in parts)
    return RunConfig(DataConfig.from_record(data), _read_model(model), _read_training(training))


def _read_model(values) -> ModelConfig:
    return read_fields(ModelConfig, values, "config.model")


def _read_training(values) -> TrainingConfig:
    return read_fields(TrainingConfig, values, "config.training")


def upgraded(values: dict[str, Any]) -> dict[str, Any]:
    """A `RunConfig` in JSON from an earlier version, completed with the defaults of the fields it lacks."""
    try:
        return {**as_json(run_config_from_json(values)), "data": upgraded_data(values["data"])}
    except (KeyError, TypeError, ValueError):  # from a later version, or damaged: compared as it is
        return values


def upgraded_data(values: Mapping[str, Any]) -> dict[str, Any]:
    """A `DataConfig` in JSON from an earlier version, to compare with one of this version."""
    # Reading it writes out what the default was then, but it is still the default.
    return as_json(DataConfig.from_record(values)) | {"validation_fraction": values.get("validation_fraction")}


def _literal(text: str):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text

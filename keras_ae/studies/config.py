"""What a run and a comparison are made of: frozen dataclasses, from which the command line is generated."""

import ast
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from keras_ae import data as image_data
from keras_ae.catalogue import ARCHITECTURES, BOTTLENECKS
from keras_ae.errors import InputError

LOSSES = ("mse", "mae", "binary_crossentropy")
Loss = Literal["mse", "mae", "binary_crossentropy"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]


def parse_code(text: str) -> tuple[int, ...]:
    """The shape that "4x4x16" (a map) or "32" (a vector) stands for.

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
    """The text that `parse_code` reads."""
    return "x".join(map(str, shape))


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how they are prepared."""

    source: Annotated[str, tyro.conf.arg(name="data", metavar="SOURCE")]
    """digits, mnist, fashion_mnist, cifar10, folder:PATH or npz:PATH."""
    data_dir: Path | None = None
    """Where named data sets are looked for first, as NAME.npz or NAME/; KERAS_AE_DATA by default."""
    image_size: tuple[int, int] | None = None
    """Height and width: images are resized and centre-cropped to it."""
    channels: Literal[1, 3] | None = None
    """1 makes images gray, 3 makes them coloured."""
    limit: int | None = None
    """At most so many training images, and so many test images, drawn with the seed."""
    validation_fraction: float = 0.1
    """Part of the training images that is held out to select and to stop by."""
    skip_bad: bool = False
    """Leave out images that cannot be read, and count them, instead of stopping."""


@dataclass(frozen=True)
class ModelConfig:
    """Which autoencoder."""

    architecture: str = "convolutional"
    """convolutional, strided, fully_connected, or one that another package adds."""
    code: str = "4x4x16"
    """Shape of the code: HEIGHTxWIDTHxCHANNELS for convolutional, LENGTH for the others."""
    bottleneck: str | None = None
    """identity, dense, variational; the architecture's own by default."""
    options: tuple[str, ...] = ()
    """Further keywords as NAME=VALUE, the bottleneck's as bottleneck.NAME=VALUE."""

    def __post_init__(self):
        parse_code(self.code)
        if self.bottleneck is not None:
            BOTTLENECKS.check_options(self.bottleneck, self._options(of_bottleneck=True))
        elif self._options(of_bottleneck=True):
            raise InputError("options of a bottleneck", "a bottleneck", "name it with --bottleneck")
        ARCHITECTURES.check_options(self.architecture, self._options(of_bottleneck=False))

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
        """The architecture's keywords, its bottleneck as {"name": ..., keyword: ...}."""
        keywords = {"input_shape": tuple(image_shape), "code_shape": parse_code(self.code)}
        keywords |= self._options(of_bottleneck=False)
        if self.bottleneck:
            keywords["bottleneck"] = {"name": self.bottleneck, **self._options(of_bottleneck=True)}
        return keywords

    def build(self, image_shape: tuple[int, int, int]):
        """The untrained `Autoencoder`."""
        from keras_ae.bottlenecks import as_bottleneck

        keywords = self.keywords(image_shape)
        if self.bottleneck:
            options = {"units": keywords["code_shape"][-1], **keywords["bottleneck"]}
            keywords["bottleneck"] = as_bottleneck(options.pop("name"), **options)
        return ARCHITECTURES[self.architecture](**keywords)


@dataclass(frozen=True)
class TrainingConfig:
    """How it is trained: Adam on a loss, for a number of steps."""

    steps: int = 2000
    """Training steps, rounded up to a multiple of the evaluations."""
    evaluations: int = 20
    """How often the validation images are looked at; a row of the history each."""
    batch_size: int = 64
    """Images a step."""
    learning_rate: float = 5e-4
    """Of Adam."""
    loss: Loss = "mse"
    """Mean over pixels and images."""
    seed: int = 0
    """Of weights, sampling, splits and the order of the images."""
    precision: Precision = "float32"
    """What layers compute in; weights stay float32."""
    jit_compile: Literal["auto", "yes", "no"] = "auto"
    """Whether XLA compiles the training step."""
    steps_per_execution: int | Literal["auto"] = "auto"
    """Training steps a call of the compiled function."""

    def __post_init__(self):
        for name in ("steps", "evaluations", "batch_size", "learning_rate"):
            if getattr(self, name) <= 0:
                raise InputError(f"{name} {getattr(self, name)}", "a number above 0", f"give another {name}")

    @property
    def steps_per_evaluation(self) -> int:
        return -(-self.steps // min(self.evaluations, self.steps))

    @property
    def rounds(self) -> int:
        """Evaluations that are really made."""
        return -(-self.steps // self.steps_per_evaluation)


class _LoadsData:
    """Configurations that name images and how to train on them."""

    def load_data(self, progress: bool = True) -> "image_data.ImageData":
        """The images, as `keras_ae.data.load` gives them."""
        options = {key: value for key, value in asdict(self.data).items() if key != "source"}
        training = self.training
        return image_data.load(
            self.data.source, **options, batch_size=training.batch_size, seed=training.seed, progress=progress
        )


@dataclass(frozen=True)
class RunConfig(_LoadsData):
    """One training run: enough to repeat it."""

    data: DataConfig
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass(frozen=True)
class CompareConfig(_LoadsData):
    """A comparison of bottlenecks on one set of images, with one budget."""

    data: DataConfig
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(steps=600, learning_rate=2e-3))
    purpose: Literal["reconstruct"] = "reconstruct"
    """What the bottleneck is for; it decides the candidates and the rule by which one is recommended."""
    codes: tuple[str, ...] = ()
    """Codes to try, such as 4x4x16 or 32, instead of the ones chosen for these images."""
    max_code: int | None = None
    """Recommend no code of more values than this."""

    def __post_init__(self):
        for code in self.codes:
            parse_code(code)

    def run(self, model: ModelConfig) -> RunConfig:
        """The run of one candidate."""
        return RunConfig(self.data, model, self.training)


def as_json(config) -> dict[str, Any]:
    """A configuration as JSON values."""
    return plain(asdict(config))


def run_config_from_json(values: dict[str, Any]) -> RunConfig:
    """The `RunConfig` that `as_json` wrote."""
    data = dict(values["data"])
    data["data_dir"] = data["data_dir"] and Path(data["data_dir"])
    data["image_size"] = data["image_size"] and tuple(data["image_size"])
    model = ModelConfig(**values["model"])
    model = replace(model, options=tuple(model.options))
    return RunConfig(DataConfig(**data), model, TrainingConfig(**values["training"]))


def plain(value):
    """A value of dicts, lists, tuples and paths as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _literal(text: str):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text

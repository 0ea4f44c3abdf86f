"""The configuration of a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from keras_ae._support.errors import InputError, listed_names
from keras_ae._support.fields import settle_fields
from keras_ae.comparison.candidate import Candidate, parse_codes
from keras_ae.comparison.named import named_candidates
from keras_ae.comparison.purpose import Purpose, as_purpose
from keras_ae.comparison.rungs import check_halving
from keras_ae.comparison.selection import check_max_code
from keras_ae.runs import (
    DataConfig,
    LoadsData,
    ModelConfig,
    RunConfig,
    RunDirectory,
    TrainingConfig,
    as_json,
    code_as_text,
    parse_code,
    upgraded_data,
)

SEARCH = ("search",)  # keys that `search` adds to the configuration in comparison.json
DEFAULT_TRAINING = TrainingConfig(steps=600, learning_rate=2e-3, schedule="cooldown")


@dataclass(frozen=True, init=False)
class CompareConfig(LoadsData):
    """A comparison of bottlenecks on one set of images, with one budget.

    Args:
        data: The images.
        training: The budget; 600 steps of 64 images by default.
        purpose: What the bottleneck is for, as a name or a `Purpose`; decides which candidates are tried and by
            what rule one is recommended.
        codes: Codes to try, such as "4x4x16" or "32", instead of those chosen for the images and the purpose.
        max_code: Recommend no code with more values than this.
        bottlenecks: Bottlenecks to try with each code, by name, instead of the purpose's own.
        halving: Whether to drop, after a quarter and half of the steps, each candidate that another beats with as
            small a code.
        seeds: Number of times to train each candidate, with consecutive seeds from the training's own on.
        **options: Options of the named purpose.

    Raises:
        InputError: A value has the wrong type, or the purpose has no such option.

    Example:
        >>> CompareConfig(DataConfig("digits"), purpose="generate", samples=500).purpose.samples
        500
    """

    data: DataConfig
    training: TrainingConfig
    purpose: Purpose
    codes: tuple[str, ...]
    max_code: int | None
    bottlenecks: tuple[str, ...]
    halving: bool
    seeds: int

    def __init__(
        self,
        data: DataConfig,
        training: TrainingConfig = DEFAULT_TRAINING,
        purpose: str | Purpose = "reconstruct",
        codes=(),
        max_code: int | None = None,
        bottlenecks=(),
        halving: bool = False,
        seeds: int = 1,
        **options,
    ):
        purpose = as_purpose(purpose, options)
        values = {
            "data": purpose.images(data),
            "training": training,
            "purpose": purpose,
            "codes": tuple(map(code_as_text, listed_names(codes))),
            "max_code": max_code,
            "bottlenecks": tuple(listed_names(bottlenecks)),
            "halving": halving,
            "seeds": seeds,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        settle_fields(self)
        parse_codes(self.codes)
        if self.seeds < 1:
            raise InputError(f"{self.seeds} seeds", "at least 1", "give another --seeds")
        if self.training.labelled is not None or self.training.unlabelled is not None:
            expected = "a classifier to train with them: autoencoders learn no labels"
            raise InputError("labelled or unlabelled in a comparison", expected, "leave them out")
        if self.halving:
            check_halving(self.training)

    @property
    def steps(self) -> int:
        """Training steps that each candidate actually makes."""
        return self.training.rounds * self.training.steps_per_evaluation

    def run(self, model: ModelConfig, seed: int = 0, learning_rate: float | None = None) -> RunConfig:
        """The run of one candidate with one of the seeds, counted from 0; all have the same images."""
        first = self.training.seed
        data, training = self.data, replace(self.training, seed=first + seed)
        if learning_rate is not None:
            training = replace(training, learning_rate=learning_rate)
        if seed and data.split_seed is None:
            data = replace(data, split_seed=first)
        return RunConfig(data, model, training)

    def candidates(self, image_shape: tuple[int, int, int]) -> list[Candidate]:
        """The candidates for images of this shape; see `candidates`.

        Raises:
            InputError: As for `candidates`, or all codes have more than `max_code` values.
        """
        made = candidates(image_shape, self.purpose, self.codes, self.bottlenecks)
        self.check_codes(made)
        return made

    def check_codes(self, made: Sequence[Candidate]) -> None:
        """Refuse candidates of which none could be recommended: all codes have more than `max_code` values."""
        check_max_code([prod(parse_code(one.model.code)) for one in made], self.max_code)

    def as_json(self) -> dict[str, Any]:
        """The configuration as JSON values."""
        return {**as_json(self), "purpose": self.purpose.name, "options": as_json(self.purpose)}


def candidates(
    image_shape: tuple[int, int, int],
    purpose: str | Purpose = "reconstruct",
    codes: tuple[str, ...] = (),
    bottlenecks: tuple[str, ...] = (),
) -> list[Candidate]:
    """The bottlenecks that `compare` tries: feature maps of three sizes, code vectors, a variational code.

    Args:
        image_shape: (height, width, channels).
        purpose: What the bottleneck is for.
        codes: Codes to try instead of the purpose's: "HEIGHTxWIDTHxCHANNELS" gives a convolutional autoencoder,
            "LENGTH" deterministic and variational ones with such a vector.
        bottlenecks: Bottlenecks to try with each of these codes instead; see `named_candidates`.

    Raises:
        InputError: The images' sides cannot be halved even once, a code cannot be made from them, or nothing is
            left to try.

    Example:
        >>> [candidate.name for candidate in candidates((8, 8, 1), codes=("4x4x2",))]
        ['convolutional-4x4x2']
    """
    purpose = as_purpose(purpose)
    chosen = purpose.asked_for(parse_codes(codes)) if codes else purpose.codes(image_shape)
    made = (
        named_candidates(image_shape, chosen, bottlenecks) if bottlenecks else purpose.build(image_shape, chosen)
    )
    # A bottleneck or code that is named twice makes one candidate.
    return list({one.name: one for one in (*made, *purpose.further_candidates(bottlenecks))}.values())


def config_from_json(values: Mapping[str, Any]) -> CompareConfig:
    """The configuration that `CompareConfig.as_json` wrote; in early versions with the options of all purposes.

    Raises:
        KeyError, TypeError, ValueError: It is from a later version, or damaged.
    """
    options = {**as_json(as_purpose(values["purpose"])), **values.get("options", {})}
    if "options" not in values:
        options |= {name: values[name] for name in options if name in values}
    return CompareConfig(
        DataConfig.from_record(values["data"]),
        TrainingConfig(**values["training"]),
        values["purpose"],
        values["codes"],
        values["max_code"],
        values.get("bottlenecks", ()),
        values.get("halving", False),
        values.get("seeds", 1),
        **options,
    )


def check_comparison_directory(out, config: CompareConfig | None = None) -> None:
    """Refuses a directory that `compare` would refuse, before the images are read.

    Args:
        out: The comparison's directory.
        config: Its configuration; None if it is not known yet.

    Raises:
        InputError: It holds other files or another comparison.
    """
    RunDirectory(out).check(
        "comparison", {} if config is None else {"config": config.as_json()}, upgraded_comparison
    )


def upgraded_comparison(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration in a `comparison.json` as this version writes it."""
    try:
        current = {**config_from_json(values).as_json(), "data": upgraded_data(values["data"])}
        return current | {name: values[name] for name in SEARCH if name in values}
    except (KeyError, TypeError, ValueError):  # from a later version, or damaged: compared as it is
        return values

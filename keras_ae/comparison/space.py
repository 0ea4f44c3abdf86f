"""The search space of `search`: networks, their widths and depths, codes, learning rates, β. Without Optuna."""

import importlib.util
from math import prod
from typing import Protocol

from keras_ae._support.errors import InputError
from keras_ae.comparison.candidate import (
    BRIGHTNESS_OPTIONS,
    LONGEST_VECTOR,
    Candidate,
    Codes,
    ImageShape,
    build_candidates,
    map_shapes,
    strided_layers,
    variational_beta,
)
from keras_ae.runs import ModelConfig, format_code

TRIALS = 30
RATES = (1e-4, 1e-2)
BETAS = (0.03, 30.0)  # multiples of the β of a Gaussian likelihood; see `variational_beta`
WIDTHS = (2, 4, 8, 16)  # of convolutional networks
FILTERS = (8, 16, 32, 64)  # of strided ones
HIDDEN = (64, 128, 256, 512)  # units of fully connected ones
BOTTLENECKS = ("dense", "variational")  # of code vectors
FEWEST_VALUES = 2


def check_search(trials: int) -> None:
    """Refuse (`InputError`) fewer than one trial, and a search without Optuna."""
    if not isinstance(trials, int) or trials < 1:
        raise InputError(f"{trials} trials", "at least 1", "give another --trials")
    if importlib.util.find_spec("optuna") is None:
        action = 'install it: pip install "optuna>=5,<6", or of a clone pip install --editable ".[search]"'
        raise InputError("no package optuna", "optuna, which proposes what to try", action)


class Suggests(Protocol):
    """The part of an Optuna trial that is used."""

    def suggest_categorical(self, name: str, choices): ...

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int: ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...


class Space:
    """The networks and codes for images of one shape.

    Args:
        image_shape: (height, width, channels).
        codes: Codes to choose among; by default all that suit the images.
        max_code: The largest number of code values.

    Raises:
        InputError: No network makes such a code, or a named code cannot be made from these images.

    Example:
        >>> Space((8, 8, 1), max_code=8).kinds
        ('convolutional', 'strided', 'fully_connected')
    """

    def __init__(self, image_shape: ImageShape, codes: Codes | None = None, max_code: int | None = None):
        self.image_shape = image_shape
        most = prod(image_shape) if max_code is None else max_code
        named, codes = codes not in (None, Codes()), codes or Codes()
        build_candidates(image_shape, codes)  # refuses codes that cannot be made from these images
        self.maps = [shape for shape in (codes.maps if named else _maps(image_shape)) if prod(shape) <= most]
        self.lengths = sorted(length for (length,) in codes.vectors if length <= most)
        longest = min(most, LONGEST_VECTOR, max(FEWEST_VALUES, prod(image_shape) // 4))
        self.range = None if named or longest < FEWEST_VALUES else (FEWEST_VALUES, longest)
        vectors = bool(self.lengths) or self.range is not None
        strided = vectors and all(side % 4 == 0 for side in image_shape[:2])
        possible = {"convolutional": bool(self.maps), "strided": strided, "fully_connected": vectors}
        self.kinds = tuple(kind for kind, can in possible.items() if can)
        if not self.kinds:
            received = f"no network with a code of at most {most} values"
            raise InputError(received, f"at least {FEWEST_VALUES}", "give a larger --max-code, or other --codes")

    def candidate(self, trial: Suggests, number: int) -> Candidate:
        """The candidate that a trial proposes; its name ends with the trial's number."""
        rate = float(f"{trial.suggest_float('learning_rate', *RATES, log=True):.3g}")
        kind = trial.suggest_categorical("network", self.kinds)
        model = self._convolutional(trial) if kind == "convolutional" else self._vector(trial, kind)
        family = kind if kind == "convolutional" else f"{kind}-{model.bottleneck}"
        return Candidate(f"{family}-{model.code}.t{number}", model, rate)

    def _convolutional(self, trial: Suggests) -> ModelConfig:
        code = trial.suggest_categorical("map", [format_code(shape) for shape in self.maps])
        options = (
            f"strided_layers={strided_layers(self.image_shape)}",
            f"width={trial.suggest_categorical('width', WIDTHS)}",
            f"residual_blocks={trial.suggest_int('residual_blocks', 1, 2)}",
            *BRIGHTNESS_OPTIONS,
        )
        return ModelConfig("convolutional", code, "identity", options)

    def _vector(self, trial: Suggests, kind: str) -> ModelConfig:
        if self.range is None:
            length = trial.suggest_categorical("length", self.lengths)
        else:
            length = trial.suggest_int("length", *self.range, log=True)
        bottleneck = trial.suggest_categorical("bottleneck", BOTTLENECKS)
        options: tuple[str, ...]
        if kind == "strided":
            filters = trial.suggest_categorical("filters", FILTERS)
            options = (f"filters={filters}", f"strided_layers={trial.suggest_int('strided_layers', 2, 4)}")
        else:
            hidden = (trial.suggest_categorical("hidden", HIDDEN),) * trial.suggest_int("hidden_layers", 1, 2)
            options = (f"hidden={hidden}",)
        if bottleneck == "variational":
            weight = variational_beta(self.image_shape) * trial.suggest_float("beta", *BETAS, log=True)
            options = (*options, f"bottleneck.beta={weight:.3g}")
        return ModelConfig(kind, str(length), bottleneck, options)


def _maps(image_shape: ImageShape) -> tuple[tuple[int, ...], ...]:
    """The maps that suit the images; none if their sides cannot be halved."""
    try:
        return map_shapes(image_shape)
    except InputError:
        return ()

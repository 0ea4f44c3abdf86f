"""What pages compute with one autoencoder: decode, sample, traverse, map, reconstruct, interpolate."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.execution import compiled
from keras_ae._support.image_arrays import one_image
from keras_ae.data import Preparation
from keras_ae.density import Density
from keras_ae.evaluation import as_array, encode, interpolate_codes, project
from keras_ae.explore.code_variables import CodeVariable, code_variables
from keras_ae.explore.images import ExploredImages, uploaded_image
from keras_ae.explore.scoring import Scoring

NEIGHBORS = 6
MAPPED = 60  # code variables that the map offers as axes
STEPS = 11


@dataclass(frozen=True)
class Reconstructed:
    """A model's results for an image.

    Attributes:
        image, reconstruction: [h, w, c] in [0, 1].
        error: [h, w], the mean over the channels of the absolute difference.
        mse: Mean over all values of the squared difference.
        code: [d].
        score: The detector's score, higher for anomalies; None without a detector.
        neighbors: Rows of the training images whose codes are nearest, nearest first.
    """

    image: np.ndarray
    reconstruction: np.ndarray
    error: np.ndarray
    mse: float
    code: np.ndarray
    score: float | None
    neighbors: np.ndarray


class Exploration:
    """A trained autoencoder with its images. All codes are flat: float32 [d].

    Args:
        name: Name of the model on the page.
        model: An `Autoencoder`, or an object with its `encode`, `decode`, `image_shape` and `code_shape`.
        images: Images to show; without them there is no map, and sliders go from −3 to 3.
        densities: Fitted densities to sample codes from, by name.
        scoring: Anomaly score of images.
        preparation: Preparation of the training images, also applied to files dropped in.
        notes: Remarks for the user on how it was opened, one line each.

    Raises:
        InputError: If the images' shape is not the model's.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> exploration = Exploration("tiny", model)
        >>> values, images = exploration.traversal(exploration.start, index=0, steps=3)
        >>> values.tolist(), images.shape
        ([-3.0, 0.0, 3.0], (3, 4, 4, 1))
    """

    def __init__(
        self,
        name: str,
        model,
        images: ExploredImages | None = None,
        *,
        densities: Mapping[str, Density] | None = None,
        scoring: Scoring | None = None,
        preparation: Preparation | None = None,
        notes: tuple[str, ...] = (),
    ):
        self.name, self.model, self.images = name, model, images
        self.densities, self.scoring = dict(densities or {}), scoring
        self.preparation, self.notes = preparation, tuple(notes)
        self.image_shape, self.code_shape = tuple(model.image_shape), tuple(model.code_shape)
        if images is not None and images.shown.shape[1:] != self.image_shape:
            raise InputError(f"images of {images.shown.shape[1:]}", f"{self.image_shape}, which {name} takes")

    @property
    def size(self) -> int:
        """Number of values in a code."""
        return int(np.prod(self.code_shape))

    def require_images(self) -> ExploredImages:
        """Returns the images; `InputError` if there are none."""
        if self.images is None:
            raise InputError(f"{self.name}, whose images are not known", "images to show", "give --data SOURCE")
        return self.images

    @cached_property
    def training_codes(self) -> np.ndarray | None:
        """Codes of the training images, float32 [m, d]."""
        return None if self.images is None else self._codes(self.images.training)

    @cached_property
    def codes(self) -> np.ndarray:
        """Codes of the images shown, float32 [n, d]; `InputError` if there are none."""
        return self._codes(self.require_images().shown)

    @cached_property
    def start(self) -> np.ndarray:
        """Code [d] at which the sliders start: the mean of the training images' codes, or 0."""
        codes = self.training_codes
        return np.zeros(self.size, np.float32) if codes is None else codes.mean(axis=0)

    @cached_property
    def variables(self) -> list[CodeVariable]:
        """All code variables, the most varying first."""
        codes = self.training_codes
        deviations = np.ones(self.size) if codes is None else codes.std(axis=0, dtype=np.float64)
        return code_variables(self.start, deviations, self.code_shape)

    @cached_property
    def scores(self) -> np.ndarray | None:
        """Anomaly scores [n] of the images shown."""
        if self.images is None or self.scoring is None:
            return None
        return self.scoring(self.images.shown)

    def decode(self, code) -> np.ndarray:
        """Returns the image [h, w, c] of a code [d], clipped to [0, 1]."""
        return self.decode_all(self._checked(code)[None])[0]

    def decode_all(self, codes) -> np.ndarray:
        """Returns images [n, h, w, c] of codes [n, d], clipped to [0, 1]."""
        codes = np.asarray(codes, np.float32).reshape(-1, *self.code_shape)
        return np.clip(as_array(compiled(self.model.decode)(codes)), 0, 1)

    def encode(self, image) -> np.ndarray:
        """Returns the code [d] of an image [h, w, c], floats in [0, 1] or uint8."""
        return as_array(compiled(self.model.encode)(one_image(self.model, image))).reshape(-1)

    def sample(self, density: str, seed: int) -> np.ndarray:
        """Draws a code [d] from one of the fitted densities.

        Raises:
            InputError: If there is no such density.
        """
        if density not in self.densities:
            raise unknown_name("density", density, self.densities)
        drawn = self.densities[density]
        codes = drawn.sample(1, seed).reshape(1, *drawn.code_shape(self.model))
        return as_array(self.model.bottleneck.as_codes(codes) if drawn.discrete else codes).reshape(-1)

    def traversal(self, code, index: int, steps: int = STEPS) -> tuple[np.ndarray, np.ndarray]:
        """Returns values [steps] along a variable's slider, and the images [steps, h, w, c] decoded with each."""
        variable = next((each for each in self.variables if each.index == index), None)
        if variable is None:
            raise InputError(f"code value {index}", f"0 to {self.size - 1}")
        values = np.linspace(variable.low, variable.high, steps, dtype=np.float32)
        codes = np.tile(self._checked(code), (steps, 1))
        codes[:, index] = values
        return values, self.decode_all(codes)

    def axes(self) -> dict[str, str]:
        """Returns the names of the map's possible axes, by key; two principal components come first."""
        names = {"pc1": "principal component 1", "pc2": "principal component 2"} if self._components else {}
        if self.scores is not None:
            names["score"] = "anomaly score"
        return names | {str(each.index): each.name for each in self.variables[:MAPPED]}

    def coordinates(self, axis: str) -> np.ndarray:
        """Returns the coordinates, float32 [n], of the images shown along one of the `axes`."""
        if axis not in self.axes():
            raise unknown_name("axis", axis, self.axes())
        if axis == "score":
            return np.asarray(self.scores, np.float32)
        if axis.startswith("pc"):
            return self._projected[:, int(axis[2:]) - 1]
        return self.codes[:, int(axis)]

    def reconstruct(self, image: np.ndarray) -> Reconstructed:
        """Returns all results for one image [h, w, c], floats in [0, 1] or uint8."""
        image = one_image(self.model, image)[0]
        code = self.encode(image)
        made = self.decode(code)
        score = None if self.scoring is None else float(self.scoring(image[None])[0])
        difference = image.astype(np.float64) - made
        mse = float(np.mean(np.square(difference)))
        error = np.abs(difference).mean(axis=-1)
        return Reconstructed(image, made, error, mse, code, score, self.nearest(code))

    def nearest(self, code, count: int = NEIGHBORS) -> np.ndarray:
        """Returns rows of the training images with the nearest codes (Euclidean), if any, nearest first."""
        if self.training_codes is None:
            return np.zeros(0, np.int64)
        distances = np.sum(np.square(self.training_codes - code), axis=1)
        return np.argsort(distances, kind="stable")[:count]

    def interpolate(self, first: int, last: int, kind: str, steps: int = STEPS) -> np.ndarray:
        """Returns images [steps, h, w, c] between two rows of the images shown; the ends are reconstructions."""
        pair = self.codes[[first]], self.codes[[last]]
        return self.decode_all(interpolate_codes(*pair, steps, kind)[:, 0])

    def read(self, content: bytes, name: str) -> np.ndarray:
        """Returns an image file as the model takes it; see `uploaded_image`."""
        return uploaded_image(content, name, self.image_shape, self.preparation)

    def warm_up(self) -> None:
        """Computes the first page's data, so that its first slider responds at once."""
        self.decode(self.start)
        self.encode(np.zeros(self.image_shape, np.float32))
        _ = self.variables

    @property
    def _components(self) -> bool:
        return self.images is not None and min(self.codes.shape) >= 2

    @cached_property
    def _projected(self) -> np.ndarray:
        return project(self.codes, 2)

    def _codes(self, images: np.ndarray) -> np.ndarray:
        return encode(self.model, images).astype(np.float32).reshape(len(images), -1)

    def _checked(self, code) -> np.ndarray:
        code = np.asarray(code, np.float32).reshape(-1)
        if code.size != self.size or not np.isfinite(code).all():
            raise InputError(f"a code of {code.size} values", f"{self.size} finite values")
        return code

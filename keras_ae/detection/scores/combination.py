"""Several scores as one."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.scores.base import Score, check_settings
from keras_ae.detection.scores.standardization import center_and_deviation

EVERY = 5  # one image in five is withheld from the members, to standardise their scores


@dataclass
class Combination(Score):
    """The mean of several scores, each standardised by its mean and deviation on normal images.

    One normal image in five is withheld from fitting the members; these images give the mean and the deviation. On
    the others, scores would be too low: the nearest code, for example, would be the image's own.

    Args:
        members: Two scores or more.

    Raises:
        InputError: If there are fewer than two members.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> normal = np.random.default_rng(0).random((100, 4, 4, 1), "float32") / 4  # dark images
        >>> score = kae.detection.Combination((kae.detection.NearestCodes(), kae.detection.StandardizedError()))
        >>> score.label, score.has_map
        ('nearest_codes+standardized_error', True)
        >>> kae.AnomalyDetector(model, score).fit(normal).predict(np.ones((1, 4, 4, 1), "float32")).tolist()
        [-1]
    """

    name: ClassVar[str] = "combination"
    learns: ClassVar[tuple[str, ...]] = ("means", "deviations")
    members: tuple[Score, ...]

    def __post_init__(self):
        check_settings(self)
        if len(self.members) < 2:
            raise InputError(f"{len(self.members)} scores to combine", "2 or more", "give more members")

    @property
    def label(self) -> str:
        return "+".join(member.label for member in self.members)

    @property
    def has_map(self) -> bool:  # type: ignore[override]  # other scores have it or not by their class
        """Whether a member has a map; the combination's is that of the first such member."""
        return any(member.has_map for member in self.members)

    @property
    def needs_autoencoder(self) -> bool:
        return any(member.needs_autoencoder for member in self.members)

    @property
    def is_fitted(self) -> bool:
        return super().is_fitted and all(member.is_fitted for member in self.members)

    def check(self, model) -> None:
        for member in self.members:
            member.check(model)

    def fit(self, normal: NormalImages):
        fitting, kept = normal.divided(EVERY)
        for member in self.members:
            member.fit(fitting)
        values = kept.measure(self._stacked).astype(np.float64)
        if len(values) < 2:
            raise InputError(f"{len(values)} images kept to standardise by", "2 or more", "give more images")
        self.means, self.deviations = center_and_deviation(values, kept.faint_change(self._stacked))
        return self

    def values(self, seen: Observation):
        return ops.mean((self._stacked(seen) - self.means) / self.deviations, axis=1)

    def map(self, seen: Observation):
        for member in self.members:
            if member.has_map:
                return member.map(seen)
        return super().map(seen)

    def copy(self) -> Self:
        return replace(self, members=tuple(member.copy() for member in self.members))

    def config(self) -> dict[str, Any]:
        return {"members": [{"name": member.name, **member.config()} for member in self.members]}

    def state(self):
        theirs = {f"{i}.{key}": value for i, m in enumerate(self.members) for key, value in m.state().items()}
        return super().state() | theirs

    def set_state(self, state):
        for i, member in enumerate(self.members):
            prefix = f"{i}."
            member.set_state({key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)})
        return super().set_state(state)

    def _stacked(self, seen: Observation):
        return ops.stack([member.values(seen) for member in self.members], axis=1)

"""Scores by name."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from keras_ae._support.errors import InputError, listed_names, unknown_name
from keras_ae.detection.scores.base import Score
from keras_ae.detection.scores.codes import CodeDensity, Mahalanobis, NearestCodes
from keras_ae.detection.scores.combination import Combination
from keras_ae.detection.scores.likelihood import JointLikelihood, NegativeELBO
from keras_ae.detection.scores.local import LocalConfidence
from keras_ae.detection.scores.nearest_patches import NearestPatches
from keras_ae.detection.scores.pooled_gaussian import PooledGaussian
from keras_ae.detection.scores.position_gaussian import PositionGaussian
from keras_ae.detection.scores.reconstruction import ReconstructionError, StandardizedError
from keras_ae.detection.scores.tiled import Tiled

KINDS = {
    kind.name: kind
    for kind in (
        *(ReconstructionError, StandardizedError, CodeDensity, Mahalanobis, NearestCodes),
        *(NegativeELBO, JointLikelihood, LocalConfidence, Combination, PositionGaussian, NearestPatches),
        *(PooledGaussian, Tiled),
    )
}
# Names that users write, with the scores that they stand for.
SCORES: dict[str, Callable[[], Score]] = {
    "mse": lambda: ReconstructionError("mse"),
    "mae": lambda: ReconstructionError("mae"),
    "ssim": lambda: ReconstructionError("ssim"),
    "binary_crossentropy": lambda: ReconstructionError("binary_crossentropy"),
    "standardized_error": StandardizedError,
    "gaussian": CodeDensity,
    "mixture": lambda: CodeDensity("mixture"),
    "mahalanobis": Mahalanobis,
    "nearest_codes": NearestCodes,
    "negative_elbo": NegativeELBO,
    "joint_likelihood": JointLikelihood,
    "local_confidence": LocalConfidence,
    "position_gaussian": PositionGaussian,
    "pooled_gaussian": PooledGaussian,
    "nearest_patches": NearestPatches,
}


def as_score(score: Score | str | Iterable[Score | str]) -> Score:
    """Returns the score of a name, or a given score as it is; several, listed or joined by +, are combined.

    "mse+nearest_codes", "mse + nearest_codes" and ["mse", NearestCodes()] are the same. For a score of maps, a
    pooling may be named after a colon: "mse:max", "position_gaussian:top_1" (`keras_ae.detection.scores.pooling`).

    Raises:
        InputError: If there is no score of that name, or it has no such pooling.

    Example:
        >>> score = kae.detection.as_score("mse:max + nearest_codes")
        >>> score.members
        (ReconstructionError(kind='mse', pooling='max'), NearestCodes(k=5, most=10000, seed=0))
        >>> score.label
        'mse:max+nearest_codes'
    """
    if isinstance(score, Score):
        return score
    members = score.split("+") if isinstance(score, str) else listed_names(score)
    made = tuple(member if isinstance(member, Score) else _named(member) for member in members)
    return made[0] if len(made) == 1 else Combination(made)


def _named(name: str) -> Score:
    name, _, pooling = name.strip().partition(":") if isinstance(name, str) else (name, "", "")
    if not isinstance(name, str) or name not in SCORES:
        raise unknown_name("score", name, SCORES)
    score = SCORES[name]()
    if not pooling:
        return score
    if not hasattr(score, "pooling"):
        raise InputError(f"the score {name!r} with the pooling {pooling!r}", "a score of maps", "leave it out")
    settings: dict[str, Any] = {"pooling": pooling}
    return replace(score, **settings)


def score_from_config(config: dict[str, Any]) -> Score:
    """Returns an unfitted score from {"name": …, and its settings}.

    Raises:
        InputError: If there is no score of that name, or it has other settings.

    Example:
        >>> score = kae.detection.score_from_config({"name": "nearest_codes", "k": 3})
        >>> score.k, score.is_fitted
        (3, False)
        >>> score.config()
        {'k': 3, 'most': 10000, 'seed': 0}
    """
    settings = dict(config)
    name = settings.pop("name", None)
    if name not in KINDS:
        raise unknown_name("score", str(name), KINDS)
    if isinstance(settings.get("of"), dict):
        settings["of"] = score_from_config(settings["of"])
    if "members" in settings:
        settings["members"] = tuple(map(score_from_config, settings["members"]))
    try:
        return KINDS[name](**settings)
    except TypeError as error:
        raise InputError(f"a score {name} with {settings} ({error})", "its settings") from None

"""Autoencoders of feature maps as candidates: how many values do the features of a frozen network need?"""

from collections.abc import Sequence

from keras_ae.comparison.candidate import Candidate
from keras_ae.runs import FeatureConfig, ModelConfig

DEPTHS = (1, 4, 16, 64)  # code values at each position of the maps
_PLACEHOLDER = "strided"  # the architecture of a detector of pixels, which features replace


def feature_candidates(
    features: FeatureConfig, depths: Sequence[int] = DEPTHS, bottlenecks: Sequence[str] = ()
) -> list[Candidate]:
    """An autoencoder of the same feature maps for each code length per position, and for each bottleneck.

    Args:
        features: The frozen network and its maps; without a network there are no candidates.
        depths: Numbers of code values at each position.
        bottlenecks: Names of bottlenecks to try with each; the architecture's own by default.

    Raises:
        InputError: There is no such bottleneck.

    Example:
        >>> maps = FeatureConfig("efficientnet_lite0", map_size=16)
        >>> [candidate.name for candidate in feature_candidates(maps, (1, 8))]
        ['feature_autoencoder-16x16x1', 'feature_autoencoder-16x16x8']
    """
    if features.features is None:
        return []
    made = []
    for name in bottlenecks or (None,):
        for depth in sorted(set(depths)):
            model = features.model(ModelConfig(_PLACEHOLDER, str(depth), name), autoencoder=True)
            kind = "" if name is None else f"{name.rpartition(':')[2]}-"
            made.append(Candidate(f"{model.architecture}-{kind}{model.code}", model))
    return made

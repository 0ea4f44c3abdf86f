"""Extractors, by name, of the features in which sets of images are compared.

Distances by different extractors are not comparable: every result carries its extractor's name.
"""

from typing import Protocol

import numpy as np

from keras_ae._support.errors import unknown_name
from keras_ae.evaluation.samples.classifier_features import NETWORKS, SUFFIX, ClassifierFeatures
from keras_ae.evaluation.samples.inception_features import (
    InceptionGraphFeatures,
    KerasInceptionFeatures,
    download_graph,
    find_graph,
)


class FeatureExtractor(Protocol):
    """A callable with a name that extracts features of images.

    Attributes:
        name: Part of the column names of its measurements.

    Example:
        >>> class MeanColour:
        ...     name = "mean-colour"
        ...     def __call__(self, images):
        ...         return np.float32(images.mean(axis=(1, 2)))
        >>> MeanColour()(np.ones((2, 4, 4, 3))).shape
        (2, 3)
    """

    name: str

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Returns features float32 [n, d] of images float32 [n, h, w, 1 or 3] in [0, 1] of any size."""


CLASSIFIERS = tuple(name + SUFFIX for name in NETWORKS)
EXTRACTORS = (InceptionGraphFeatures.name, KerasInceptionFeatures.name, *CLASSIFIERS)


def feature_extractor(name: str = "auto", data=None, path=None) -> FeatureExtractor:
    """Returns an extractor by name.

    Args:
        name: One of `EXTRACTORS`, or "auto": the Inception graph of 2015-12-05 if its file is present, else the
            library's classifier of the data set if there is one, else Keras's Inception.
        data: The `ImageData` whose data set decides for "auto".
        path: Path of Inception weights; by default that of `find_graph`, else a download.

    Raises:
        InputError: If the name is unknown or the weights are not available.

    Example:
        >>> extractor = kae.evaluation.feature_extractor("digits-classifier")
        >>> extractor.name, extractor(np.zeros((2, 8, 8, 1), "float32")).shape
        ('digits-classifier', (2, 64))
    """
    if name == "auto":
        name = _choose(getattr(data, "source", None), path)
    if name in CLASSIFIERS:
        return ClassifierFeatures(name.removesuffix(SUFFIX))
    if name == InceptionGraphFeatures.name:
        return InceptionGraphFeatures(path or find_graph() or download_graph())
    if name == KerasInceptionFeatures.name:
        return KerasInceptionFeatures(path or "imagenet")
    raise unknown_name("the extractor of features", name, ("auto", *EXTRACTORS))


def _choose(source: str | None, path) -> str:
    if path or find_graph():
        return InceptionGraphFeatures.name
    return source + SUFFIX if source in NETWORKS else KerasInceptionFeatures.name

"""Extractors of features by which sets of images are compared, by name.

Distances by different extractors have nothing to do with each other: every result carries its extractor's name.
"""

from typing import Protocol

import numpy as np

from keras_ae.errors import unknown_name
from keras_ae.evaluation.classifier_features import NETWORKS, SUFFIX, ClassifierFeatures
from keras_ae.evaluation.inception_features import (
    InceptionGraphFeatures,
    KerasInceptionFeatures,
    download_graph,
    find_graph,
)


class FeatureExtractor(Protocol):
    """Features of images; whatever has a name and can be called so is one.

    Attributes:
        name: Stands in the columns of what is measured by it.
    """

    name: str

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features float32 [n, d] of images float32 [n, h, w, 1 or 3] in [0, 1] of any size."""


CLASSIFIERS = tuple(name + SUFFIX for name in NETWORKS)
EXTRACTORS = (InceptionGraphFeatures.name, KerasInceptionFeatures.name, *CLASSIFIERS)


def feature_extractor(name: str = "auto", data=None, path=None) -> FeatureExtractor:
    """An extractor by name.

    Args:
        name: One of `EXTRACTORS`; or "auto": the Inception graph of 2015-12-05 if its file is here, else the
            classifier of a data set that the library carries one of, else Keras's Inception.
        data: The `ImageData` to compare images of; "auto" goes by its source.
        path: Of the weights of an Inception; by default the places of `find_graph`, else a download.

    Raises:
        InputError: For an unknown name, and if the weights cannot be had.
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

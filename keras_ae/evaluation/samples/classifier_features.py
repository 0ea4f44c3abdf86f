"""Image features from the library's small classifier of the same data set.

They serve where Inception features do not: for small grey images, and on machines without a connection. Distances
between them are comparable with each other, but not with published FIDs.
"""

import io
import json
from dataclasses import dataclass
from importlib.resources import files

import keras
import numpy as np

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.evaluation.samples.feature_images import to_channels, to_size

SUFFIX = "-classifier"


@dataclass(frozen=True)
class Network:
    """A convolutional classifier: 3×3 layers with batch normalisation and ReLU, then the mean over positions.

    Attributes:
        image_shape: Shape of the training images.
        filters: Filters of each layer; those of the last are the features.
        strides: Strides of each layer.
        flips: Whether it was also trained on mirrored images.
        epochs, batch_size, learning_rate: Training settings: Adam with a one-cycle schedule of this peak.
    """

    image_shape: tuple[int, int, int]
    filters: tuple[int, ...]
    strides: tuple[int, ...]
    flips: bool
    epochs: int
    batch_size: int = 128
    learning_rate: float = 5e-3


NETWORKS = {
    "digits": Network((8, 8, 1), (32, 64, 64), (1, 1, 2), flips=False, epochs=40, batch_size=64),
    "mnist": Network((28, 28, 1), (16, 32, 64), (2, 2, 2), flips=False, epochs=8),
    "cifar10": Network((32, 32, 3), (48, 96, 128), (2, 2, 2), flips=True, epochs=9),
}
CLASSES = 10


def build_classifier(name: str) -> keras.Model:
    """Returns a data set's untrained classifier: images in [0, 1] → logits; its layer "features" gives [n, d].

    Raises:
        InputError: If there is no classifier for the data set.
    """
    if name not in NETWORKS:
        raise unknown_name("classifier of the data set", name, NETWORKS)
    network = NETWORKS[name]
    images = x = keras.Input(network.image_shape)
    for filters, stride in zip(network.filters, network.strides, strict=True):
        x = keras.layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(images, keras.layers.Dense(CLASSES, name="logits")(x))


class ClassifierFeatures:
    """The averaged last feature maps of the classifier of a data set.

    As the classifier requires, images of another size are resized (bilinearly, antialiased), grey ones get three
    equal channels, and colours become their luminance.

    Args:
        dataset: "digits", "mnist" or "cifar10".

    Attributes:
        name: Such as "mnist-classifier".
        accuracy: Accuracy of the classifier on the data set's test images.
        image_shape: Shape of its input images.
    """

    def __init__(self, dataset: str):
        model = build_classifier(dataset)
        weights, about = load_weights(dataset)
        model.set_weights(weights)
        self.name, self.image_shape = f"{dataset}{SUFFIX}", NETWORKS[dataset].image_shape
        self.accuracy: float = about["accuracy"]
        self._features = keras.Model(model.input, model.get_layer("features").output)

    def __call__(self, images) -> np.ndarray:
        """Returns the features, float32 [n, d], of images, float32 [n, h, w, 1 or 3] in [0, 1]."""
        images = to_size(to_channels(images, self.image_shape[2]), self.image_shape[:2])
        return self._features.predict_on_batch(images)


def load_weights(dataset: str) -> tuple[list[np.ndarray], dict]:
    """Returns the library's weights, float32, in Keras's order, and facts about their training.

    Raises:
        InputError: If the file with the weights is missing.
    """
    file = files("keras_ae.evaluation.samples").joinpath("feature_weights", f"{dataset}.npz")
    try:
        content = io.BytesIO(file.read_bytes())
    except OSError as error:
        action = f"run python -m keras_ae.evaluation.samples.classifier_training {dataset}"
        raise InputError(f"no weights of the classifier {dataset!r} ({error})", "an .npz file", action) from None
    with np.load(content, allow_pickle=False) as archive:
        about = json.loads(str(archive["about"]))
        return [archive[f"w{i}"].astype(np.float32) for i in range(len(archive.files) - 1)], about

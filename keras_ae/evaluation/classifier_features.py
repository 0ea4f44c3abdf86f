"""Features of images from a small classifier of the data set itself, which the library carries.

They are for what Inception features are not for: small gray images, and machines without a connection. Distances
by them compare with each other and with no published FID.
"""

import io
import json
from dataclasses import dataclass
from importlib.resources import files

import keras
import numpy as np

from keras_ae.errors import InputError, unknown_name
from keras_ae.evaluation.feature_images import to_channels, to_size

SUFFIX = "-classifier"


@dataclass(frozen=True)
class Network:
    """A convolutional classifier: layers of 3×3 with batch normalisation and ReLU, averaged over the positions.

    Attributes:
        image_shape: Of the images it was trained on.
        filters: Of each layer; of the last one as many as there are features.
        strides: Of each layer.
        flips: Whether it was trained on mirrored images as well.
        epochs, batch_size, learning_rate: How it was trained: Adam with a one-cycle schedule of that peak.
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
    """The untrained classifier of a data set: images in [0, 1] → logits. Its layer "features" gives [n, d]."""
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

    Images of another size are resized (bilinear, antialiased), gray ones get three equal channels, and colours
    become their luminance, as the classifier needs it.

    Args:
        dataset: "digits", "mnist" or "cifar10".

    Attributes:
        name: "mnist-classifier", say.
        accuracy: Share of the data set's test images that the classifier gets right.
        image_shape: Which it takes.
    """

    def __init__(self, dataset: str):
        model = build_classifier(dataset)
        weights, about = load_weights(dataset)
        model.set_weights(weights)
        self.name, self.image_shape = f"{dataset}{SUFFIX}", NETWORKS[dataset].image_shape
        self.accuracy: float = about["accuracy"]
        self._features = keras.Model(model.input, model.get_layer("features").output)

    def __call__(self, images) -> np.ndarray:
        """Features float32 [n, d] of images float32 [n, h, w, 1 or 3] in [0, 1]."""
        images = to_size(to_channels(images, self.image_shape[2]), self.image_shape[:2])
        return self._features.predict_on_batch(images)


def load_weights(dataset: str) -> tuple[list[np.ndarray], dict]:
    """The weights that the library carries, float32, in Keras's order, and how they came about."""
    file = files("keras_ae.evaluation").joinpath("feature_weights", f"{dataset}.npz")
    try:
        content = io.BytesIO(file.read_bytes())
    except OSError as error:
        action = f"run python -m keras_ae.evaluation.classifier_training {dataset}"
        raise InputError(f"no weights of the classifier {dataset!r} ({error})", "an .npz file", action) from None
    with np.load(content, allow_pickle=False) as archive:
        about = json.loads(str(archive["about"]))
        return [archive[f"w{i}"].astype(np.float32) for i in range(len(archive.files) - 1)], about

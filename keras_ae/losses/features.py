"""Losses on a frozen network's features: differences in pixels that the network does not see cost nothing."""

from collections.abc import Sequence
from math import prod

import keras
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.losses.values import check_alike

SMALLEST = 1e-10  # squared length of features below which they count as 0


@keras.saving.register_keras_serializable(package="keras_ae")
class FeatureError(keras.losses.Loss):
    """Squared difference between a frozen network's features of images (or windows), averaged over the features.

    This is the semantic loss of Penhouët's thesis: differences in pixels that the network does not see cost
    nothing.

    A locally embedded autoencoder saves the network with its own weights. A model compiled with this loss saves
    the network without its weights: compile it again after loading.

    Args:
        network: A built model from images [n, h, w, c] to features; it is frozen.

    Example:
        >>> network = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.GlobalAveragePooling2D()])
        >>> loss = kae.losses.FeatureError(network)
        >>> images = np.random.default_rng(0).random((2, 4, 4, 1), "float32")
        >>> float(loss(images, images)), abs(float(loss(images, images[:, ::-1]))) < 1e-12
        (0.0, True)
    """

    def __init__(self, network: keras.Model, name: str = "feature_error", **kwargs):
        super().__init__(name=name, **kwargs)
        network.trainable = False
        self.network = network

    def call(self, y_true, y_pred):
        """Returns one value per image, [batch, 1, 1] for images [batch, h, w, c], so that sample weights fit."""
        check_alike(y_true, y_pred)
        one, other = (ops.cast(self.network(images, training=False), "float32") for images in (y_true, y_pred))
        return ops.reshape(_mean_per_image(ops.square(other - one)), (-1, *(1,) * (len(y_pred.shape) - 2)))

    def get_config(self):
        return {**super().get_config(), "network": keras.saving.serialize_keras_object(self.network)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "network": keras.saving.deserialize_keras_object(config["network"])})


@keras.saving.register_keras_serializable(package="keras_ae")
class FeatureDissimilarity(keras.losses.Loss):
    """A perceptual loss plus the pixels' mean squared error: pixels · MSE + weight · Σₗ mean ‖f̂ₗ(x) − f̂ₗ(y)‖².

    f̂ₗ are the features of layer l, scaled at each position to length 1 along the channels; ‖·‖² is summed over
    the channels, 0 to 4, and averaged over the positions. Reconstructions become sharper, and their squared error
    larger. Source: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", 2018,
    eq. 1 with equal weights for all channels; beside the pixels as in Esser et al., "Taming transformers", 2021.

    As with `FeatureError`, a model compiled with this loss saves the network without its weights: compile it again
    after loading.

    Args:
        network: A built model of images [n, h, w, c]; it is frozen. For a network of three channels, grey images
            are repeated three times. If it needs scaled inputs, one of its layers must scale them (`Rescaling`).
        layers: Names of the network's layers; its output by default.
        weight: Weight of the perceptual term.
        pixels: Weight of the mean squared error of the pixels.

    Raises:
        InputError: If the network has no such layer, or a layer's output has fewer than two axes.

    Example:
        >>> inputs = keras.Input((8, 8, 1))
        >>> maps = keras.layers.Conv2D(4, 3, name="edges")(inputs)
        >>> network = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(maps)))
        >>> loss = kae.losses.FeatureDissimilarity(network, layers=("edges",))
        >>> images = np.random.default_rng(0).random((2, 8, 8, 1), "float32")
        >>> float(loss(images, images)), float(loss(images, 1 - images)) > 0
        (0.0, True)
    """

    def __init__(
        self,
        network: keras.Model,
        layers: Sequence[str] = (),
        weight: float = 1.0,
        pixels: float = 1.0,
        name: str = "feature_dissimilarity",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        network.trainable = False
        self.network, self.layers, self.weight, self.pixels = network, tuple(layers), weight, pixels
        known = [layer.name for layer in network.layers]
        for missing in set(self.layers) - set(known):
            raise InputError(f"the layer {missing!r} of a network", f"one of {', '.join(known)}")
        outputs = [network.get_layer(each).output for each in self.layers] or network.outputs
        if any(len(output.shape) < 2 for output in outputs):
            raise InputError("a layer with an output of one axis", "features along the last axis")
        self._features = keras.Model(network.input, outputs)

    def call(self, y_true, y_pred):
        """Returns one value per image, [batch, 1, 1] for images [batch, h, w, c], so that sample weights fit."""
        check_alike(y_true, y_pred)
        y_true, y_pred = (ops.cast(images, "float32") for images in (y_true, y_pred))
        total = self.pixels * _mean_per_image(ops.square(y_pred - y_true))
        for one, other in zip(self._seen(y_true), self._seen(y_pred), strict=True):
            distances = ops.sum(ops.square(_of_length_one(one) - _of_length_one(other)), axis=-1, keepdims=True)
            total = total + self.weight * _mean_per_image(distances)
        return ops.reshape(total, (-1, *(1,) * (len(y_pred.shape) - 2)))

    def _seen(self, images) -> list:
        """Returns the features of images, one tensor per layer."""
        if images.shape[-1] == 1 and self.network.input_shape[-1] == 3:
            images = ops.repeat(images, 3, axis=-1)
        found = self._features(images, training=False)
        return list(found) if isinstance(found, list | tuple) else [found]

    def get_config(self):
        own = {name: getattr(self, name) for name in ("layers", "weight", "pixels")}
        return {**super().get_config(), **own, "network": keras.saving.serialize_keras_object(self.network)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "network": keras.saving.deserialize_keras_object(config["network"])})


def _of_length_one(features):
    features = ops.cast(features, "float32")
    return features * ops.rsqrt(ops.maximum(ops.sum(ops.square(features), axis=-1, keepdims=True), SMALLEST))


def _mean_per_image(values):
    """[n, ...] → [n]."""
    return ops.mean(ops.reshape(values, (-1, prod(values.shape[1:]))), axis=1)

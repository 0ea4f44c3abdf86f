"""Probes each layer of a trained network for spatial factors, which shows how equivariant it is to them."""

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import ops

from keras_ae import optimizers
from keras_ae._support.errors import InputError, listed_names, unknown_name
from keras_ae.evaluation.inference import in_batches

if TYPE_CHECKING:
    import pandas

SCHEDULES = ("constant", "cosine")  # of the probes' learning rate
# At inference these only pass on, permute or reshape their inputs, so probing them adds nothing.
COPIES = (
    keras.layers.ActivityRegularization,
    keras.layers.AlphaDropout,
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.Identity,
    keras.layers.Permute,
    keras.layers.Reshape,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)


def spatial_information(
    model: keras.Model,
    train_images: np.ndarray,
    train_factors: np.ndarray,
    test_images: np.ndarray,
    test_factors: np.ndarray,
    layers: Sequence[str] | None = None,
    *,
    factor_names: Sequence[str] | None = None,
    units: int | None = 1024,
    epochs: int = 20,
    batch_size: int = 64,
    learning_rate: float = 1e-4,
    schedule: str = "constant",
    max_features: int | None = None,
    seed: int = 0,
) -> "pandas.DataFrame":
    """Trains probes on the input and on every layer of a trained network to predict the factors of its images.

    A probe is a dense layer with ReLU followed by one linear classifier per factor, trained on the log loss with
    Adam. All probes train in the same steps: the unchanged network runs once per batch for all of them, in
    inference mode. Source: Penhouët's thesis, section 5.2 (Figures 5.3 and 5.4), whose settings are the defaults.

    A probe on a map of 64×64×32 has 134 million weights and takes 2.1 GB to train; `max_features` bounds that.

    Args:
        model: A functional model with one input. What a local objective passes on, such as the code maps of a LEA,
            is a layer's output like any other.
        train_images, test_images: [n, ...], as the model takes them.
        train_factors, test_factors: Integers from 0 up, [n] or [n, factors].
        layers: Names of the layers to probe, including that of the input if wanted. By default all layers with one
            output, the input among them, except those that only drop out, add noise or rearrange values.
        factor_names: Names of the factors in the table; their numbers by default.
        units: Units of the dense layer; None or 0 leaves it out, for linear probes.
        epochs, batch_size, learning_rate: Training settings of the probes.
        schedule: "constant", or "cosine", which lets the learning rate fall to zero: results then depend less on
            when training stops.
        max_features: Maximum number of values of a map: larger ones are averaged over the smallest windows that
            achieve it. By default nothing is averaged.
        seed: Seed of the probes' weights and the order of the images.

    Returns:
        A row for each layer, in the order of the network, and factor: "layer", "features" (number of inputs of the
        probe), "factor", "train" and "test" (accuracies in [0, 1] of the trained probe), and "chance" (the
        accuracy on the test images of always predicting the most frequent training value).

    Raises:
        InputError: If the model is not functional, a layer or the schedule is unknown, or images, factors and
            their names do not fit.

    Example:
        >>> model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3, name="maps")])
        >>> images, factors = np.random.default_rng(0).random((8, 4, 4, 1), "float32"), np.arange(8) % 2
        >>> table = kae.evaluation.spatial_information(
        ...     model, images, factors, images, factors, ["maps"], units=None, epochs=1
        ... )
        >>> table[["layer", "features", "chance"]].values.tolist()
        [['maps', 8, 0.5]]
    """
    if schedule not in SCHEDULES:
        raise unknown_name("schedule", schedule, SCHEDULES)
    names = _probed(model, layers)
    train, test = _factors(train_images, train_factors), _factors(test_images, test_factors)
    if train.shape[1] != test.shape[1]:
        raise InputError(f"{train.shape[1]} factors to train on and {test.shape[1]} to test on", "the same ones")
    factor_names = listed_names(factor_names or map(str, range(train.shape[1])))
    if len(factor_names) != train.shape[1]:
        raise InputError(f"{len(factor_names)} factor_names", f"{train.shape[1]}, one a factor")
    classes = (np.maximum(train.max(axis=0), test.max(axis=0)) + 1).tolist()
    network = keras.Model(model.inputs[0], [model.get_layer(name).output for name in names])
    heads = [
        _head(output.shape[1:], classes, units or 0, max_features, (seed, place))
        for place, output in enumerate(network.outputs)
    ]
    probes = _Probes(lambda images: network(images, training=False), heads)
    if schedule == "cosine":
        learning_rate = keras.optimizers.schedules.CosineDecay(
            learning_rate, epochs * ceil(len(train) / batch_size)
        )
    probes.compile(optimizers.Adam(learning_rate))
    generator = np.random.default_rng(seed)
    for _ in range(epochs):
        order = generator.permutation(len(train))
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            probes.train_on_batch(train_images[rows], train[rows])
    accuracies = {"train": probes.accuracy(train_images, train), "test": probes.accuracy(test_images, test)}
    network(train_images[:1], training=False)  # makes it forget the losses that its layers added in those graphs
    features = [head.get_layer("features").output.shape[1] for head in heads]
    return _table(names, features, factor_names, accuracies, _chance(train, test))


class _Probes(keras.Model):
    """One head per layer on the outputs of a frozen network: images → logits [layers][factors] of [b, classes].

    Args:
        features: Maps images to a list of outputs. As it is a function, the network is not part of this model, and
            training cannot change it.
        heads: Each maps one of these outputs to a list of logits.
    """

    def __init__(self, features, heads: list[keras.Model]):
        super().__init__(name="probes")  # Keras's own would begin with an underscore, which TensorFlow rejects.
        self.features, self.heads = features, heads

    def call(self, images):
        outputs = keras.tree.flatten(self.features(images))
        outputs = [ops.cast(ops.stop_gradient(output), "float32") for output in outputs]
        return [keras.tree.flatten(head(output)) for head, output in zip(self.heads, outputs, strict=True)]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the sum of all classifiers' log losses, each a mean over the images: they do not interact."""
        factors, loss = ops.unstack(y, axis=1), keras.losses.sparse_categorical_crossentropy
        pairs = [pair for of_layer in y_pred for pair in zip(factors, of_layer, strict=True)]
        return sum(ops.mean(loss(factor, logits, from_logits=True)) for factor, logits in pairs)

    def accuracy(self, images: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Returns each classifier's accuracy on the images: [layers, factors]."""

        def predicted(batch):
            of_layers = [[ops.argmax(logits, axis=-1) for logits in of_layer] for of_layer in self(batch)]
            return ops.stack([ops.stack(of_layer, axis=-1) for of_layer in of_layers], axis=1)

        return np.mean(in_batches(predicted, images) == factors[:, None], axis=0)


def _probed(model: keras.Model, layers: Sequence[str] | None) -> list[str]:
    """Returns the names of the layers to probe, in the order of the network."""
    if not getattr(model, "inputs", None) or len(model.inputs) != 1:
        raise InputError(
            f"a {type(model).__name__}", "a functional model of one input", "of an Autoencoder give its encoder"
        )
    candidates = [layer for layer in model.layers if isinstance(layer.output, keras.KerasTensor)]
    names = [layer.name for layer in candidates]
    if layers is None:
        return [layer.name for layer in candidates if not isinstance(layer, COPIES)]
    layers = listed_names(layers)
    for name in layers:
        if name not in names:
            raise unknown_name("layer with one output", name, names)
    return [name for name in names if name in layers]


def _factors(images, factors) -> np.ndarray:
    """Returns factors as int32 [n, factors]."""
    factors = np.asarray(factors)
    received = f"factors {factors.dtype} {'×'.join(map(str, factors.shape))} of {len(images)} images"
    if factors.ndim not in (1, 2) or len(factors) != len(images) or not len(factors):
        raise InputError(received, "one or more factors of each image", "give those of these images")
    if factors.dtype.kind not in "iu" or factors.min() < 0:
        raise InputError(received, "integers from 0 on", "number the values of each factor")
    return factors.reshape(len(factors), -1).astype(np.int32)


def _head(shape, classes: Sequence[int], units: int, max_features: int | None, seed) -> keras.Model:
    """Returns a model from one layer's outputs to the logits of every factor."""
    seeds = iter(np.random.SeedSequence(seed).generate_state(1 + len(classes)).tolist())

    def dense(size: int, activation=None):
        kernel = keras.initializers.GlorotUniform(next(seeds))
        return keras.layers.Dense(size, activation, kernel_initializer=kernel, dtype="float32")

    hidden = inputs = keras.Input(shape, dtype="float32")
    window = _window(shape, max_features)
    if window > 1:
        hidden = keras.layers.AveragePooling2D(window, padding="same", dtype="float32")(hidden)
    hidden = keras.layers.Flatten(name="features")(hidden)
    if units:
        hidden = dense(units, "relu")(hidden)
    return keras.Model(inputs, [dense(count)(hidden) for count in classes])


def _window(shape, most: int | None) -> int:
    """Returns the smallest side of pooling windows that leaves at most `most` values; 1 if there are no maps."""
    if most is None or len(shape) != 3:
        return 1
    height, width, channels = shape
    sides = range(1, max(height, width) + 1)
    return next((side for side in sides if -(-height // side) * -(-width // side) * channels <= most), sides[-1])


def _chance(train: np.ndarray, test: np.ndarray) -> list[float]:
    """Returns the accuracy, per factor, of always predicting the most frequent training value."""
    most_frequent = [np.bincount(factor).argmax() for factor in train.T]
    return np.mean(test == most_frequent, axis=0).tolist()


def _table(layers, features, factors, accuracies: dict[str, np.ndarray], chance) -> "pandas.DataFrame":
    import pandas

    return pandas.DataFrame(
        {
            "layer": layer,
            "features": features[i],
            "factor": factor,
            **{part: float(values[i, j]) for part, values in accuracies.items()},
            "chance": chance[j],
        }
        for i, layer in enumerate(layers)
        for j, factor in enumerate(factors)
    )

"""How smooth encoders and decoders are: estimates of their Lipschitz constants."""

from collections.abc import Callable

import keras
import numpy as np
from sklearn.neighbors import NearestNeighbors

from keras_ae.errors import InputError
from keras_ae.evaluation.codes import flat_codes
from keras_ae.evaluation.inputs import all_images
from keras_ae.execution import require_tensorflow

_INPUTS = 64  # whose Jacobians are probed at once
_STEP = 1e-2  # of central differences, along directions of length 1


def neighbor_ratios(inputs, outputs, neighbors: int = 5) -> np.ndarray:
    """‖f(x) − f(y)‖ / ‖x − y‖ of every input and its nearest neighbours among the others.

    The largest is a lower bound of the Lipschitz constant of f, by Euclidean distances, and says how the function
    behaves between inputs as far apart as the data are.

    Args:
        inputs, outputs: [n, ...] each, flattened: x and f(x).
        neighbors: Of each input; fewer than n.

    Returns:
        float64 [n · neighbors]; pairs of equal inputs are left out.

    Raises:
        InputError: For arrays of different lengths, too few inputs, and infinities or NaN.
    """
    x, y = flat_codes(inputs), flat_codes(outputs)
    if len(x) != len(y) or not 1 <= neighbors < len(x):
        received = f"{len(x)} inputs, {len(y)} outputs and {neighbors} neighbours"
        raise InputError(received, "as many outputs as inputs, and fewer neighbours", "give more inputs")
    distances, nearest = NearestNeighbors(n_neighbors=neighbors).fit(x).kneighbors()
    changes = np.linalg.norm(y[:, None] - y[nearest], axis=2)
    return changes[distances > 0] / distances[distances > 0]


def jacobian_norms(function: Callable, inputs, iterations: int = 20, seed: int = 0) -> np.ndarray:
    """The largest singular value of the Jacobian of a function at each input, by power iteration.

    Each step multiplies by the Jacobian J and its transpose, v ← JᵀJv / ‖JᵀJv‖, without ever forming J. ‖Jv‖ grows
    towards the norm from below. The largest over all inputs is a lower bound of the Lipschitz constant. Where
    TensorFlow has no forward derivative, Jv is a central difference.

    Args:
        function: From a batch of inputs to outputs, each of its own input alone. It runs on TensorFlow.
        inputs: float32 [n, ...].
        iterations: Of the power method, at least 1.
        seed: Of the first directions.

    Returns:
        float64 [n].

    Raises:
        InputError: On other backends than TensorFlow, and without iterations or inputs.
    """
    require_tensorflow()
    if iterations < 1 or not len(inputs):
        raise InputError(f"{iterations} iterations for {len(inputs)} inputs", "at least 1 each", "give more")
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def step(batch, directions):
        with tf.autodiff.ForwardAccumulator(batch, directions) as forward, tf.GradientTape() as tape:
            tape.watch(batch)
            outputs = function(batch)
        change = forward.jvp(outputs)
        if change is None:  # TensorFlow has no forward derivative of bilinear upsampling, for one.
            after, before = function(batch + _STEP * directions), function(batch - _STEP * directions)
            change = (after - before) / (2 * _STEP)
        back = tape.gradient(outputs, batch, output_gradients=tf.stop_gradient(change))
        return _norms(change), back / _shaped(tf.maximum(_norms(back), 1e-30), back)

    inputs, generator = np.asarray(inputs, np.float32), np.random.default_rng(seed)
    found = []
    for start in range(0, len(inputs), _INPUTS):
        batch = tf.constant(inputs[start : start + _INPUTS])
        directions = tf.constant(generator.standard_normal(batch.shape).astype(np.float32))
        directions /= _shaped(_norms(directions), directions)
        for _ in range(iterations):
            norms, directions = step(batch, directions)
        found.append(norms.numpy())
    return np.concatenate(found).astype(np.float64)


def lipschitz_estimates(model, images, iterations: int = 20, seed: int = 0) -> dict[str, float]:
    """The largest Jacobian norms of an autoencoder's encoder at images, and of its decoder at their codes.

    Args:
        model: An `Autoencoder`.
        images: [n, h, w, c], floats in [0, 1] or uint8.
        iterations, seed: Of `jacobian_norms`.

    Returns:
        "encoder" and "decoder".
    """
    images = all_images(model, images)
    codes = keras.ops.convert_to_numpy(model.encode(images))
    parts = {"encoder": (model.encode, images), "decoder": (model.decode, codes)}
    return {
        name: float(jacobian_norms(lambda batch, part=part: part(batch), at, iterations, seed).max())
        for name, (part, at) in parts.items()
    }


def _norms(tensor):
    """Euclidean norms [n] of [n, ...]."""
    return keras.ops.sqrt(keras.ops.sum(keras.ops.square(tensor), axis=tuple(range(1, len(tensor.shape)))))


def _shaped(values, like):
    """[n] as [n, 1, ...], to divide [n, ...] by."""
    return keras.ops.reshape(values, (-1, *[1] * (len(like.shape) - 1)))

"""Smoothness of encoders and decoders: estimates of their Lipschitz constants."""

from collections.abc import Callable

import keras
import numpy as np
from sklearn.neighbors import NearestNeighbors

from keras_ae._support.errors import InputError
from keras_ae._support.execution import require_tensorflow
from keras_ae._support.image_arrays import all_images
from keras_ae.evaluation.codes.checks import flat_codes

_INPUTS = 64  # number of inputs whose Jacobians are probed at once
_LEAST_SHARE = 1e-6  # fraction of the largest variance: along an axis with less, codes count as constant
_STEP = 1e-2  # step of central differences, along directions of length 1


def neighbor_ratios(inputs, outputs, neighbors: int = 5) -> np.ndarray:
    """Returns ‖f(x) − f(y)‖ / ‖x − y‖ for every input x and its nearest neighbours y.

    The largest ratio is a lower bound on the Euclidean Lipschitz constant of f, and describes the function between
    inputs that are as far apart as the data.

    Args:
        inputs, outputs: [n, ...] each, flattened: x and f(x).
        neighbors: Number of neighbours of each input, below n.

    Returns:
        float64 [n · neighbors]; pairs of equal inputs are left out.

    Raises:
        InputError: If the arrays differ in length, there are too few inputs, or a value is infinite or NaN.

    Example:
        >>> inputs = np.array([[0.0], [1.0], [3.0]])
        >>> kae.evaluation.neighbor_ratios(inputs, 2 * inputs, neighbors=1).tolist()
        [2.0, 2.0, 2.0]
    """
    x, y = flat_codes(inputs), flat_codes(outputs)
    if len(x) != len(y) or not 1 <= neighbors < len(x):
        received = f"{len(x)} inputs, {len(y)} outputs and {neighbors} neighbours"
        raise InputError(received, "as many outputs as inputs, and fewer neighbours", "give more inputs")
    distances, nearest = NearestNeighbors(n_neighbors=neighbors).fit(x).kneighbors()
    changes = np.linalg.norm(y[:, None] - y[nearest], axis=2)
    return changes[distances > 0] / distances[distances > 0]


def jacobian_norms(function: Callable, inputs, iterations: int = 20, seed: int = 0) -> np.ndarray:
    """Returns the largest singular value of a function's Jacobian at each input, by power iteration.

    Each step multiplies by the Jacobian J and its transpose, v ← JᵀJv / ‖JᵀJv‖, without ever forming J. ‖Jv‖ grows
    towards the norm from below. The largest over all inputs is a lower bound on the Lipschitz constant. Where
    TensorFlow has no forward-mode derivative, Jv is a central difference.

    Args:
        function: TensorFlow function from a batch of inputs to outputs, each depending on its own input only.
        inputs: float32 [n, ...].
        iterations: Iterations of the power method, at least 1.
        seed: Seed of the initial directions.

    Returns:
        float64 [n].

    Raises:
        InputError: If the backend is not TensorFlow, or there are no iterations or inputs.

    Example:
        >>> norms = kae.evaluation.jacobian_norms(lambda x: x * np.float32([3.0, 1.0]), np.zeros((2, 2)))
        >>> norms.round(3).tolist()
        [3.0, 3.0]
    """
    require_tensorflow("measure slopes")
    if iterations < 1 or not len(inputs):
        raise InputError(f"{iterations} iterations for {len(inputs)} inputs", "at least 1 each", "give more")
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def step(batch, directions):
        with tf.autodiff.ForwardAccumulator(batch, directions) as forward, tf.GradientTape() as tape:
            tape.watch(batch)
            outputs = function(batch)
        change = forward.jvp(outputs)
        if change is None:  # TensorFlow has no forward-mode derivative of bilinear upsampling, for example.
            after, before = function(batch + _STEP * directions), function(batch - _STEP * directions)
            change = (after - before) / (2 * _STEP)
        back = tape.gradient(outputs, batch, output_gradients=tf.stop_gradient(change))
        return _norms(change), back / _shaped(tf.maximum(_norms(back), 1e-30), back)

    inputs, generator = np.asarray(inputs, np.float32), np.random.default_rng(seed)
    largest = []
    for start in range(0, len(inputs), _INPUTS):
        batch = tf.constant(inputs[start : start + _INPUTS])
        directions = tf.constant(generator.standard_normal(batch.shape).astype(np.float32))
        directions /= _shaped(_norms(directions), directions)
        for _ in range(iterations):
            norms, directions = step(batch, directions)
        largest.append(norms.numpy())
    return np.concatenate(largest).astype(np.float64)


def lipschitz_estimates(
    model, images, iterations: int = 20, seed: int = 0, whitened_by: np.ndarray | None = None
) -> dict[str, float]:
    """Returns the largest Jacobian norms of an autoencoder's encoder at images, and of its decoder at their codes.

    Making the codes ten times smaller makes the encoder's slope a tenth and the decoder's ten times as large, and
    changes nothing else. Slopes of different models are comparable only for whitened codes, which have no scale:
    with `whitened_by`, both are measured on these.

    Args:
        model: An `Autoencoder`.
        images: [n, h, w, c], floats in [0, 1] or uint8.
        iterations, seed: Same as for `jacobian_norms`.
        whitened_by: Codes [m, ...] of many images, whose mean and covariance are used to whiten codes; directions
            in which these hardly vary are left out. By default, codes are used as they are.

    Returns:
        The norms, as "encoder" and "decoder".

    Raises:
        InputError: In the same cases as `jacobian_norms`, if the images have another shape or range, or if there
            are fewer than two codes to whiten by, or these do not vary.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> estimates = kae.evaluation.lipschitz_estimates(model, np.zeros((2, 4, 4, 1)), iterations=2)
        >>> sorted(estimates), estimates["encoder"] > 0
        (['decoder', 'encoder'], True)
    """
    images = all_images(model, images)
    codes = keras.ops.convert_to_numpy(model.encode(images))
    parts = {"encoder": (model.encode, images), "decoder": (model.decode, codes)}
    if whitened_by is not None:
        whitening = _Whitening(whitened_by)
        parts = {
            "encoder": (lambda x: whitening.whiten(model.encode(x)), images),
            "decoder": (
                lambda u: model.decode(keras.ops.reshape(whitening.colour(u), (-1, *codes.shape[1:]))),
                keras.ops.convert_to_numpy(whitening.whiten(codes)),
            ),
        }
    return {
        name: float(jacobian_norms(lambda batch, part=part: part(batch), at, iterations, seed).max())
        for name, (part, at) in parts.items()
    }


class _Whitening:
    """Maps codes [n, ...] to whitened ones [n, k] and back to [n, d], by the principal axes of reference codes."""

    def __init__(self, reference):
        reference = flat_codes(reference)
        if len(reference) < 2:
            raise InputError(f"{len(reference)} codes to whiten by", "two or more", "encode more images")
        self.mean = reference.mean(axis=0).astype(np.float32)
        variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(reference, rowvar=False)))
        kept = variances > _LEAST_SHARE * variances.max()
        if not kept.any():
            raise InputError("codes that do not vary", "codes of different images", "train the model further")
        deviations = np.sqrt(variances[kept])
        self.to_white = (axes[:, kept] / deviations).astype(np.float32)
        self.from_white = (axes[:, kept] * deviations).T.astype(np.float32)

    def whiten(self, codes):
        flat = keras.ops.reshape(keras.ops.cast(codes, "float32"), (-1, len(self.mean)))
        return keras.ops.matmul(flat - self.mean, self.to_white)

    def colour(self, white):
        return keras.ops.matmul(white, self.from_white) + self.mean


def _norms(tensor):
    """Returns the Euclidean norms [n] of [n, ...]."""
    return keras.ops.sqrt(keras.ops.sum(keras.ops.square(tensor), axis=tuple(range(1, len(tensor.shape)))))


def _shaped(values, like):
    """Returns [n] as [n, 1, ...], to divide [n, ...] by."""
    return keras.ops.reshape(values, (-1, *[1] * (len(like.shape) - 1)))

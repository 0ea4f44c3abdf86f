"""Small pure functions on tensors, in float32 whatever the layers compute in."""

import keras
from keras import ops

# Rows that are compared pair by pair: 4 MB a matrix. Of a locally embedded autoencoder's codes, those of 10,000
# windows in a batch, it would be 400 MB, and a penalty with its gradient needs many.
PAIRED_ROWS = 1024


def shifted_moments(features):
    """Features minus their first position, with the mean and variance of that for each channel of each image.

    Both moments take one pass over memory: the variance is the mean of squares minus the squared mean. That loses
    no digits, because shifted by one of their own values the features lie around 0, however large they are.

    Args:
        features: [batch, height, width, channels], any float type.

    Returns:
        Three float32 tensors: the shifted features, and [batch, 1, 1, channels] their mean and variance. The
        variance, which is that of the features too, is never negative.

    Example:
        >>> shifted, mean, variance = shifted_moments(ops.reshape([1001.0, 1003.0], (1, 2, 1, 1)))
        >>> float(mean[0, 0, 0, 0]), float(variance[0, 0, 0, 0])
        (1.0, 1.0)
    """
    features = ops.cast(features, "float32")
    shifted = features - ops.stop_gradient(features[:, :1, :1])
    mean = ops.mean(shifted, axis=(1, 2), keepdims=True)
    mean_of_squares = ops.mean(ops.square(shifted), axis=(1, 2), keepdims=True)
    return shifted, mean, ops.maximum(mean_of_squares - ops.square(mean), 0.0)


def standard_normal_kl(mean, log_std):
    """KL(N(mean, exp(log_std)²) ‖ N(0, 1)) of every value, in nats: ½(μ² + σ² − log σ² − 1).

    Args:
        mean, log_std: Tensors of one shape.

    Returns:
        A float32 tensor of that shape, 0 or larger.
    """
    mean, log_std = ops.cast(mean, "float32"), ops.cast(log_std, "float32")
    return 0.5 * (ops.square(mean) + ops.exp(2.0 * log_std) - 2.0 * log_std - 1.0)


def sum_per_image(values):
    """Sum over all axes but the first: [batch, ...] → [batch]."""
    return ops.sum(values, axis=tuple(range(1, len(values.shape))))


def covariance(features):
    """Covariance of the columns of [n, d] in float32, [d, d], with 1/n: of a single row it is 0 and not NaN."""
    features = ops.cast(features, "float32")
    centered = features - ops.mean(features, axis=0, keepdims=True)
    return ops.matmul(ops.transpose(centered), centered) / ops.cast(ops.shape(features)[0], "float32")


def decorrelation_penalty(features, form: str = "squared"):
    """What the covariances C of different features add up to over a batch.

    Args:
        features: [n, d]: n samples of d features.
        form: "squared": ½·(‖C‖²_F − ‖diag C‖²), as DeCov (Cogswell et al., 2016); "absolute": Σ_{i≠j} |C_ij|;
            "signed": Σ_{i≠j} C_ij, as eq. 3 of the decorrelated-bottleneck paper is written. The signed sum has no
            lower bound: a network lowers it for ever by making features that oppose each other and grow.

    Returns:
        A float32 scalar, 0 or larger but for "signed".
    """
    matrix = covariance(features)
    off_diagonal = matrix * (1.0 - ops.eye(matrix.shape[0], dtype="float32"))
    if form == "squared":
        return 0.5 * ops.sum(ops.square(off_diagonal))
    return ops.sum(ops.abs(off_diagonal) if form == "absolute" else off_diagonal)


def rows_to_pair(rows, most: int = PAIRED_ROWS):
    """At most so many rows of [n, d], in their order: all of them, or always the same random choice of n.

    At even steps they would be windows at a few places of the images alone, wherever the steps and the grid of
    windows have a common measure.
    """
    order = keras.random.shuffle(ops.arange(ops.shape(rows)[0]), seed=0)
    return ops.take(rows, ops.sort(order[:most]), axis=0)


def squared_distances(rows, others):
    """‖a − b‖² of every row a of [n, d] and b of [m, d], in float32: [n, m], 0 or larger."""
    rows, others = ops.cast(rows, "float32"), ops.cast(others, "float32")
    origin = ops.stop_gradient(ops.mean(others, axis=0))  # Far from it rounding hides distances.
    rows, others = rows - origin, others - origin
    products = ops.matmul(rows, ops.transpose(others))
    lengths = (ops.sum(ops.square(rows), axis=1)[:, None], ops.sum(ops.square(others), axis=1)[None])
    return ops.maximum(lengths[0] + lengths[1] - 2.0 * products, 0.0)


def maximum_mean_discrepancy(codes, samples, constants):
    """The unbiased estimate of MMD² with a sum of inverse multiquadratic kernels k(a, b) = C / (C + ‖a − b‖²).

    Σ_{i≠j} k(zᵢ, zⱼ) / n(n−1) + Σ_{i≠j} k(sᵢ, sⱼ) / n(n−1) − 2 Σ_{i,j} k(zᵢ, sⱼ) / n²: of samples of one
    distribution it is 0 on average, and so below 0 half of the time. Source: Tolstikhin et al., 2018, algorithm 2.

    Args:
        codes, samples: [n, d] each, n equal.
        constants: The C of the kernels, squared distances.

    Returns:
        A float32 scalar; of n = 1, where the first sums have no terms, they count as 0.
    """
    n = ops.cast(ops.shape(codes)[0], "float32")
    # Each row is at a distance of 0 from itself, which is no sample of the distances.
    others = 1.0 - ops.eye(ops.shape(codes)[0], dtype="float32")

    def kernels(rows, columns):
        distances = squared_distances(rows, columns)
        return sum(constant / (constant + distances) for constant in constants)

    among = ops.sum(others * (kernels(codes, codes) + kernels(samples, samples)))
    return among / ops.maximum(n * (n - 1.0), 1.0) - 2.0 * ops.mean(kernels(codes, samples))


def log_nearest_distances(codes):
    """The logarithm of each row's distance to the nearest other row: [n, d] → float32 [n].

    Which row is nearest is found by `squared_distances`; the distance is computed from the two rows, so that it is
    exact, with a gradient by both. Of equal rows it is log 1e-6; of a single row as well.
    """
    codes = ops.cast(codes, "float32")
    itself = ops.eye(ops.shape(codes)[0], dtype="float32")
    distances = ops.stop_gradient(squared_distances(codes, codes))
    nearest = ops.argmin(distances + itself * (2.0 * ops.max(distances) + 1.0), axis=1)
    squares = ops.sum(ops.square(codes - ops.take(codes, nearest, axis=0)), axis=1)
    return 0.5 * ops.log(ops.maximum(squares, 1e-12))

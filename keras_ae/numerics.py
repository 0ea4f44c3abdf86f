"""Small pure functions on tensors, in float32 whatever the layers' dtype."""

from math import log, pi, prod

import keras
from keras import ops

# Maximum number of rows compared in pairs: 4 MB per matrix. For the codes of a locally embedded autoencoder with
# 10,000 windows per batch it would be 400 MB, and a penalty with its gradient needs many such matrices.
PAIRED_ROWS = 1024
SMALLEST_VARIANCE = 1e-12  # of a feature; one with less counts as constant


def shifted_moments(features):
    """Subtracts the first position from the features; returns the result, and its moments per image and channel.

    Both moments are computed in one pass over memory: the variance is the mean of squares minus the squared mean.
    This loses no digits, since shifting the features by one of their own values brings them near 0.

    Args:
        features: [batch, height, width, channels], any float type.

    Returns:
        Three float32 tensors: the shifted features, and their mean and variance [batch, 1, 1, channels]. The
        variance equals that of the features, and is never negative.

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
    """Returns KL(N(mean, exp(log_std)²) ‖ N(0, 1)) of every value, in nats: ½(μ² + σ² − log σ² − 1).

    Args:
        mean, log_std: Tensors of the same shape.

    Returns:
        A float32 tensor of that shape, 0 or larger.

    Example:
        >>> kl = kae.numerics.standard_normal_kl(np.array([0.0, 1.0]), np.array([0.0, 0.0]))
        >>> ops.convert_to_numpy(kl).tolist()
        [0.0, 0.5]
    """
    mean, log_std = ops.cast(mean, "float32"), ops.cast(log_std, "float32")
    return 0.5 * (ops.square(mean) + ops.exp(2.0 * log_std) - 2.0 * log_std - 1.0)


def normal_log_density(values, mean, log_std):
    """Returns log N(values; mean, exp(log_std)²) of every value, in nats: tensors that broadcast → float32.

    Example:
        >>> round(float(kae.numerics.normal_log_density(np.array([1.0]), np.array([1.0]), np.array([0.0]))[0]), 4)
        -0.9189
    """
    values, mean, log_std = (ops.cast(part, "float32") for part in (values, mean, log_std))
    return -0.5 * ops.square((values - mean) * ops.exp(-log_std)) - log_std - 0.5 * log(2.0 * pi)


def sum_per_image(values):
    """Sums over all axes but the first: [batch, ...] → [batch].

    Example:
        >>> ops.convert_to_numpy(kae.numerics.sum_per_image(np.ones((2, 3, 4), "float32"))).tolist()
        [12.0, 12.0]
    """
    return ops.sum(values, axis=tuple(range(1, len(values.shape))))


def rows_per_image(values):
    """Flattens all axes but the first: [batch, ...] → [batch, d].

    Example:
        >>> tuple(kae.numerics.rows_per_image(np.ones((2, 3, 4))).shape)
        (2, 12)
    """
    return ops.reshape(values, (-1, prod(values.shape[1:])))


def shape_per_image(shape) -> tuple[int | None, int]:
    """Returns the shape of `rows_per_image(values)` for values of a shape.

    Example:
        >>> kae.numerics.shape_per_image((None, 3, 4))
        (None, 12)
    """
    return shape[0], prod(shape[1:])


def covariance(features):
    """Returns the covariance of the columns of [n, d], float32 [d, d], with 1/n: 0, not NaN, for a single row.

    Example:
        >>> features = np.array([[1.0, 2.0], [-1.0, -2.0]])
        >>> ops.convert_to_numpy(kae.numerics.covariance(features)).tolist()
        [[1.0, 2.0], [2.0, 4.0]]
    """
    features = ops.cast(features, "float32")
    centered = features - ops.mean(features, axis=0, keepdims=True)
    return ops.matmul(ops.transpose(centered), centered) / ops.cast(ops.shape(features)[0], "float32")


def decorrelation_penalty(features, form: str = "squared"):
    """Sums the covariances C of different features over a batch.

    Args:
        features: [n, d]: n samples of d features.
        form: "squared": ½·(‖C‖²_F − ‖diag C‖²), as in DeCov (Cogswell et al., 2016); "absolute": Σ_{i≠j} |C_ij|;
            "signed": Σ_{i≠j} C_ij, as eq. 3 of the decorrelated-bottleneck paper is written. The signed sum has no
            lower bound: a network can lower it forever with growing features of opposite signs. "correlation":
            "squared" with correlations instead of covariances, from 0 to d(d − 1)/2: no network can lower it by
            shrinking its code. A constant feature has no correlation with others.

    Returns:
        A float32 scalar, 0 or larger except for "signed".

    Example:
        >>> features = np.array([[1.0, 2.0], [-1.0, -2.0]])  # The covariance is 2.
        >>> [float(kae.numerics.decorrelation_penalty(features, form)) for form in ("squared", "correlation")]
        [4.0, 1.0]
    """
    matrix = covariance(features)
    if form == "correlation":
        scale = ops.rsqrt(ops.maximum(ops.diagonal(matrix), SMALLEST_VARIANCE))
        matrix = matrix * scale[:, None] * scale[None, :]
    off_diagonal = matrix * (1.0 - ops.eye(matrix.shape[0], dtype="float32"))
    if form in ("squared", "correlation"):
        return 0.5 * ops.sum(ops.square(off_diagonal))
    return ops.sum(ops.abs(off_diagonal) if form == "absolute" else off_diagonal)


def rows_to_pair(rows, most: int = PAIRED_ROWS):
    """Returns at most `most` rows of [n, d], in their order: all of them, or a fixed random choice for each n.

    Even spacing could alias with the window grid, and select windows at only a few positions of the images.

    Example:
        >>> tuple(kae.numerics.rows_to_pair(np.ones((5000, 3), "float32")).shape)
        (1024, 3)
    """
    order = keras.random.shuffle(ops.arange(ops.shape(rows)[0]), seed=0)
    return ops.take(rows, ops.sort(order[:most]), axis=0)


def squared_distances(rows, others):
    """Returns ‖a − b‖² for all rows a of [n, d] and b of [m, d]: float32 [n, m], 0 or larger.

    Example:
        >>> distances = kae.numerics.squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]))
        >>> ops.convert_to_numpy(distances).tolist()
        [[25.0, 1.0]]
    """
    rows, others = ops.cast(rows, "float32"), ops.cast(others, "float32")
    origin = ops.stop_gradient(ops.mean(others, axis=0))  # far from it, rounding hides distances
    rows, others = rows - origin, others - origin
    products = ops.matmul(rows, ops.transpose(others))
    lengths = (ops.sum(ops.square(rows), axis=1)[:, None], ops.sum(ops.square(others), axis=1)[None])
    return ops.maximum(lengths[0] + lengths[1] - 2.0 * products, 0.0)


def maximum_mean_discrepancy(codes, samples, constants):
    """Returns the unbiased estimate of MMD², with a sum of inverse multiquadratic kernels C / (C + ‖a − b‖²).

    Σ_{i≠j} k(zᵢ, zⱼ) / n(n−1) + Σ_{i≠j} k(sᵢ, sⱼ) / n(n−1) − 2 Σ_{i,j} k(zᵢ, sⱼ) / n². For two samples of the same
    distribution it is 0 on average, so often negative. Source: Tolstikhin et al., 2018, algorithm 2.

    Args:
        codes, samples: [n, d] each, n equal.
        constants: The C of the kernels, squared distances.

    Returns:
        A float32 scalar. With n = 1 the first two sums have no terms and count as 0.

    Example:
        >>> codes, samples = np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]])
        >>> float(kae.numerics.maximum_mean_discrepancy(codes, samples, constants=[1.0]))
        -0.5
    """
    n = ops.cast(ops.shape(codes)[0], "float32")
    # A row's distance of 0 to itself is not a sample of the distances.
    off_diagonal = 1.0 - ops.eye(ops.shape(codes)[0], dtype="float32")

    def kernels(rows, columns):
        distances = squared_distances(rows, columns)
        return sum(constant / (constant + distances) for constant in constants)

    within = ops.sum(off_diagonal * (kernels(codes, codes) + kernels(samples, samples)))
    return within / ops.maximum(n * (n - 1.0), 1.0) - 2.0 * ops.mean(kernels(codes, samples))


def log_nearest_distances(codes):
    """Returns the logarithm of each row's distance to the nearest other row: [n, d] → float32 [n].

    `squared_distances` selects the nearest row; the distance is then computed from the two rows, so it is exact
    and has a gradient with respect to both. For equal rows, and for a single row, the result is log 1e-6.

    Example:
        >>> codes = np.array([[0.0], [1.0], [3.0]])
        >>> np.exp(ops.convert_to_numpy(kae.numerics.log_nearest_distances(codes))).round(4).tolist()
        [1.0, 1.0, 2.0]
    """
    codes = ops.cast(codes, "float32")
    diagonal = ops.eye(ops.shape(codes)[0], dtype="float32")
    distances = ops.stop_gradient(squared_distances(codes, codes))
    nearest = ops.argmin(distances + diagonal * (2.0 * ops.max(distances) + 1.0), axis=1)
    squares = ops.sum(ops.square(codes - ops.take(codes, nearest, axis=0)), axis=1)
    return 0.5 * ops.log(ops.maximum(squares, 1e-12))

"""Small pure functions on tensors, in float32 whatever the layers compute in."""

from keras import ops


def spatial_moments(features):
    """Mean and variance of each channel of each image, in one pass over memory.

    The variance is the mean of squares minus the squared mean: half the memory traffic of the two-pass form,
    and exact enough in float32 for activations whose mean is not thousands of times their deviation.

    Args:
        features: [batch, height, width, channels], any float type.

    Returns:
        Two float32 tensors [batch, 1, 1, channels]; the variance is never negative.
    """
    features = ops.cast(features, "float32")
    mean = ops.mean(features, axis=(1, 2), keepdims=True)
    mean_of_squares = ops.mean(ops.square(features), axis=(1, 2), keepdims=True)
    return mean, ops.maximum(mean_of_squares - ops.square(mean), 0.0)


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

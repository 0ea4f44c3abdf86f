"""What the tests of variational codes share: posteriors that are given, and a code's penalty."""

import numpy as np
from bottlenecks.penalized_training import array


def with_posteriors(bottleneck, means: np.ndarray, log_stds: np.ndarray):
    """The bottleneck, and features of which its posteriors have these means and log standard deviations."""
    features = np.concatenate([means, log_stds], axis=-1).astype("float32")
    bottleneck.build((None, *features.shape[1:]))
    d, nothing = means.shape[-1], np.zeros(means.shape[-1], "float32")
    identity = np.eye(2 * d, dtype="float32")
    bottleneck.mean.set_weights([identity[:, :d], nothing])
    bottleneck.log_std.set_weights([identity[:, d:], nothing])
    return bottleneck, features


def random_posteriors(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and log standard deviations, float32."""
    generator = np.random.default_rng(0)
    return generator.normal(size=shape).astype("float32"), generator.normal(-1, 0.3, shape).astype("float32")


def kl(means: np.ndarray, log_stds: np.ndarray) -> np.ndarray:
    """KL to N(0, 1) of each value, in float64."""
    means, log_stds = means.astype("float64"), log_stds.astype("float64")
    return 0.5 * (means**2 + np.exp(2 * log_stds) - 2 * log_stds - 1)


def code_and_penalty(bottleneck, features, training: bool = True) -> tuple[np.ndarray, float]:
    """The code of one call, and what the call adds to the loss."""
    code = array(bottleneck(features, training=training))
    return code, float(sum(bottleneck.losses))

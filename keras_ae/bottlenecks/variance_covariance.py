"""The bottleneck with the variance and covariance terms of VICReg (Bardes et al., 2022)."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae.bottlenecks.dense import Dense
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative

EPSILON = 1e-4  # added to each variance, as in the paper


@keras.saving.register_keras_serializable(package="keras_ae")
class VarianceCovariance(Dense):
    """A dense code whose values all vary and are uncorrelated.

    With d values in an image's code, and their covariances C over the batch of n (with 1/(n − 1)), it adds

        variance · (1/d)·Σⱼ max(0, γ − √(Cⱼⱼ + 10⁻⁴))  +  covariance · (1/d)·Σ_{i≠j} C²ᵢⱼ.

    The first term holds each standard deviation at γ or above, so that shrinking the code cannot lower the second.
    Source: Bardes, Ponce & LeCun, "VICReg: variance-invariance-covariance regularization", eq. 1 to 4; the
    reconstruction replaces their invariance term.

    Args:
        units: Length of the code (at each position).
        variance, covariance: Weights of the two terms; the paper uses 25 and 1, and 25 for its invariance term.
        target: γ, the smallest standard deviation without a penalty.
        **kwargs: Options of `Dense`.

    Raises:
        InputError: If a weight or the target is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.VarianceCovariance(units=2, initializer="zeros", variance=1.0)
        >>> _ = bottleneck(np.ones((4, 3), "float32"))  # No value varies: 1 − √10⁻⁴.
        >>> round(float(bottleneck.losses[0]), 4)
        0.99
    """

    penalizes = True

    def __init__(
        self, units: int, variance: float = 0.1, covariance: float = 0.004, target: float = 1.0, **kwargs
    ):
        super().__init__(units, **kwargs)
        not_negative(variance=variance, covariance=covariance, target=target)
        self.variance, self.covariance, self.target = variance, covariance, target

    def regularize(self, code, training):
        rows = numerics.rows_per_image(code)
        n = ops.cast(ops.shape(rows)[0], "float32")
        matrix = numerics.covariance(rows) * n / ops.maximum(n - 1.0, 1.0)
        variances, size = ops.diagonal(matrix), matrix.shape[0]
        low = ops.mean(ops.relu(self.target - ops.sqrt(variances + EPSILON)))
        together = (ops.sum(ops.square(matrix)) - ops.sum(ops.square(variances))) / size
        self.add_loss(self.variance * low + self.covariance * together)

    def get_config(self):
        own = {name: getattr(self, name) for name in ("variance", "covariance", "target")}
        return {**super().get_config(), **own}

    @classmethod
    def examples(cls):
        return [Example({"units": 4}, (12,)), Example({"units": 2, "target": 0.5}, (2, 3, 4))]

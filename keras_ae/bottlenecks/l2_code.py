"""The code of the regularised autoencoder (Ghosh et al., 2020)."""

import keras
from keras import ops

from keras_ae.bottlenecks.dense import Dense
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative


@keras.saving.register_keras_serializable(package="keras_ae")
class L2Code(Dense):
    """A dense code z with a penalty on its size: adds weight · ½‖z‖², averaged over the images, to the loss.

    Up to a constant this is the KL divergence of a variational code of constant variance. Source: Ghosh et al.,
    "From variational to deterministic autoencoders", section 3. `keras_ae.networks.regularized_decoder`
    regularises the decoder as the RAE does.

    Args:
        units: Length of the code (at each position).
        weight: Weight of the penalty, which is summed over the code. Beside a loss that is a *mean* over pixels it
            acts as strongly as weight · pixels beside a sum. The default is not the authors'.
        **kwargs: Options of `Dense`.

    Raises:
        InputError: If `weight` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.L2Code(units=2, weight=0.1, initializer="ones")
        >>> _ = bottleneck(np.array([[1.0, 2.0]], "float32"))  # The code is [3, 3].
        >>> round(float(bottleneck.losses[0]), 4)
        0.9
    """

    penalizes = True

    def __init__(self, units: int, weight: float = 1e-4, **kwargs):
        super().__init__(units, **kwargs)
        not_negative(weight=weight)
        self.weight = weight

    def regularize(self, code, training):
        self.penalize(0.5 * ops.square(ops.cast(code, "float32")), self.weight)

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4}, (12,)),
            Example({"units": 3, "weight": 0.1, "activation": "relu"}, (2, 3, 4)),
        ]

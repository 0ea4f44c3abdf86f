"""A layer that penalises correlated features and passes its input on."""

from math import prod

import keras
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import unknown_name
from keras_ae.catalogue import Example

FORMS = ("squared", "absolute", "signed", "correlation")
FEATURES = ("channels", "values")


@keras.saving.register_keras_serializable(package="keras_ae")
class Decorrelation(keras.layers.Layer):
    """Returns its input, and adds α times a penalty on its features' covariances to the loss.

    The covariances are those of the batch (with several replicas, of each replica's part). The penalty is a sum
    over pairs of features, not a mean over images. Source: the decorrelated-bottleneck paper, eq. 2 and 3.

    Args:
        alpha: Weight α of the penalty.
        form: "squared", "absolute", "signed" or "correlation"; see `keras_ae.numerics.decorrelation_penalty`.
            "signed" has no lower bound and wrecks training at the paper's own values of α; it is there to show
            that. The forms based on covariances penalise a large code more, so training may shrink it;
            "correlation" does not depend on the code's scale.
        features: What counts as a feature of maps [batch, height, width, channels]. "channels": each channel is a
            feature and each position a sample. "values": each position of each channel is a feature.

    Raises:
        InputError: If the form or the choice of features is unknown.

    Example:
        >>> layer = kae.layers.Decorrelation(alpha=0.1)
        >>> _ = layer(np.array([[1.0, 1.0], [-1.0, -1.0]], "float32"))
        >>> round(float(layer.losses[0]), 4)  # The covariance of the two features is 1.
        0.1
    """

    def __init__(self, alpha: float = 0.005, form: str = "squared", features: str = "channels", **kwargs):
        super().__init__(**kwargs)
        for kind, choice, known in (("form", form, FORMS), ("features", features, FEATURES)):
            if choice not in known:
                raise unknown_name(kind, choice, known)
        self.alpha, self.form, self.features = alpha, form, features

    def call(self, code):
        width = code.shape[-1] if self.features == "channels" else prod(code.shape[1:])
        flat = ops.reshape(code, (-1, width))
        self.add_loss(self.alpha * numerics.decorrelation_penalty(flat, self.form))
        return code

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha, "form": self.form, "features": self.features}

    @classmethod
    def examples(cls):
        return [
            Example({}, (6,)),
            Example({"form": "absolute"}, (2, 3, 4)),
            Example({"form": "correlation"}, (4,)),
            Example({"form": "signed", "features": "values", "alpha": 1e-4}, (2, 3, 2)),
        ]

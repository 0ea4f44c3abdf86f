"""A layer that penalises correlated features and changes nothing."""

from math import prod

import keras
from keras import ops

from keras_ae import numerics
from keras_ae.catalogue import Example
from keras_ae.errors import unknown_name

FORMS = ("squared", "absolute", "signed")
FEATURES = ("channels", "values")


@keras.saving.register_keras_serializable(package="keras_ae")
class Decorrelation(keras.layers.Layer):
    """Returns its input, and adds α · the penalty of its features' covariances to the loss.

    The covariances are taken over the batch: a sum over pairs of features, no mean over images, and on several
    replicas each replica's own. Source: the decorrelated-bottleneck paper, eq. 2 and 3.

    Args:
        alpha: Weight α of the penalty.
        form: "squared", "absolute" or "signed", as of `keras_ae.numerics.decorrelation_penalty`. "signed" has no
            lower bound and wrecks training at the paper's own values of α: it is there to show that.
        features: What counts as a feature of maps [batch, height, width, channels]: "channels", each position
            being a sample; or "values", each position of each channel being a feature.

    Raises:
        InputError: For an unknown form or choice of features.
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
            Example({"form": "signed", "features": "values", "alpha": 1e-4}, (2, 3, 2)),
        ]

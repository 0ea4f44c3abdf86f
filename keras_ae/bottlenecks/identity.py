"""The plain bottleneck."""

import keras

from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import Example


@keras.saving.register_keras_serializable(package="keras_ae")
class Identity(Bottleneck):
    """The encoder's features are the code. The narrowing is the encoder's last layer (bottleneck-shape paper)."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def call(self, features, training=False):
        return features

    @classmethod
    def examples(cls):
        return [Example({}, (12,)), Example({}, (2, 3, 4))]

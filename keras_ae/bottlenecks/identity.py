"""The bottleneck without a layer of its own."""

import keras

from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import Example


@keras.saving.register_keras_serializable(package="keras_ae")
class Identity(Bottleneck):
    """Uses the encoder's features as the code; its last layer does the narrowing (bottleneck-shape paper).

    Example:
        >>> ops.convert_to_numpy(kae.bottlenecks.Identity()(np.array([[1.0, 2.0]], "float32"))).tolist()
        [[1.0, 2.0]]
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def call(self, features, training=False):
        return features

    @classmethod
    def examples(cls):
        return [Example({}, (12,)), Example({}, (2, 3, 4))]

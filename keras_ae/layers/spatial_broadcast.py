"""Spatial broadcast: repeats a code at every pixel and appends the pixel's coordinates."""

import keras
from keras import ops

from keras_ae.catalogue import Example


@keras.saving.register_keras_serializable(package="keras_ae")
class SpatialBroadcast(keras.layers.Layer):
    """Repeats codes [batch, length] as maps [batch, height, width, length + 2], whose last channels are x and y.

    x runs over the columns and y over the rows, each linearly from −1 to 1. Source: Watters et al.,
    "Spatial broadcast decoder", 2019.

    Args:
        height, width: Size of the maps.

    Example:
        >>> maps = kae.layers.SpatialBroadcast(1, 3)(np.array([[7.0]], "float32"))
        >>> ops.convert_to_numpy(maps)[0, 0].tolist()  # [code, x, y] at each of the three columns
        [[7.0, -1.0, -1.0], [7.0, 0.0, -1.0], [7.0, 1.0, -1.0]]
    """

    def __init__(self, height: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.height, self.width = height, width

    def call(self, code):
        batch, length = ops.shape(code)[0], code.shape[-1]
        tiled = ops.broadcast_to(code[:, None, None, :], (batch, self.height, self.width, length))
        x, y = (ops.linspace(-1.0, 1.0, side, dtype=code.dtype) for side in (self.width, self.height))
        coordinates = ops.stack(ops.meshgrid(x, y), axis=-1)[None]
        return ops.concatenate(
            [tiled, ops.broadcast_to(coordinates, (batch, self.height, self.width, 2))], axis=-1
        )

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.height, self.width, input_shape[-1] + 2)

    def get_config(self):
        return {**super().get_config(), "height": self.height, "width": self.width}

    @classmethod
    def examples(cls):
        return [Example({"height": 3, "width": 5}, (4,))]

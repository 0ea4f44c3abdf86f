"""Spatial broadcast against a hand-written map."""

import keras
import numpy as np

from keras_ae.layers import SpatialBroadcast


def test_every_pixel_has_the_code_and_its_coordinates():
    codes = np.array([[5.0, -2.0], [1.0, 0.0]], "float32")
    maps = keras.ops.convert_to_numpy(SpatialBroadcast(2, 3)(codes))
    assert maps.shape == (2, 2, 3, 4)
    np.testing.assert_array_equal(maps[..., :2], np.broadcast_to(codes[:, None, None], (2, 2, 3, 2)))
    np.testing.assert_array_equal(maps[0, ..., 2], [[-1, 0, 1], [-1, 0, 1]])  # x
    np.testing.assert_array_equal(maps[1, ..., 3], [[-1, -1, -1], [1, 1, 1]])  # y

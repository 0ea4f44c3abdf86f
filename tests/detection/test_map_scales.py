"""The scale of maps: a rule by hand, which one odd image does not change."""

import numpy as np

from keras_ae.detection import map_scale


def test_the_threshold_lies_in_the_middle_of_the_colours():
    maps = np.zeros((20, 2, 2))
    maps[:, 0, 0] = np.arange(20)  # the largest values; the median is 0
    scale = map_scale(maps, rate=0.1)
    assert (scale.low, scale.high, scale.threshold) == (0, 36, 18)  # 2 of 20 images may reach above 17.1
    maps[19, 0, 0] = 1000
    assert map_scale(maps, rate=0.1) == scale

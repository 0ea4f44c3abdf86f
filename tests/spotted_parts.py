"""A folder of images with a defect that any features tell, and a small network in a file."""

from pathlib import Path

import keras
import numpy as np
from PIL import Image

SIDE = 16


def make_spotted_parts(root: Path) -> None:
    """Write 80 noisy gray images and 12 with a bright spot as train/good, test/good, test/spot; network.keras."""
    rng = np.random.default_rng(0)
    for name, (count, spot) in {"train/good": (60, 0), "test/good": (20, 0), "test/spot": (12, 120)}.items():
        (root / name).mkdir(parents=True)
        for i in range(count):
            image = rng.normal(100, 8, (SIDE, SIDE))
            image[5:9, 5:9] += spot
            Image.fromarray(np.uint8(image.clip(0, 255))).save(root / name / f"{i:02}.png")
    keras.utils.set_random_seed(0)
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(6, 3, 2, "same", activation="relu", name="first")(inputs)
    keras.Model(inputs, keras.layers.Conv2D(8, 3, 2, "same", name="second")(x)).save(root / "network.keras")

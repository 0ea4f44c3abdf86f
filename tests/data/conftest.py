import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def _no_data_directory(monkeypatch):
    monkeypatch.delenv("KERAS_AE_DATA", raising=False)


@pytest.fixture
def write(tmp_path):
    """Writes one image file below tmp_path: an array, or noise of `mode` and `size` (h, w)."""

    def write_image(name, pixels=None, *, mode="RGB", size=(8, 8), seed=0, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if pixels is None:
            channels = () if mode == "L" else (len(mode),)
            shape = (*size, *channels)
            pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        image.save(path, **options)
        return path

    return write_image


@pytest.fixture
def folder(write, tmp_path):
    """A folder of `count` PNG files in two classes, as `folder:PATH`; image i is filled with the value i."""

    def make(count=10, mode="L", size=(4, 4)):
        for i in range(count):
            pixels = np.full((*size, *([3] if mode == "RGB" else [])), i, np.uint8)
            write(f"images/{'ab'[i % 2]}/{i:03}.png", pixels)
        return f"folder:{tmp_path / 'images'}"

    return make

"""Near duplicates between splits are found out, different images are not, however alike."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from keras_ae.data import duplicates, load, near_duplicates

RNG = np.random.default_rng(0)


def _texture(generator):
    """A photograph of sorts: noise of several scales, uint8 [64, 64]."""
    image = sum(
        np.asarray(Image.fromarray(np.float32(generator.normal(size=(side, side)))).resize((64, 64), 3))
        * side**-0.5
        for side in (4, 8, 16, 64)
    )
    return np.uint8(np.clip(128 + 60 * image, 0, 255))


def _exposure(image, generator):
    """The same part under other light, by another lens, shifted by a pixel."""
    light = generator.uniform(0.5, 1.0) * image + generator.uniform(0, 60) + generator.normal(0, 3, image.shape)
    light = np.roll(np.uint8(np.clip(light, 0, 255)), generator.integers(-1, 2, 2), (0, 1))
    return np.asarray(Image.fromarray(light).filter(ImageFilter.GaussianBlur(generator.uniform(0.1, 1))))


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """60 parts with 4 exposures of each, `part_12_3.png`."""
    root = tmp_path_factory.mktemp("parts")
    for part in range(60):
        image = _texture(RNG)
        for shot in range(4):
            Image.fromarray(_exposure(image, RNG)).save(root / f"part_{part}_{shot}.png")
    return root


def _load(parts, **options):
    return load(f"folder:{parts}", progress=False, **options)


@pytest.mark.parametrize("cache", [True, False])
def test_exposures_of_one_part_on_both_sides_are_found(parts, cache):
    found = near_duplicates(_load(parts, cache=cache))
    assert found.looked_at == 48
    assert found.images >= 40
    assert found.copies == 0
    for own, other in found.pairs:
        assert own != other
        assert own.split("_")[-2] == other.split("_")[-2]  # the number of the part
    assert "48 test images have a near duplicate" in found.in_words()


@pytest.mark.parametrize("cache", [True, False])
def test_of_tiles_the_images_are_compared_and_files_count_as_streamed(parts, cache, monkeypatch):
    whole = _load(parts, cache=cache)
    tiles = whole.in_tiles(32, 0.5)
    assert [data.is_streamed("test") for data in (whole, tiles)] == [not cache] * 2
    monkeypatch.setattr(duplicates, "MOST", {"train": 1600, "validation": 160, "test": 160})
    found = near_duplicates(tiles)
    assert found == near_duplicates(whole)
    assert found.looked_at == (48 if cache else 16)


def test_parts_that_are_kept_apart_are_none(parts):
    data = _load(parts, group=r"part_(\d+)", validation_fraction=0.2)
    for split in ("test", "validation"):
        assert not near_duplicates(data, split).is_notable


def test_the_validation_images_set_the_threshold_and_are_compared_too(parts):
    data = _load(parts, group=r"part_(\d+)")
    apart = _load(parts, test_fraction=0.0, validation_fraction=0.2)
    assert not near_duplicates(data).images
    assert near_duplicates(apart, "validation").images >= 40


def test_handwritten_digits_are_none():
    data = load("digits", test_fraction=0.3)
    assert near_duplicates(data).looked_at == 539
    assert not near_duplicates(data).is_notable


def test_copies_are_always_told(tmp_path):
    digits = load("digits").images("train")
    np.savez(tmp_path / "some.npz", x_train=digits[:900], x_test=np.concatenate([digits[900:1300], digits[7:8]]))
    found = near_duplicates(load(f"npz:{tmp_path}/some.npz"))
    assert found.copies >= 1
    assert found.is_notable
    assert ("test[400]", "train[7]") in found.pairs


def test_too_few_images_tell_nothing(tmp_path):
    np.savez(tmp_path / "few.npz", x_train=np.zeros((30, 4, 4)), x_test=np.zeros((30, 4, 4)))
    assert not near_duplicates(load(f"npz:{tmp_path}/few.npz")).is_notable

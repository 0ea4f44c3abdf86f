"""Simulated defects: what is changed, where, and how much of it."""

import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.catalogue import DEFECTS
from keras_ae.detection import pasted_patches, simulate_defects
from keras_ae.detection.defects.foreground import foreground
from keras_ae.detection.defects.scar import strip
from keras_ae.detection.defects.texture import perlin_noise

KINDS = ("patch", "scar", "texture")


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((30, 48, 64, 3)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_has_the_pixels_that_were_changed_and_no_others(images, kind):
    before = images.copy()
    made = simulate_defects(images, kind, seed=3)
    assert np.array_equal(images, before)
    assert np.array_equal(made.masks, (made.images != images).any(axis=-1))
    assert made.masks.any(axis=(1, 2)).all()
    assert made.images.dtype == np.float32
    assert made.images.min() >= 0
    assert made.images.max() <= 1
    assert made.kinds == (kind,) * 30


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides(images, kind):
    made = simulate_defects(images, kind, seed=3)
    assert np.array_equal(made.images, simulate_defects(images, kind, seed=3).images)
    assert not np.array_equal(made.images, simulate_defects(images, kind, seed=4).images)


@pytest.mark.parametrize(
    ("kind", "least", "most"), [("patch", 0.015, 0.17), ("scar", 0, 0.03), ("texture", 0.001, 0.151)]
)
def test_defects_cover_as_much_of_an_image_as_they_say(images, kind, least, most):
    parts = simulate_defects(images, kind).masks.mean(axis=(1, 2))
    assert least < parts.min() <= parts.max() < most
    assert parts.max() > 2 * parts.min()


def test_kinds_take_turns_and_are_those_of_the_catalogue(images):
    made = simulate_defects(images[:5])
    assert made.kinds == ("patch", "scar", "texture", "patch", "scar")
    assert tuple(DEFECTS) == KINDS
    with pytest.raises(InputError, match="simulated defect"):
        simulate_defects(images, "dent")
    assert np.array_equal(pasted_patches(images, 5), simulate_defects(images, ("patch",), 5).images)


@pytest.mark.parametrize("shape", [(2, 2, 1), (9, 20, 1), (1, 5, 3)])
def test_small_images_get_defects_too(shape):
    images = np.random.default_rng(0).random((12, *shape)).astype(np.float32)
    assert simulate_defects(images).masks.any(axis=(1, 2)).all()
    assert simulate_defects(images[:1]).images.shape == (1, *shape)
    assert simulate_defects(images[:0]).masks.shape == (0, *shape[:2])


def test_scars_and_textures_lie_on_the_object_where_it_stands_before_an_even_background():
    images = np.full((40, 40, 40, 1), 0.1, np.float32)
    images[:, 10:30, 15:25] = np.random.default_rng(0).uniform(0.4, 0.9, (40, 20, 10, 1))
    assert foreground(images[0]).sum() == 200
    blotches = simulate_defects(images, "texture").masks
    assert not blotches[:, ~foreground(images[0])].any()
    for mask in simulate_defects(images, "scar").masks:
        assert mask[10:30, 15:25].any()


def test_an_object_that_cannot_be_told_from_its_background_is_all_of_the_image():
    noise = np.random.default_rng(0).random((20, 20, 1)).astype(np.float32)
    assert foreground(noise).all()
    assert foreground(np.full((20, 20, 1), 0.5, np.float32)).all()


def test_a_strip_has_the_pixels_within_half_its_length_and_thickness():
    rows, columns = np.nonzero(strip(9, 9, (4, 4), length=4, thickness=1, angle=np.pi / 2))
    assert rows.tolist() == [2, 3, 4, 5, 6]
    assert set(columns.tolist()) == {4}
    diagonal = strip(9, 9, (4, 4), length=4 * np.sqrt(2) + 1e-9, thickness=1, angle=np.pi / 4)
    assert sorted(zip(*np.nonzero(diagonal), strict=True)) == [(i, i) for i in range(2, 7)]


def test_perlin_noise_is_the_blend_of_slopes_at_the_corners():
    class Angles:
        def uniform(self, low, high, shape):
            assert shape == (2, 2)
            return np.zeros(shape)  # each gradient points to the right

    noise = perlin_noise(4, 4, 1, Angles())
    x = np.array([0, 0.25, 0.5, 0.75])
    u = 6 * x**5 - 15 * x**4 + 10 * x**3
    assert np.allclose(noise, np.broadcast_to(x * (1 - u) + (x - 1) * u, (4, 4)))
    drawn = perlin_noise(64, 64, 8, np.random.default_rng(0))
    assert np.abs(drawn[::8, ::8]).max() == 0
    assert 0.3 < np.abs(drawn).max() <= 1
    assert np.abs(np.diff(drawn, axis=0)).max() < 0.25  # smooth: cells are 8 pixels wide

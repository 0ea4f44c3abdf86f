"""Padding, cropping and resizing: against NumPy and Pillow, and on arrays and files alike."""

import numpy as np
import pytest
from PIL import Image

from keras_ae import InputError
from keras_ae.data import load
from keras_ae.data.decoding import Decoder
from keras_ae.data.preparation import AS_IS, Preparation

BOTTLENECK_SHAPE = Preparation(pad=(0, 7), crop=(192, 192), size=(96, 96))
GENERATIVE = Preparation(crop=(140, 140), size=(64, 64))


@pytest.fixture
def face():
    """A picture of CelebA's size: smooth colour and a little noise."""
    rows, columns = np.mgrid[:218, :178]
    waves = np.stack([np.sin(rows / 9), np.cos(columns / 7), np.sin((rows + columns) / 11)], axis=-1)
    noise = np.random.default_rng(0).normal(0, 10, waves.shape)
    return (127 + 100 * waves + noise).clip(0, 255).astype(np.uint8)


def _halved(pixels):
    return np.asarray(Image.fromarray(pixels).resize((96, 96), Image.Resampling.BICUBIC))


def test_celeb_a_of_the_bottleneck_shape_paper(write, face):
    padded = np.concatenate([face[:, 7:0:-1], face, face[:, -2:-9:-1]], axis=1)
    assert padded.shape == (218, 192, 3)
    expected = _halved(padded[13:-13])
    pixels, _ = Decoder(BOTTLENECK_SHAPE)(write("face.png", face))
    np.testing.assert_array_equal(pixels, expected)


def test_celeb_a_of_the_generative_paper(write, face):
    central = Image.fromarray(face[39:179, 19:159])
    expected = np.asarray(central.resize((64, 64), Image.Resampling.BICUBIC))
    pixels, _ = Decoder(GENERATIVE)(write("face.png", face))
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("preparation", [BOTTLENECK_SHAPE, GENERATIVE, Preparation(crop=(7, 5)), AS_IS])
def test_arrays_are_prepared_as_files_are(write, face, preparation):
    pixels, _ = Decoder(preparation)(write("face.png", face))
    np.testing.assert_array_equal(preparation.array(face[None])[0], pixels)
    unit = preparation.array(face[None].astype(np.float32) / 255)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit[0] * 255, pixels, atol=1.01)  # files are rounded after each direction


def test_mirroring_and_cropping_by_hand():
    image = np.arange(6, dtype=np.uint8).reshape(1, 2, 3, 1)
    mirrored = Preparation(pad=(1, 2)).array(image)[0, ..., 0]
    np.testing.assert_array_equal(
        mirrored, [[5, 4, 3, 4, 5, 4, 3], [2, 1, 0, 1, 2, 1, 0], [5, 4, 3, 4, 5, 4, 3], [2, 1, 0, 1, 2, 1, 0]]
    )
    cropped = Preparation(crop=(1, 2)).array(image)[0, ..., 0]
    np.testing.assert_array_equal(cropped, [[0, 1]])


def test_through_load_in_memory_and_streamed(write, tmp_path, face):
    for i in range(3):
        write(f"images/{i}.png", np.roll(face, i, axis=0))
    options = {"pad": (0, 7), "crop": 192, "image_size": 96, "test_fraction": 0}
    decoded, streamed = (load(f"folder:{tmp_path}/images", cache=cache, **options) for cache in (True, False))
    assert decoded.image_shape == streamed.image_shape == (96, 96, 3)
    np.testing.assert_array_equal(decoded.images("train"), streamed.images("train"))
    np.savez(tmp_path / "x.npz", x=np.stack([np.roll(face, i, axis=0) for i in range(3)]))
    arrays = load(f"npz:{tmp_path}/x.npz", **options)
    np.testing.assert_array_equal(decoded.images("train"), arrays.images("train"))
    assert decoded.fingerprint() == streamed.fingerprint()


def test_a_fingerprint_sees_how_files_are_prepared(write, tmp_path):
    write("images/1.png", size=(12, 12))
    source = f"folder:{tmp_path}/images"
    prints = {
        load(source, test_fraction=0, image_size=6, **options).fingerprint()
        for options in ({}, {"crop": 8}, {"crop": 10}, {"pad": 1, "crop": 10})
    }
    assert len(prints) == 4


def test_images_too_small_are_refused(write, tmp_path):
    write("images/1.png", size=(8, 8))
    source = f"folder:{tmp_path}/images"
    with pytest.raises(InputError, match=r"1\.png' \(8 × 8 pixels are too few to crop 9 × 8"):
        load(source, crop=(9, 8), test_fraction=0)
    with pytest.raises(InputError, match="too few to mirror 0 rows and 8 columns"):
        load(source, pad=(0, 8), test_fraction=0)
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 8, 8)))
    with pytest.raises(InputError, match="too few to crop"):
        load(f"npz:{tmp_path}/x.npz", crop=9)


@pytest.mark.parametrize("size", [4, np.int64(4), (4, 4), [4, 4], np.array([4, 4])], ids=str)
def test_a_size_is_a_number_or_two(size):
    assert load("digits", image_size=size, limit=2).image_shape == (4, 4, 1)


@pytest.mark.parametrize("options", [{"pad": -1}, {"pad": "77"}, {"crop": 0}, {"crop": (1, 2, 3)}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        load("digits", **options)

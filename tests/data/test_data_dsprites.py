"""dSprites: factors, rendering, the thesis's subset, and the official archive's format."""

import io
import itertools
import zipfile

import numpy as np
import pytest

from keras_ae import InputError
from keras_ae.data import load
from keras_ae.data.cache import cache_directory, cached_masks
from keras_ae.data.datasets import dsprites, dsprites_subset


def test_indices_are_mixed_radix_numbers():
    np.testing.assert_array_equal(dsprites.factors_of(0), [0, 0, 0, 0, 0])
    np.testing.assert_array_equal(dsprites.factors_of([1, 32, 1024, 40960, 245760]), np.eye(5, dtype=int)[::-1])
    np.testing.assert_array_equal(dsprites.factors_of(dsprites.COUNT - 1), [2, 5, 39, 31, 31])
    everything = itertools.islice(itertools.product(*map(range, dsprites.SIZES)), 5000)
    np.testing.assert_array_equal(dsprites.factors_of(np.arange(5000)), list(everything))


def test_indices_and_factors_are_inverse():
    index = np.random.default_rng(0).integers(0, dsprites.COUNT, (20, 30))
    factors = dsprites.factors_of(index)
    assert factors.shape == (20, 30, 5)
    assert factors.dtype == np.int32
    np.testing.assert_array_equal(dsprites.index_of(factors), index)


def test_values_are_the_official_ones():
    np.testing.assert_allclose(dsprites.values_of([0, 0, 0, 0, 0]), [1, 0.5, 0, 0, 0])
    np.testing.assert_allclose(dsprites.values_of([[2, 5, 39, 31, 31]]), [[3, 1, 2 * np.pi, 1, 1]])
    np.testing.assert_allclose(dsprites.values_of([1, 1, 1, 1, 1]), [2, 0.6, 0.16110732, 1 / 31, 1 / 31])


@pytest.mark.parametrize("index", [-1, dsprites.COUNT, 0.5])
def test_indices_out_of_range_are_refused(index):
    with pytest.raises(InputError, match="indices of dSprites"):
        dsprites.render([index])


@pytest.mark.parametrize("factors", [[3, 0, 0, 0, 0], [0, 0, 0, 0, -1], [0, 0, 0, 0], [0.0] * 5, 3])
def test_factors_out_of_range_are_refused(factors):
    with pytest.raises(InputError, match="factors of shape"):
        dsprites.index_of(factors)


def _image(shape, scale=5, orientation=0, x=16, y=16):
    return dsprites.render([dsprites.index_of([shape, scale, orientation, x, y])])[0, ..., 0] > 0


def _one_by_one(index):
    """The definition, pixel by pixel, for one image."""
    shape, scale, orientation, x, y = dsprites.factors_of(index)
    image = np.zeros((64, 64), bool)
    angle, size = 2 * np.pi * (orientation % 39) / 39, (0.5 + 0.1 * scale) * 64
    for row, column in np.ndindex(64, 64):
        right, down = column - (16 + x + 0.375), row - (16 + y + 0.25)
        u = (right * np.cos(angle) + down * np.sin(angle)) / size
        v = (down * np.cos(angle) - right * np.sin(angle)) / size
        if shape == 0:
            image[row, column] = abs(u) <= 0.15 and abs(v) <= 0.15
        elif shape == 1:
            image[row, column] = (u / 0.21) ** 2 + (v / 0.105) ** 2 <= 1
        else:
            u, v = u / 0.15, 0.12 - v / 0.15
            image[row, column] = (u * u + v * v - 1) ** 3 <= u * u * v**3
    return image


def test_rendering_is_as_defined():
    places = np.random.default_rng(0).integers(0, dsprites.COUNT, 60)
    images = dsprites.render(places)
    assert images.shape == (60, 64, 64, 1)
    assert images.dtype == np.uint8
    assert set(np.unique(images)) == {0, 255}
    for place, image in zip(places, images[..., 0] > 0, strict=True):
        assert (image != _one_by_one(place)).sum() <= 2  # a pixel exactly on an outline, by rounding


def test_no_sprite_leaves_the_image():
    """Every sprite has the same area at all four corners of its positions."""
    sprites = np.array(list(itertools.product(range(3), range(6), range(40))))
    areas = []
    for x, y in itertools.product((0, 31), repeat=2):
        factors = np.concatenate([sprites, np.tile([x, y], (len(sprites), 1))], axis=1)
        images = dsprites.render(dsprites.index_of(factors))
        edges = images[:, 0].any() or images[:, -1].any() or images[:, :, 0].any() or images[:, :, -1].any()
        assert not edges
        areas.append((images > 0).sum((1, 2, 3)))
    np.testing.assert_array_equal(areas, [areas[0]] * 4)


def test_only_the_first_and_last_orientation_are_the_same():
    for shape, scale in itertools.product(range(3), range(6)):
        factors = [[shape, scale, orientation, 16, 16] for orientation in range(40)]
        images = dsprites.render(dsprites.index_of(factors))
        np.testing.assert_array_equal(images[0], images[39])
        assert len({image.tobytes() for image in images}) == 39


def test_positions_move_by_whole_pixels():
    image = _image(2, orientation=7)
    np.testing.assert_array_equal(_image(2, orientation=7, x=20), np.roll(image, 4, axis=1))
    np.testing.assert_array_equal(_image(2, orientation=7, y=9), np.roll(image, -7, axis=0))


def test_shapes_look_like_their_names():
    for scale, fraction in enumerate(np.linspace(0.5, 1, 6)):
        square, ellipse = _image(0, scale).sum(), _image(1, scale).sum()
        assert square == pytest.approx((0.3 * 64 * fraction) ** 2, rel=0.12)
        assert ellipse == pytest.approx(np.pi * 0.21 * 0.105 * (64 * fraction) ** 2, rel=0.06)
    ellipse, heart = _image(1), _image(2)
    assert ellipse.any(0).sum() == pytest.approx(2 * ellipse.any(1).sum(), abs=1)  # lies on its side
    widths = heart.sum(1)[heart.any(1)]
    assert widths[:8].mean() > 1.5 * widths[-8:].mean()  # pointing down
    top = heart[np.flatnonzero(heart.any(1))[0]]
    assert np.count_nonzero(np.diff(top.astype(int)) == 1) == 2  # with two lobes


def test_the_subset_of_the_thesis():
    data = load("dsprites")
    assert data.sizes == {"train": 59_972, "validation": 0, "test": 10_006}
    assert data.image_shape == (64, 64, 1)
    assert data.label_names == ("shape", "scale", "orientation", "x", "y")
    assert "not the official pixels" in data.notes[0]
    places = dsprites_subset.subset_indices()
    assert len({*places["train"], *places["test"]}) == 69_978
    np.testing.assert_array_equal(data.labels("test"), dsprites.factors_of(places["test"]))
    np.testing.assert_array_equal(data.images("test", 50) * 255, dsprites.render(places["test"][:50]))
    for column, size in zip(data.labels("train").T, dsprites.SIZES, strict=True):
        assert np.bincount(column).min() > 0.8 * len(column) / size


def test_limits_and_stretches_of_the_subset():
    data = load("dsprites", train="train[:500]", limit=100, validation_fraction=0.1)
    assert data.sizes == {"train": 90, "validation": 10, "test": 100}
    assert len(np.unique(data.labels("train")[:, 0])) == 3


def _official(path, monkeypatch, **changes):
    """An archive in the official format of the first 4,096 images, rendered, and the sizes to go with it."""
    count = 4 * 1024
    for module in (dsprites, dsprites_subset):
        monkeypatch.setattr(module, "COUNT", count)
    monkeypatch.setattr(dsprites_subset, "PARTS", {"train": 300, "test": 50})
    monkeypatch.setattr(dsprites_subset, "_AT_ONCE", 1000)
    images = (dsprites.render(np.arange(count))[..., 0] > 0).astype(np.uint8)
    factors = dsprites.factors_of(np.arange(count))
    classes = np.concatenate([np.zeros((count, 1), np.int64), factors], axis=1)
    metadata = np.array({"date": "April 2017"}, dtype=object)
    arrays = {"metadata": metadata, "imgs": images, "latents_classes": classes, **changes}
    np.savez_compressed(path, **arrays)
    return images


def test_the_official_archive(tmp_path, monkeypatch):
    path = tmp_path / dsprites_subset.ARCHIVE
    images = _official(path, monkeypatch)
    data = load("dsprites", data_dir=tmp_path)
    assert data.sizes == {"train": 300, "validation": 0, "test": 50}
    places = dsprites_subset.subset_indices()
    for part in ("train", "test"):
        np.testing.assert_array_equal(data.images(part)[..., 0], images[places[part]])
        np.testing.assert_array_equal(dsprites.index_of(data.labels(part)), places[part])
    assert data.notes == (f"dsprites read from {path}",)

    with monkeypatch.context() as patched:
        patched.setattr(dsprites_subset, "_read_images", lambda *_: pytest.fail("read again"))
        assert load("dsprites", data_dir=tmp_path).fingerprint() == data.fingerprint()
    monkeypatch.setattr(dsprites_subset, "_SEED", 1)  # as if NumPy drew others: a cache of its own
    places = dsprites_subset.subset_indices()
    others = load("dsprites", data_dir=tmp_path).images("test")[..., 0]
    np.testing.assert_array_equal(others, images[places["test"]])


@pytest.mark.parametrize(
    "changes",
    [
        {"latents_classes": np.zeros((4096, 6), np.int64)},
        {"latents_classes": np.zeros((5, 6), np.int64)},
        {"imgs": np.zeros((4096, 32, 32), np.uint8)},
        {"imgs": np.zeros((4096, 64, 64), np.int64)},
        {"imgs": np.array({}, dtype=object)},
    ],
)
def test_another_archive_is_refused(tmp_path, monkeypatch, changes):
    _official(tmp_path / dsprites_subset.ARCHIVE, monkeypatch, **changes)
    with pytest.raises(InputError, match="damaged or not in the official order"):
        load("dsprites", data_dir=tmp_path)


@pytest.mark.parametrize("contents", [b"", b"text", b"PK\x03\x04"])
def test_a_damaged_archive_is_refused(tmp_path, contents):
    (tmp_path / dsprites_subset.ARCHIVE).write_bytes(contents)
    with pytest.raises(InputError, match="damaged"):
        load("dsprites", data_dir=tmp_path)


def test_a_cut_off_archive_is_refused_and_leaves_no_cache(tmp_path, monkeypatch):
    path = tmp_path / dsprites_subset.ARCHIVE
    _official(path, monkeypatch)
    whole = bytearray(path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        middle = archive.getinfo("imgs.npy").header_offset + archive.getinfo("imgs.npy").compress_size // 2
    whole[middle] ^= 255
    path.write_bytes(whole)
    with pytest.raises(InputError, match="damaged"):
        load("dsprites", data_dir=tmp_path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["cut off", "a changed byte", "empty"])
def test_a_damaged_cache_is_made_again(tmp_path, damage):
    path = tmp_path / "deep" / "cache.npz"
    images = dsprites.render(np.arange(100))
    np.testing.assert_array_equal(cached_masks(path, lambda: images), images)
    np.testing.assert_array_equal(cached_masks(path, lambda: pytest.fail("made again")), images)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 255
    path.write_bytes({"cut off": whole[:1000], "a changed byte": whole, "empty": b""}[damage])
    np.testing.assert_array_equal(cached_masks(path, lambda: images), images)
    np.testing.assert_array_equal(cached_masks(path, lambda: pytest.fail("made again")), images)
    assert [each.name for each in path.parent.iterdir()] == ["cache.npz"]


@pytest.mark.parametrize(
    "arrays",
    [
        {"bits": np.zeros((3, 8)), "shape": (3, 8, 8, 1)},
        {"bits": np.zeros((3, 8), np.uint8), "shape": (3.0, 8.0, 8.0, 1.0)},
        {"bits": np.zeros((3, 8), np.uint8), "shape": 3},
        {"bits": np.zeros(3, np.uint8), "shape": (3, 8, 8, 1)},
        {"shape": (3, 8, 8, 1)},
        None,
    ],
)
def test_a_cache_of_another_kind_is_made_again(tmp_path, arrays):
    path, images = tmp_path / "cache.npz", np.uint8(255) * np.ones((3, 8, 8, 1), np.uint8)
    with path.open("wb") as file:
        np.save(file, images) if arrays is None else np.savez(file, **arrays)
    np.testing.assert_array_equal(cached_masks(path, lambda: images), images)
    np.testing.assert_array_equal(cached_masks(path, lambda: pytest.fail("made again")), images)


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "file").touch()
    images = dsprites.render(np.arange(3))
    np.testing.assert_array_equal(cached_masks(tmp_path / "file" / "cache.npz", lambda: images), images)


def test_the_cache_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory(None) == tmp_path / "keras_ae"
    assert cache_directory(tmp_path / "data") == tmp_path / "keras_ae"  # is not there
    (tmp_path / "data").mkdir()
    assert cache_directory(tmp_path / "data") == tmp_path / "data"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_directory(None) == tmp_path / ".cache" / "keras_ae"

"""Arrays in the layouts, types and ranges that people store them in."""

import numpy as np
import pytest

from keras_ae import InputError
from keras_ae.data import load

RNG = np.random.default_rng(0)


@pytest.fixture
def save(tmp_path):
    def save_arrays(**arrays):
        path = tmp_path / "images.npz"
        np.savez(path, **arrays)
        return f"npz:{path}"

    return save_arrays


def _everything(data):
    return np.concatenate([data.images(name) for name, size in data.sizes.items() if size])


def _values(save, array):
    """What becomes of the values of an array, and the notes."""
    data = load(save(x_train=array, x_test=array[:2]))
    return data.images("train"), data.notes


def test_official_splits_and_labels(save):
    x = RNG.integers(0, 256, (6, 4, 5, 3), np.uint8)
    data = load(save(x_train=x, y_train=np.arange(6), x_test=x[:2], y_test=np.array([[7], [8]])))
    assert data.sizes == {"train": 6, "validation": 0, "test": 2}
    assert data.image_shape == (4, 5, 3)
    np.testing.assert_array_equal(data.images("train"), x.astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(data.labels("train"), np.arange(6))
    np.testing.assert_array_equal(data.labels("test"), [7, 8])
    assert data.labels("train").dtype == np.int32
    assert data.label_names is None


@pytest.mark.parametrize(("x", "y"), [("x", "y"), ("x", "labels"), ("images", "labels"), ("images", "y")])
def test_one_array_is_divided_with_its_labels(save, x, y):
    images = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1) * np.ones((1, 4, 4, 1), np.uint8)
    data = load(save(**{x: images, y: np.arange(20)}), validation_fraction=0.25)
    assert data.sizes == {"train": 12, "validation": 4, "test": 4}
    for split in data.sizes:
        np.testing.assert_allclose(data.images(split)[:, 0, 0, 0] * 255, data.labels(split), atol=1e-4)


def test_gray_gets_a_channel_and_many_channels_are_kept(save):
    assert load(save(x=np.zeros((5, 6, 7), np.uint8))).image_shape == (6, 7, 1)
    assert load(save(x=np.zeros((5, 8, 8, 11), np.uint8))).image_shape == (8, 8, 11)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_first_is_recognised(save, channels):
    x = RNG.random((5, channels, 8, 9)).astype(np.float32)
    data = load(save(x_train=x, x_test=x))
    assert data.image_shape == (8, 9, channels)
    np.testing.assert_array_equal(data.images("train"), x.transpose(0, 2, 3, 1))
    assert "channels moved" in " ".join(data.notes)


@pytest.mark.parametrize("shape", [(5, 3, 32, 3), (5, 4, 4, 16), (5, 3, 3, 7)])
def test_channels_last_is_not_mistaken(save, shape):
    data = load(save(x=np.full(shape, 9, np.uint8)))
    assert data.image_shape == shape[1:]
    assert data.notes == ()


def test_uint16_and_bool(save):
    deep = RNG.integers(0, 65536, (5, 4, 4), np.uint16)
    values, notes = _values(save, deep)
    np.testing.assert_allclose(values[..., 0], deep / 65535, rtol=1e-6)
    assert notes == (f"uint16 values up to {deep.max()} taken as 0..65535",)
    mask = RNG.random((5, 4, 4)) > 0.5
    np.testing.assert_array_equal(_values(save, mask)[0][..., 0], mask)


@pytest.mark.parametrize("kind", [np.uint8, np.int64])
def test_integers_0_and_1_are_black_and_white(save, kind):
    mask = (RNG.random((5, 4, 4)) > 0.5).astype(kind)
    values, notes = _values(save, mask)
    np.testing.assert_array_equal(values[..., 0], mask)
    assert "black and white" in notes[0]


@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.int64])
def test_wider_integers_up_to_255(save, kind):
    x = np.linspace(0, 255, 80).reshape(5, 4, 4).astype(kind)
    values, notes = _values(save, x)
    np.testing.assert_allclose(values[..., 0], x / 255, rtol=1e-6)
    assert "0..255" in notes[0]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("low", "high", "note"), [(0, 1, None), (-1, 1, "[-1, 1] mapped"), (0, 255, "divided by 255")]
)
def test_floating_point_ranges(save, kind, low, high, note):
    x = np.linspace(low, high, 80).reshape(5, 4, 4).astype(kind)
    values, notes = _values(save, x)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values[..., 0], (x.astype(np.float64) - low) / (high - low), atol=1e-6)
    assert (note is None and notes == ()) or note in notes[0]


def test_one_rule_for_both_splits(save):
    """Training images that stay in [0, 1] by chance are scaled as the test images are."""
    dark, bright = np.full((3, 4, 4), 1.0), np.full((2, 4, 4), 255.0)
    data = load(save(x_train=dark, x_test=bright))
    np.testing.assert_allclose(data.images("train"), 1 / 255, rtol=1e-6)
    np.testing.assert_allclose(data.images("test"), 1)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.full((3, 4, 4), np.nan), "NaN or infinite"),
        (np.full((3, 4, 4), np.inf), "NaN or infinite"),
        (np.full((3, 4, 4), 1000.0), "from 1000 to 1000"),
        (np.linspace(-3, 2, 48).reshape(3, 4, 4), "from -3 to 2"),
        (np.full((3, 4, 4), -1), "from -1 to -1"),
        (np.full((3, 4, 4), 300), "from 300 to 300"),
        (np.full((3, 4, 4), "a"), "type <U1"),
        (np.zeros((3, 4, 4), complex), "type complex128"),
        (np.zeros((3, 4)), "shape 3 × 4"),
        (np.zeros((3, 4, 4, 1, 1)), "shape 3 × 4 × 4 × 1 × 1"),
        (np.zeros((0, 4, 4)), "shape 0 × 4 × 4"),
        (np.float32(3), "a single value"),
    ],
)
def test_unusable_images_are_refused(save, x, message):
    with pytest.raises(InputError, match=message):
        load(save(x=x))


def test_object_arrays_are_refused(save):
    with pytest.raises(InputError, match="array of objects"):
        load(save(x=np.array([np.zeros(2), np.zeros(3)], dtype=object)))


def test_missing_names_list_those_found(save):
    with pytest.raises(InputError, match=r"with pictures, x_train; expected.*x_test"):
        load(save(x_train=np.zeros((2, 4, 4)), pictures=np.zeros(2)))


def test_arrays_not_asked_for_are_not_read(save):
    unused = np.array([{}], dtype=object)
    assert load(save(x=np.zeros((5, 4, 4)), unused=unused)).sizes["train"] == 4


def test_unequal_types_and_shapes_are_refused(save):
    with pytest.raises(InputError, match="x_train and x_test"):
        load(save(x_train=np.zeros((2, 4, 4)), x_test=np.zeros((2, 5, 4))))
    with pytest.raises(InputError, match="arrays of one type"):
        load(save(x_train=np.zeros((2, 4, 4), np.uint8), x_test=np.zeros((2, 4, 4))))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.arange(4), "4 labels in y for 5 images"),
        (np.zeros((4, 3), int), "4 labels in y for 5 images"),
        (np.zeros((5, 3, 2), int), r"shape \[5, 3, 2\]"),
        (np.zeros(5), "float"),
    ],
)
def test_wrong_labels_are_refused(save, y, message):
    with pytest.raises(InputError, match=message):
        load(save(x=np.zeros((5, 4, 4)), y=y))


def test_several_labels_an_image(save):
    y = RNG.integers(0, 2, (5, 40))
    data = load(save(x=np.zeros((5, 4, 4)), y=y), test_fraction=0)
    np.testing.assert_array_equal(data.labels("train"), y)
    assert data.labels("train").dtype == np.int32
    assert data.label_names is None


def test_labels_of_one_split_only_are_left_out_and_said(save):
    data = load(save(x_train=np.zeros((5, 4, 4)), x_test=np.zeros((2, 4, 4)), y_train=np.arange(5)))
    assert "y_train left out" in data.notes[0]
    assert not data.has_labels
    with pytest.raises(InputError, match="has none"):
        data.labels("train")


@pytest.mark.parametrize("damage", ["text", "truncated", "npy", "empty", "pickle"])
def test_damaged_files_are_refused(tmp_path, save, damage):
    source = save(x=RNG.integers(0, 256, (50, 8, 8), np.uint8))
    path = tmp_path / "images.npz"
    if damage == "npy":
        np.save(tmp_path / "images.npy", np.zeros((5, 4, 4)))
        (tmp_path / "images.npy").rename(path)
    else:
        whole = path.read_bytes()
        contents = {"text": b"hello", "truncated": whole[: len(whole) // 2], "empty": b"", "pickle": b"\x80\x04N."}
        path.write_bytes(contents[damage])
    with pytest.raises(InputError, match=r"images\.npz"):
        load(source)


def test_a_corrupt_member_is_refused(tmp_path, save):
    source = save(x=RNG.integers(0, 256, (50, 8, 8), np.uint8))
    path = tmp_path / "images.npz"
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 255
    path.write_bytes(contents)
    with pytest.raises(InputError, match="damaged"):
        load(source)


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="is not there"):
        load(f"npz:{tmp_path}/none.npz")
    with pytest.raises(InputError, match=f"folder:{tmp_path}"):
        load(f"npz:{tmp_path}")


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_arrays_are_resized_and_cropped(save, kind):
    x = np.zeros((4, 10, 30, 5), np.float32)
    x[:, :, 10:20] = 1
    x = (x * 255).astype(np.uint8) if kind == np.uint8 else x
    data = load(save(x_train=x, x_test=x), image_size=6, resize="crop")
    images = data.images("train")
    assert images.shape == (4, 6, 6, 5)
    assert images.min() >= 0
    assert images.max() <= 1
    assert (images[:, :, 1:-1] > 0.97).all()


def test_channels_of_arrays_are_converted(save):
    colour = RNG.integers(0, 256, (5, 4, 4, 3), np.uint8)
    gray = _everything(load(save(x=colour), channels=1, test_fraction=0))
    np.testing.assert_allclose(gray[..., 0] * 255, colour @ [0.299, 0.587, 0.114], atol=0.51)
    tripled = load(save(x=colour[..., 0]), channels=3, test_fraction=0).images("train")
    np.testing.assert_array_equal(tripled, np.repeat(tripled[..., :1], 3, axis=-1))
    clear = np.zeros((5, 4, 4, 4), np.float32)
    assert (load(save(x=clear), channels=3).images("train") == 1).all()
    with pytest.raises(InputError, match="images of 5 channels"):
        load(save(x=np.zeros((5, 8, 8, 5))), channels=3)

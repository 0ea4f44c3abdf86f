"""Data sets through TensorFlow Datasets: its own builders on small official files, and its mocked data."""

import struct
from unittest import mock

import numpy as np
import pytest

from keras_ae import InputError
from keras_ae.data import load
from keras_ae.data.datasets import celeb_a
from keras_ae.data.datasets.tensorflow_datasets import stored_order

tfds = pytest.importorskip("tensorflow_datasets")
pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def _offline(monkeypatch, tmp_path):
    """No connection is asked for, and nothing is cached outside of the test's folder."""
    monkeypatch.setattr("keras_ae.data.datasets.tensorflow_datasets._check_connection", lambda host: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _prepare(name, data_dir, downloads, archive=()):
    """Has the real builder prepare `downloads` (what its download manager gives), in four files a split."""
    builder = tfds.builder(name, data_dir=str(data_dir))
    manager = tfds.download.DownloadManager
    with (
        mock.patch.object(manager, "download", return_value=downloads),
        mock.patch.object(manager, "download_and_extract", return_value=downloads),
        mock.patch.object(manager, "iter_archive", return_value=archive),
    ):
        builder.download_and_prepare(download_config=tfds.download.DownloadConfig(num_shards=4))
    return builder


def test_stl10_is_put_back_into_order(tmp_path):
    home = tmp_path / "files" / "stl10_binary"
    home.mkdir(parents=True)
    counts = {"train": 40, "test": 30, "unlabeled": 20}
    for part, count in counts.items():
        images = np.arange(count, dtype=np.uint8)[:, None] * np.ones((1, 27648), np.uint8)
        images.tofile(home / f"{part}_X.bin")
        (np.arange(count, dtype=np.uint8) % 10 + 1).tofile(home / f"{part}_y.bin")
    (home / "class_names.txt").write_text("\n".join("abcdefghij") + "\n")
    builder = _prepare("stl10", tmp_path, str(home.parent))
    stored = [int(example["image"][0, 0, 0]) for example in tfds.as_numpy(builder.as_dataset(split="train"))]
    assert stored != sorted(stored)  # or this test would show nothing

    data = load("stl10", data_dir=tmp_path, validation="unlabelled[-5:]")
    for split, numbers in (("train", range(40)), ("test", range(30)), ("validation", range(15, 20))):
        np.testing.assert_allclose(data.images(split)[:, 5, 5, 2] * 255, numbers, atol=1e-3)
    np.testing.assert_array_equal(data.labels("train"), np.arange(40) % 10)
    np.testing.assert_array_equal(data.labels("test"), np.arange(30) % 10)
    with pytest.raises(InputError, match="has none"):
        data.labels("validation")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_mnist_is_put_back_into_order(tmp_path, monkeypatch, name):
    from tensorflow_datasets.image_classification import mnist

    counts = {"train": 50, "test": 30}
    monkeypatch.setattr(mnist, "_TRAIN_EXAMPLES", counts["train"])
    monkeypatch.setattr(mnist, "_TEST_EXAMPLES", counts["test"])
    downloads = {}
    for part, count in counts.items():
        numbers = np.arange(count, dtype=np.uint8)
        images, labels = tmp_path / f"{part}-images", tmp_path / f"{part}-labels"
        images.write_bytes(struct.pack(">4i", 2051, count, 28, 28) + np.repeat(numbers, 784).tobytes())
        labels.write_bytes(struct.pack(">2i", 2049, count) + (numbers % 10).tobytes())
        downloads |= {f"{part}_data": str(images), f"{part}_labels": str(labels)}
    _prepare(name, tmp_path, downloads)
    data = load(name, data_dir=tmp_path, train="train[:-10]", validation="train[-10:]")
    for split, numbers in (("train", range(40)), ("validation", range(40, 50)), ("test", range(30))):
        np.testing.assert_allclose(data.images(split)[:, 5, 5, 0] * 255, numbers, atol=1e-3)
        np.testing.assert_array_equal(data.labels(split), np.array(numbers) % 10)


def test_cifar10_is_put_back_into_order(tmp_path):
    home = tmp_path / "files" / "cifar-10-batches-bin"
    home.mkdir(parents=True)
    (home / "batches.meta.txt").write_text("\n".join("abcdefghij") + "\n")
    for i, name in enumerate([*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]):
        numbers = np.arange(8, dtype=np.uint8) + 8 * (i % 5)
        rows = [bytes([number % 10]) + bytes([number]) * 3072 for number in numbers]
        (home / name).write_bytes(b"".join(rows))
    _prepare("cifar10", tmp_path, str(home.parent))
    data = load("cifar10", data_dir=tmp_path)
    for split, count in (("train", 40), ("test", 8)):
        np.testing.assert_allclose(data.images(split)[:, 5, 5, 0] * 255, np.arange(count), atol=1e-3)
        np.testing.assert_array_equal(data.labels(split), np.arange(count) % 10)


def test_celeb_a_is_put_back_into_order(tmp_path, write, monkeypatch):
    """Unpacked once into files; 20, 6 and 4 images of the three official parts."""
    first = {"train": 1, "validation": 21, "test": 27}
    monkeypatch.setattr(celeb_a, "FIRST", first)
    monkeypatch.setattr(celeb_a, "COUNT", 30)
    names = [f"{number:06}.jpg" for number in range(1, 31)]
    archive = []
    for number, name in enumerate(names, 1):
        path = write(f"raw/{name}", np.full((218, 178, 3), 8 * number, np.uint8))
        archive.append((f"img_align_celeba/{name}", path.open("rb")))
    rows = {name: [1 if i == number % 40 else -1 for i in range(40)] for number, name in enumerate(names, 1)}
    places = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")
    marks = " ".join(f"{place}_{axis}" for place in places for axis in "xy")
    tables = {
        "list_eval_partition": [f"{name} {(i >= 20) + (i >= 26)}" for i, name in enumerate(names)],
        "list_attr_celeba": ["30", " ".join(celeb_a.ATTRIBUTES), *_lines(rows)],
        "landmarks_celeba": ["30", marks, *_lines(dict.fromkeys(names, range(10)))],
        "identity_celeba": _lines(dict.fromkeys(names, (7,))),
    }
    downloads = {"img_align_celeba": ""}
    for table, lines in tables.items():
        downloads[table] = str(tmp_path / f"{table}.downloaded")
        (tmp_path / f"{table}.downloaded").write_text("\n".join(lines) + "\n")
    _prepare("celeb_a", tmp_path, downloads, archive)

    for _ in range(2):  # prepared by TensorFlow Datasets, then as unpacked
        data = load("celeb_a", data_dir=tmp_path, validation="validation", image_size=16)
        for split, numbers in (("train", range(1, 21)), ("validation", range(21, 27)), ("test", range(27, 31))):
            np.testing.assert_allclose(data.images(split).mean((1, 2, 3)) * 255, 8 * np.array(numbers), atol=1)
            np.testing.assert_array_equal(data.labels(split), np.eye(40, dtype=int)[list(numbers)])
        monkeypatch.setattr(tfds, "builder", lambda *_, **__: pytest.fail("read again"))
    unpacked = (tmp_path / "celeb_a" / "img_align_celeba" / "000007.jpg").read_bytes()
    assert unpacked == (tmp_path / "raw" / "000007.jpg").read_bytes()


def _lines(rows):
    return [" ".join([name, *map(str, row)]) for name, row in rows.items()]


def test_an_interrupted_unpacking_starts_again(tmp_path):
    partial = tmp_path / "celeb_a" / ".img_align_celeba.keras-ae-unfinished-x"
    partial.mkdir(parents=True)
    (partial / "rubbish.jpg").touch()
    with tfds.testing.mock_data(num_examples=3):
        data = load("celeb_a", data_dir=tmp_path, image_size=16, test_fraction=0)
    assert data.sizes["train"] == 9
    assert not partial.exists()
    assert not (tmp_path / "celeb_a" / "img_align_celeba" / "rubbish.jpg").exists()


def test_a_full_disk_is_said(tmp_path):
    def full(self, contents):
        raise OSError(28, "No space left on device")

    with (
        tfds.testing.mock_data(num_examples=3),
        mock.patch("pathlib.Path.write_bytes", full),
        pytest.raises(InputError, match=r"no space left on device.*1\.4 GB"),
    ):
        load("celeb_a", data_dir=tmp_path)
    assert not list((tmp_path / "celeb_a").iterdir())  # no half table either


@pytest.mark.parametrize(
    ("name", "shape", "labels"),
    [
        ("mnist", (28, 28, 1), (7,)),
        ("fashion_mnist", (28, 28, 1), (7,)),
        ("cifar10", (32, 32, 3), (7,)),
        ("stl10", (96, 96, 3), (7,)),
    ],
)
def test_mocked_data(tmp_path, name, shape, labels):
    with tfds.testing.mock_data(num_examples=7):
        data = load(name, data_dir=tmp_path, validation_fraction=0.3)
    assert data.image_shape == shape
    assert data.sizes == {"train": 5, "validation": 2, "test": 7}
    assert len(data.label_names) == 10
    assert data.labels("test").shape == labels


@pytest.mark.parametrize("given", [True, False])
def test_mocked_celeb_a_is_unpacked(tmp_path, given):
    """Into the data directory if there is one, else into the user's cache."""
    with tfds.testing.mock_data(num_examples=4):
        data = load("celeb_a", data_dir=tmp_path if given else None, test_fraction=0.25, crop=140, image_size=64)
    assert data.image_shape == (64, 64, 3)
    assert data.sizes == {"train": 9, "validation": 0, "test": 3}
    assert data.labels("train").shape == (9, 40)
    home = tmp_path if given else tmp_path / "cache" / "keras_ae"
    files = sorted(path.name for path in (home / "celeb_a" / "img_align_celeba").iterdir())
    assert files[3:5] == ["000004.jpg", "162771.jpg"]


def test_the_stored_order_is_a_permutation_that_depends_on_the_split():
    orders = [tuple(stored_order(range(100), split)) for split in ("train", "test")]
    assert all(sorted(order) == list(range(100)) for order in orders)
    assert orders[0] != orders[1]


@pytest.mark.parametrize("error", [OSError("no route"), tfds.download.DownloadError("404")])
def test_a_failed_download_says_what_to_do(tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(InputError, match=r"'celeb_a'.*put the official folder img_align_celeba/ and list_attr"):
        load("celeb_a", data_dir=tmp_path)

"""The sources by name, and the arguments of `load`."""

import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from keras_ae import InputError
from keras_ae.data import ImageData, load, sources
from keras_ae.data.collection import ALL
from keras_ae.data.datasets import named

DATA_DIR = os.environ.get("KERAS_AE_DATA")


def _small_mnist(path):
    x = np.random.default_rng(0).integers(0, 256, (12, 28, 28), np.uint8)
    np.savez(path, x_train=x[:8], y_train=np.arange(8), x_test=x[8:], y_test=np.arange(4))


def test_digits():
    data = load("digits", validation_fraction=0.1)
    assert data.image_shape == (8, 8, 1)
    assert data.sizes == {"train": 1294, "validation": 144, "test": 359}
    images = data.images("train")
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0, 1)
    assert data.value_range == (0.0, 1.0)
    assert data.label_names == tuple("0123456789")
    assert set(data.labels("test")) == set(range(10))
    assert repr(data) == "<ImageData 'digits': 8 × 8 × 1; train 1294, validation 144, test 359>"


@pytest.mark.parametrize("is_found", [True, False])
def test_digits_are_those_of_scikit_learn_wherever_its_file_is(monkeypatch, is_found):
    if not is_found:
        monkeypatch.setattr(named, "find_spec", lambda name: None)
    digits, part = load_digits(), named.open_digits().parts[ALL]
    assert np.array_equal(part.images, np.float32(digits.images[..., None] / 16))
    assert np.array_equal(part.labels, digits.target)
    assert (part.images.dtype, part.labels.dtype) == (np.float32, np.int32)


@pytest.mark.parametrize("variable", [False, True])
def test_a_named_set_from_an_npz(tmp_path, monkeypatch, variable):
    _small_mnist(tmp_path / "mnist.npz")
    if variable:
        monkeypatch.setenv("KERAS_AE_DATA", str(tmp_path))
    data = load("mnist", data_dir=None if variable else tmp_path)
    assert data.sizes == {"train": 8, "validation": 0, "test": 4}
    assert data.label_names == tuple("0123456789")
    assert str(tmp_path) in data.notes[-1]


def test_the_argument_wins_over_the_environment(tmp_path, monkeypatch):
    _small_mnist(tmp_path / "mnist.npz")
    monkeypatch.setenv("KERAS_AE_DATA", str(tmp_path / "missing"))
    assert load("mnist", data_dir=tmp_path).sizes["train"] == 8
    with pytest.raises(InputError, match="missing' from the environment variable KERAS_AE_DATA"):
        load("mnist")


def test_a_named_set_from_a_folder(write, tmp_path):
    for split in ("train", "test"):
        for name in ("airplane", "bird"):
            write(f"cifar10/{split}/{name}/1.png")
    data = load("cifar10", data_dir=tmp_path)
    assert data.sizes == {"train": 2, "validation": 0, "test": 2}
    assert data.label_names == ("airplane", "bird")


def test_a_stretch_of_a_named_set_in_class_folders_is_a_random_draw(write, tmp_path):
    for split, count in (("train", 20), ("test", 4)):
        for label, name in enumerate(("airplane", "bird")):
            for i in range(count):
                write(f"cifar10/{split}/{name}/{i}.png", np.full((2, 2, 3), 100 * label + i, np.uint8))
    whole = load("cifar10", data_dir=tmp_path)
    first = load("cifar10", data_dir=tmp_path, seed=1, train="train[:20]")
    assert 5 <= np.sum(first.labels("train")) <= 15
    assert np.array_equal(first.images("train"), whole.images("train")[:20])  # whatever the seed of the run
    for split in ("train", "test"):
        values = np.round(whole.images(split)[:, 0, 0, 0] * 255)
        assert np.array_equal(values >= 100, whole.labels(split) == 1)
        assert len(np.unique(values)) == len(values)
    assert any("official order" in note for note in whole.notes)


def test_without_a_connection_it_says_what_to_do(tmp_path, monkeypatch):
    pytest.importorskip("tensorflow_datasets")

    def no_connection(*_, **__):
        raise OSError("no route")

    monkeypatch.setattr("urllib.request.urlopen", no_connection)
    (tmp_path / "mnist").mkdir()  # as TensorFlow Datasets leaves it
    with pytest.raises(InputError, match=r"put mnist\.npz there and pass --data-dir"):
        load("mnist", data_dir=tmp_path)


@pytest.mark.tensorflow
def test_tensorflow_datasets(tmp_path, monkeypatch):
    tfds = pytest.importorskip("tensorflow_datasets")
    monkeypatch.setattr("keras_ae.data.datasets.tensorflow_datasets._check_connection", lambda host: None)
    with tfds.testing.mock_data(num_examples=7):
        for name, shape in (("mnist", (28, 28, 1)), ("cifar10", (32, 32, 3)), ("fashion_mnist", (28, 28, 1))):
            data = load(name, data_dir=tmp_path, validation_fraction=0.3)
            assert data.image_shape == shape
            assert data.sizes == {"train": 5, "validation": 2, "test": 7}
            assert len(data.label_names) == 10
            assert data.labels("test").shape == (7,)


@pytest.mark.skipif(not DATA_DIR, reason="KERAS_AE_DATA is not set")
def test_official_mnist():
    data = load("mnist", data_dir=DATA_DIR)
    assert data.image_shape == (28, 28, 1)
    assert data.sizes == {"train": 60000, "validation": 0, "test": 10000}
    np.testing.assert_array_equal(data.labels("train")[:5], [5, 0, 4, 1, 9])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("mnits", "did you mean 'mnist'"),
        ("folders:x", "folder:PATH"),
        ("", "one of celeb_a, cifar10, digits"),
        ("folder:", "a path after folder:"),
        ("npz:", "a path after npz:"),
    ],
)
def test_unknown_sources_suggest_known_ones(source, message):
    with pytest.raises(InputError, match=message):
        load(source)


def test_a_plain_path_suggests_the_prefix(tmp_path):
    with pytest.raises(InputError, match=f"write folder:{tmp_path}"):
        load(tmp_path)
    (tmp_path / "x.npz").touch()
    (tmp_path / "photos.zip").touch()
    with pytest.raises(InputError, match="unpack it, and give the folder as folder:PATH"):
        load(tmp_path / "photos.zip")
    with pytest.raises(InputError, match=f"write npz:{tmp_path}/x.npz"):
        load(f"{tmp_path}/x.npz")


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 1},
        {"limit": 2.5},
        {"limit": True},
        {"batch_size": 0},
        {"seed": -1},
        {"validation_fraction": 1},
        {"validation_fraction": -0.1},
        {"test_fraction": float("nan")},
        {"test_fraction": "0.1"},
        {"image_size": 0},
        {"image_size": (8,)},
        {"image_size": "88"},
        {"image_size": (8, 8.5)},
        {"channels": 2},
        {"cache": "always"},
    ],
)
def test_arguments_out_of_range_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        load("digits", **options)


def test_numpy_integers_are_whole_numbers():
    data = load("digits", limit=np.int64(20), batch_size=np.int32(4), image_size=(np.int64(4), 4))
    assert data.sizes["train"] == 20
    assert data.image_shape == (4, 4, 1)


def test_sources_say_where_images_would_come_from(tmp_path):
    _small_mnist(tmp_path / "mnist.npz")
    found = {source.name: source.origin for source in sources(tmp_path)}
    assert list(found)[:4] == ["digits", "mnist", "fashion_mnist", "cifar10"]
    own = ["folder:PATH", "mvtec:PATH", "visa:PATH", "manifest:PATH", "shards:PATH", "npz:PATH"]
    assert list(found)[4:] == ["stl10", "celeb_a", "pokemon", "dsprites", *own]
    assert found["mnist"] == str(tmp_path / "mnist.npz")
    assert "TensorFlow Datasets" in found["cifar10"]
    assert found["pokemon"].startswith("not here: put a folder pokemon/")
    assert "rendered" in found["dsprites"]


def test_fingerprints_tell_data_apart(tmp_path):
    def fingerprint(**arrays):
        np.savez(tmp_path / "x.npz", **arrays)
        return load(f"npz:{tmp_path}/x.npz").fingerprint()

    x = np.arange(160, dtype=np.uint8).reshape(10, 4, 4)
    changed = x.copy()
    changed[3, 2, 1] += 1
    y = np.arange(10)
    prints = [fingerprint(x=x), fingerprint(x=changed), fingerprint(x=x, y=y), fingerprint(x=x, y=y[::-1])]
    prints.append(fingerprint(x=x.reshape(10, 2, 8)))
    assert len(set(prints)) == len(prints)
    assert fingerprint(x=x) == prints[0]
    assert all(len(each) == 64 for each in prints)


def test_refusing_needs_neither_tensorflow_nor_keras():
    script = (
        "import sys, keras_ae.data as data\n"
        "try: data.load('mnits')\n"
        "except data.loading.InputError: pass\n"
        "data.load('digits').images('train', 2)\n"
        "assert not {'tensorflow', 'keras', 'tensorflow_datasets'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_splits_by_name():
    data = load("digits", test_fraction=0)
    assert isinstance(data, ImageData)
    assert data.validation is None
    assert data.test is None
    with pytest.raises(InputError, match="did you mean 'train'"):
        data.images("trian")
    with pytest.raises(InputError, match="which is empty"):
        data.labels("test")
    assert data.images("train", 3).shape == (3, 8, 8, 1)
    np.testing.assert_array_equal(data.images("train", 3), data.images("train")[:3])
    assert data.images("train", 10**6).shape[0] == 1797

"""STL-10, CelebA and Pokemon from small files in their official formats."""

import numpy as np
import pytest

from keras_ae import InputError
from keras_ae.data import load, sources
from keras_ae.data.datasets import celeb_a

RNG = np.random.default_rng(0)


@pytest.fixture
def stl10(tmp_path):
    """The official binary files of 6, 4 and 5 images; gives the pixels, [n, 96, 96, 3], by file name."""
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    images = {}
    for part, count in (("train", 6), ("test", 4), ("unlabeled", 5)):
        images[part] = RNG.integers(0, 256, (count, 96, 96, 3), np.uint8)
        with (folder / f"{part}_X.bin").open("wb") as file:
            for image in images[part]:
                for channel in range(3):
                    for column in range(96):
                        file.write(image[:, column, channel].tobytes())
    (folder / "train_y.bin").write_bytes(bytes([1, 10, 2, 3, 4, 5]))
    (folder / "test_y.bin").write_bytes(bytes([9, 8, 7, 1]))
    return images


def test_stl10(stl10, tmp_path):
    data = load("stl10", data_dir=tmp_path)
    assert data.sizes == {"train": 6, "validation": 0, "test": 4}
    for part in ("train", "test"):
        np.testing.assert_array_equal(data.images(part), stl10[part] / np.float32(255))
    np.testing.assert_array_equal(data.labels("train"), [0, 9, 1, 2, 3, 4])
    assert data.label_names[9] == "truck"


def test_stl10_unlabelled(stl10, tmp_path):
    options = {"train": "unlabelled[:3]", "test": "unlabelled[-2:]", "data_dir": tmp_path}
    data = load("stl10", **options)
    np.testing.assert_array_equal(data.images("train"), stl10["unlabeled"][:3] / np.float32(255))
    np.testing.assert_array_equal(data.images("test"), stl10["unlabeled"][3:] / np.float32(255))
    assert not data.has_labels
    probe = load("stl10", **{**options, "test": "test"})
    assert not probe.has_labels
    np.testing.assert_array_equal(probe.labels("test"), [8, 7, 6, 0])
    assert probe.label_names[8] == "ship"


@pytest.mark.tensorflow
def test_mapped_files_are_streamed(stl10, tmp_path):
    data = load("stl10", data_dir=tmp_path, batch_size=4)
    assert isinstance(data._splits["train"].images.array, np.memmap)
    first, second = data.pipeline("train", shuffle=False, labels=True)
    assert first[0].shape == (4, 96, 96, 3)
    np.testing.assert_allclose(np.concatenate([first[0], second[0]]), data.images("train"), rtol=1e-6)
    assert "_table" not in vars(data._splits["train"].images)  # no copy in TensorFlow's memory


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("train_X.bin", b"1" * 27647, "of 27647 bytes; expected a multiple of 27648"),
        ("test_X.bin", b"", "of 0 bytes"),
        ("train_y.bin", b"\1\2", "with 2 labels for 6 images"),
        ("test_y.bin", b"\0\1\2\3", "a label from 1 to 10"),
        ("test_y.bin", None, "which cannot be read"),
    ],
)
def test_damaged_stl10_is_refused(stl10, tmp_path, name, contents, message):
    path = tmp_path / "stl10_binary" / name
    path.unlink()
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(InputError, match=message):
        load("stl10", data_dir=tmp_path)


def _celeb_a(write, home, kind, count=12):
    """Image i filled with i; attribute (i mod 40) is present, in files written last to first."""
    header, rows = " ".join(celeb_a.ATTRIBUTES), []
    for number in range(count, 0, -1):
        write(f"{home}/{number:06}.jpg", np.full((218, 178, 3), number, np.uint8), quality=100)
        row = [1 if i == number % 40 else -1 for i in range(40)]
        rows.append((f"{number:06}.jpg", *row))
    if kind == "txt":
        return "\n".join([str(count), header, *("  ".join(map(str, row)) for row in rows)]) + "\n"
    return "\n".join([f"image_id {header}".replace(" ", ","), *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.mark.parametrize(
    ("home", "table"),
    [
        ("img_align_celeba", "list_attr_celeba.txt"),
        ("celeb_a/img_align_celeba/img_align_celeba", "celeb_a/list_attr_celeba.csv"),
        ("CelebA/Img/img_align_celeba", "CelebA/Anno/list_attr_celeba.txt"),
    ],
)
@pytest.mark.parametrize("cache", [True, False])
def test_celeb_a(write, tmp_path, home, table, cache):
    contents = _celeb_a(write, home, table[-3:])
    (tmp_path / table).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / table).write_text(contents)
    options = {"pad": (0, 7), "crop": 192, "image_size": 96, "cache": cache}
    data = load("celeb_a", data_dir=tmp_path, train="all[:8]", test="all[-3:]", **options)
    assert data.image_shape == (96, 96, 3)
    assert data.sizes == {"train": 8, "validation": 0, "test": 3}
    for split, numbers in (("train", range(1, 9)), ("test", range(10, 13))):
        np.testing.assert_allclose(data.images(split).mean((1, 2, 3)) * 255, numbers, atol=1)
        np.testing.assert_array_equal(data.labels(split), np.eye(40, dtype=int)[list(numbers)])
    assert data.labels("train").dtype == np.int32
    assert data.label_names == celeb_a.ATTRIBUTES
    assert "12 of the 202599 images: no official parts" in data.notes


def test_celeb_a_has_its_official_parts_when_whole(write, tmp_path, monkeypatch):
    monkeypatch.setattr(celeb_a, "COUNT", 12)
    monkeypatch.setattr(celeb_a, "FIRST", {"train": 1, "validation": 8, "test": 11})
    _celeb_a(write, "img_align_celeba", "txt")
    data = load("celeb_a", data_dir=tmp_path, validation="validation", image_size=8)
    assert data.sizes == {"train": 7, "validation": 3, "test": 2}
    np.testing.assert_allclose(data.images("validation").mean((1, 2, 3)) * 255, [8, 9, 10], atol=1)
    assert any("no labels" in note for note in data.notes)
    assert data.label_names is None


@pytest.mark.parametrize("damage", ["a missing image", "a missing column", "values", "no table"])
def test_damaged_attributes_are_refused(write, tmp_path, damage):
    contents = _celeb_a(write, "img_align_celeba", "csv")
    changed = {
        "a missing image": contents.replace("000003.jpg", "000099.jpg"),
        "a missing column": contents.replace("Bald", "Hairless"),
        "values": contents.replace("-1", "-7", 1),
        "no table": "",
    }
    (tmp_path / "list_attr_celeba.csv").write_text(changed[damage])
    with pytest.raises(InputError, match="the 40 attributes of every image"):
        load("celeb_a", data_dir=tmp_path)


def _pokemon(write, tmp_path, names, types):
    for name in names:
        rgba = np.zeros((16, 16, 4), np.uint8)
        rgba[4:, :, 3] = 255  # the top is transparent
        rgba[..., 0] = int(name.partition("-")[0]) % 256
        write(f"pokemon/{name}.png", rgba)
    rows = [f'"{number}",{first},{second},x' for number, (first, second) in types.items()]
    (tmp_path / "pokemon" / "pokemon.csv").write_text("\n".join(["pokedex_number,type1,type2,name", *rows]) + "\n")


def test_pokemon_in_number_order(write, tmp_path):
    types = {
        number: ("Grass" if number % 2 else "water", "poison" if number < 4 else "") for number in range(1, 12)
    }
    _pokemon(write, tmp_path, ["10", "002", "1", "6-mega-x", "9", "11", "99", "3"], types)
    data = load("pokemon", data_dir=tmp_path, image_size=8)
    assert data.sizes == {"train": 4, "validation": 0, "test": 2}
    assert data.image_shape == (8, 8, 3)
    for split, numbers in (("train", [1, 2, 3, 9]), ("test", [10, 11])):
        images = np.round(data.images(split) * 255)
        np.testing.assert_array_equal(images[:, -1, 0, 0], numbers)
        assert (images[:, 0] == 255).all()
    names = np.array(data.label_names)
    assert [list(names[row > 0]) for row in data.labels("train")] == [
        ["grass", "poison"],
        ["poison", "water"],
        ["grass", "poison"],
        ["grass"],
    ]
    assert data.labels("train").shape == (4, 18)
    assert "left out: 1 pictures whose name is not just a number" in data.notes
    assert "left out: 1 pictures whose number has no types in the csv" in data.notes


def test_all_of_pokemon_is_divided_as_in_the_paper(write, tmp_path):
    _pokemon(write, tmp_path, [str(n) for n in range(1, 794)], {n: ("fire", "") for n in range(1, 802)})
    assert load("pokemon", data_dir=tmp_path, image_size=4).sizes == {"train": 634, "validation": 0, "test": 159}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "0 csv files"),
        ("number,type1,type2\n1,fire,\n", "without them"),
        ("pokedex_number,type1,type2\none,fire,\n", "without them"),
        ("pokedex_number,type1,type2\n1,plasma,\n", "the type 'plasma' of number 1"),
        ("pokedex_number,type1,type2\n1,fire,\n", "1 usable pictures"),
    ],
)
def test_damaged_pokemon_is_refused(write, tmp_path, table, message):
    _pokemon(write, tmp_path, ["1"], {})
    (tmp_path / "pokemon" / "pokemon.csv").unlink()
    if table is not None:
        (tmp_path / "pokemon" / "types.csv").write_text(table)
    with pytest.raises(InputError, match=message):
        load("pokemon", data_dir=tmp_path)


def test_two_pictures_of_one_number_are_refused(write, tmp_path):
    _pokemon(write, tmp_path, ["1", "01", "2"], {1: ("fire", ""), 2: ("fire", "")})
    with pytest.raises(InputError, match=r"01\.png' and '1\.png'.*one picture a number"):
        load("pokemon", data_dir=tmp_path)


def test_pokemon_elsewhere_says_what_to_put_where():
    with pytest.raises(InputError, match=r"cannot be downloaded.*put a folder pokemon/ with pictures.*--data-dir"):
        load("pokemon")


def test_sources_find_official_files(stl10, tmp_path):
    found = {source.name: source.origin for source in sources(tmp_path)}
    assert found["stl10"] == str(tmp_path / "stl10_binary")
    assert found["celeb_a"].startswith("TensorFlow Datasets")


@pytest.mark.tensorflow
def test_unlabelled_stl10_accompanies_its_labels(stl10, tmp_path):
    data = load("stl10", data_dir=tmp_path, batch_size=4)
    data = data.semi_supervised(unlabelled=load("stl10", train="unlabelled", data_dir=tmp_path))
    assert data.labels("train").tolist() == [0, 9, 1, 2, 3, 4, *[-1] * 5]
    images, labels = next(iter(data.pipeline("train", labels=True)))
    for image, label in zip(images.numpy(), labels.numpy(), strict=True):
        among = stl10["unlabeled"] if label < 0 else stl10["train"][[data.labels("train").tolist().index(label)]]
        assert (abs(among / np.float32(255) - image).max((1, 2, 3)) < 1e-6).any()

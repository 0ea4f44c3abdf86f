"""Images with masks, kinds and groups, as MVTec AD, VisA, folders and manifests have them."""

import numpy as np
import pytest
from PIL import Image

from keras_ae import InputError
from keras_ae.data import load
from keras_ae.data.datasets.mvtec import open_mvtec
from keras_ae.data.datasets.visa import open_visa

RNG = np.random.default_rng(0)


def _image(path, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, size, np.uint8)).save(path)


def _mask(path, *pixels, size=(8, 8), value=255):
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros(size, np.uint8)
    for pixel in pixels:
        mask[pixel] = value
    Image.fromarray(mask).save(path)


def _load(source, **options):
    return load(source, progress=False, **options)


def _where(data, split):
    """The names of the masked images of a split, and the pixels of each."""
    masks = data.masks(split)
    return {
        file.name: [tuple(pixel) for pixel in np.argwhere(mask).tolist()]
        for file, mask, has in zip(data.files(split), masks, data.has_mask(split), strict=True)
        if has
    }


@pytest.fixture
def bottle(tmp_path):
    root = tmp_path / "mvtec" / "bottle"
    for number in range(4):
        _image(root / f"train/good/{number:03}.png")
    _image(root / "test/good/000.png")
    for kind, pixel in (("crack", (1, 2)), ("hole", (5, 6))):
        _image(root / f"test/{kind}/000.png")
        _mask(root / f"ground_truth/{kind}/000_mask.png", pixel)
    return root


@pytest.mark.parametrize("form", ["mvtec", "folder"])
def test_a_product_of_mvtec_ad(bottle, form):
    data = _load(f"{form}:{bottle}")
    assert data.sizes == {"train": 4, "validation": 0, "test": 3}
    assert data.label_names == ("crack", "good", "hole")
    assert data.labels("train").tolist() == [1, 1, 1, 1]
    assert data.labels("test").tolist() == [0, 1, 2]  # in the order of their paths
    assert data.has_mask("test").tolist() == [True, False, True]
    assert np.argwhere(data.masks("test")).tolist() == [[0, 1, 2], [2, 5, 6]]
    assert not data.masks("train").any()
    assert not data.test_is_drawn


def test_what_a_product_of_mvtec_ad_lacks_is_said(bottle):
    (bottle / "ground_truth/hole/000_mask.png").rename(bottle / "ground_truth/hole/007_mask.png")
    notes = open_mvtec(bottle).notes
    assert "1 of 2 defective images have no mask (such as 'test/hole/000.png')" in notes
    assert "1 masks belong to no image in test/ (such as 'ground_truth/hole/007_mask.png')" in notes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: root.parent, r"without train/ and test/.*; name one product, such as mvtec:.*bottle"),
        (lambda root: root / "train", r"without train/ and test/.*folder:PATH takes other layouts"),
        (lambda root: root / "nowhere", "which is not there"),
        (lambda root: _image(root / "train/bad/1.png") or root, "with train/bad, train/good"),
        (lambda root: [file.unlink() for file in root.glob("train/good/*")] and root, "which has no images"),
        (lambda root: root / "test/good/000.png", "expected a folder of images"),
    ],
    ids=["several products", "another layout", "absent", "bad images to train on", "empty", "a file"],
)
def test_odd_folders_are_no_product_of_mvtec_ad(bottle, change, message):
    with pytest.raises(InputError, match=message):
        open_mvtec(change(bottle))


@pytest.fixture
def visa(tmp_path):
    root = tmp_path / "VisA"
    lines = ["object,split,label,image,mask"]
    for number in range(3):
        _image(root / f"candle/Data/Images/Normal/{number}.JPG")
        split = "test" if number == 2 else "train"
        lines.append(f"candle,{split},normal,candle/Data/Images/Normal/{number}.JPG,")
    for number in range(3):
        _image(root / f"candle/Data/Images/Anomaly/{number}.JPG")
        _mask(root / f"candle/Data/Masks/Anomaly/{number}.png", (number, 0), value=number + 1)  # numbers of kinds
        lines.append(
            f"candle,test,anomaly,candle/Data/Images/Anomaly/{number}.JPG,candle/Data/Masks/Anomaly/{number}.png"
        )
    lines.append("fryum,train,normal,fryum/Data/Images/Normal/0.JPG,")
    (root / "split_csv").mkdir()
    (root / "split_csv/1cls.csv").write_text("\n".join(lines) + "\n")
    return root


def test_a_product_of_visa(visa):
    data = _load(f"visa:{visa}/candle")
    assert data.sizes == {"train": 2, "validation": 0, "test": 4}
    assert [data.label_names[label] for label in data.labels("test")] == ["normal", *3 * ["anomaly"]]
    assert _where(data, "test") == {"0.JPG": [(0, 0)], "1.JPG": [(1, 0)], "2.JPG": [(2, 0)]}


def test_a_product_of_visa_tells_kinds(visa):
    kinds = ["image,label,mask", *(f"candle/Data/Images/Normal/{n}.JPG,normal," for n in range(3))]
    for number, kind in enumerate(("melt", "melt", '"melt,scratch"')):
        kinds.append(f"candle/Data/Images/Anomaly/{number}.JPG,{kind},candle/Data/Masks/Anomaly/{number}.png")
    (visa / "candle/image_anno.csv").write_text("\n".join(kinds))
    data = _load(f"visa:{visa}/candle")
    assert [data.label_names[label] for label in data.labels("test")] == ["normal", "melt", "melt", "combined"]


def test_odd_folders_are_no_product_of_visa(visa):
    with pytest.raises(InputError, match=r"of all products; .*; name one, such as visa:.*candle"):
        open_visa(visa)
    with pytest.raises(InputError, match="has no row of 'split_csv'"):
        open_visa(visa / "split_csv")
    (visa / "candle/Data/Masks/Anomaly/1.png").unlink()
    with pytest.raises(InputError, match=r"whose mask 'candle/Data/Masks/Anomaly/1.png' is not there"):
        open_visa(visa / "candle")
    with pytest.raises(InputError, match=r"without split_csv/1cls.csv beside it"):
        open_visa(visa / "candle/Data")


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("{}.png", "{}_mask.png"),
        ("{}.jpg", "{}.png"),
        ("a/{}.png", "a/ground_truth/{}.png"),
        ("a/{}.png", "masks/a/{}_mask.png"),
        ("images/a/{}.png", "masks/a/{}.png"),
        ("Data/Images/a/{}.JPG", "Data/Masks/a/{}.png"),
    ],
)
def test_masks_belong_to_the_images_of_their_names(tmp_path, image, mask):
    for number in range(6):
        _image(tmp_path / image.format(number))
    for number in (1, 4):
        _mask(tmp_path / mask.format(number), (number, 3))
    data = _load(f"folder:{tmp_path}", test_fraction=0.0)
    names = [image.format(number).rpartition("/")[2] for number in (1, 4)]
    assert data.sizes["train"] == 6
    assert _where(data, "train") == {names[0]: [(1, 3)], names[1]: [(4, 3)]}
    assert "masks: 2 of 6 images have one" in data.notes


def test_a_mask_that_two_images_could_have_belongs_to_none(tmp_path):
    for name in ("images/1.png", "1.png", "2.png"):
        _image(tmp_path / name)
    _mask(tmp_path / "masks/1.png", (0, 0))
    assert not _load(f"folder:{tmp_path}", test_fraction=0.0).has_mask("train").any()


@pytest.mark.parametrize(
    ("pattern", "mask"),
    [("*_defect.png", "a/{}_defect.png"), ("where/*.png", "where/a/{}.png"), ("where/*-x.bmp", "where/{}-x.bmp")],
)
def test_a_pattern_names_masks_of_any_values(tmp_path, pattern, mask):
    for number in range(3):
        _image(tmp_path / f"a/{number}.png")
        _image(tmp_path / f"b/{number + 10}.png")
        _image(tmp_path / mask.format(number))  # noise: its values do not make it one
    if "/" in pattern:
        _image(tmp_path / "where" / "7-of-none.png")  # is no image to train on, either
    data = _load(f"folder:{tmp_path}", masks=pattern, test_fraction=0.0)
    assert data.sizes["train"] == 6
    assert data.label_names == ("a", "b")
    assert sorted(file.name for file in data.files("train")) == [
        "0.png",
        "1.png",
        "10.png",
        "11.png",
        "12.png",
        "2.png",
    ]
    assert data.has_mask("train").tolist() == [True, True, True, False, False, False]
    value = np.asarray(Image.open(tmp_path / mask.format(0))).astype(float)
    np.testing.assert_array_equal(data.masks("train", [0])[0], value > (value.min() + value.max()) / 2)


@pytest.mark.parametrize(
    ("masks", "message"),
    [("_mask.png", "a name with one \\*"), ("*_no.png", "names no file below"), ("*", "a name with one")],
)
def test_odd_patterns_of_masks_are_refused(tmp_path, masks, message):
    _image(tmp_path / "1.png")
    with pytest.raises(InputError, match=message):
        _load(f"folder:{tmp_path}", masks=masks)
    with pytest.raises(InputError, match="leave out --masks"):
        _load("digits", masks="*_mask.png")


def _manifest(tmp_path, *lines, name="parts.csv"):
    path = tmp_path / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return f"manifest:{path}"


def test_a_manifest_names_all_that_is_known(tmp_path):
    for name in "abcdef":
        _image(tmp_path / f"photos/{name}.png")
    _mask(tmp_path / "masks/f.png", (2, 7))
    source = _manifest(
        tmp_path,
        "\ufeffPath;label;split;mask;group;camera",  # as a spreadsheet writes it
        *(f"photos/{name}.png;good;train;;tile {name < 'c'};1" for name in "abcd"),
        "photos/e.png;good;test;;tile 3;1",
        f"{tmp_path}/photos/f.png;scratch;test;masks/f.png;tile 4;2",
        "",
    )
    data = _load(source)
    assert data.sizes == {"train": 4, "validation": 0, "test": 2}
    assert data.label_names == ("good", "scratch")
    assert _where(data, "test") == {"f.png": [(2, 7)]}
    assert data.groups("train").tolist() == ["tile True", "tile True", "tile False", "tile False"]
    assert not data.test_is_drawn


def test_a_manifests_groups_stay_together_where_images_are_drawn(tmp_path):
    rows = []
    for number in range(24):
        _image(tmp_path / f"{number:02}.png")
        rows.append(f"{number:02}.png,part {number // 4}")
    data = _load(_manifest(tmp_path, "path,group", *rows), validation_fraction=0.25)
    groups = {split: set(data.groups(split)) for split in ("train", "validation", "test")}
    assert len(groups["train"] | groups["validation"] | groups["test"]) == 6
    assert sum(map(len, groups.values())) == 6
    assert all(data.sizes[split] == 4 * len(names) for split, names in groups.items())


def test_groups_on_both_sides_of_a_given_split_are_said(tmp_path):
    rows = ["path,split,group"]
    for number, (split, group) in enumerate([("train", "x"), ("train", "y"), ("test", "y"), ("test", "z")]):
        _image(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,{split},{group}")
    data = _load(_manifest(tmp_path, *rows))
    assert "1 groups are both trained on and tested on (such as 'y'): the test is too easy" in data.notes


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "without the column 'path'"),
        (("file,label", "1.png,good"), "without the column 'path'"),
        (("path",), "lists no image"),
        (("path,label", "1.png"), "row 2 has 1 cells; expected 2"),
        (("path,label", "1.png,good", "2.png,"), "row 3 has no label; expected a label in each row, or in none"),
        (("path,split", "1.png,holdout"), "split 'holdout'; expected train, validation or test"),
        (("path,split", "1.png,test"), "without images to train on"),
        (("path", "1.png", "./1.png"), "lists '1.png' twice"),
        (("path", "3.png", "4.png"), r"whose path '3.png' and 1 more are not there"),
        (("path,mask", "1.png,9.png"), r"whose mask '9.png' is not there"),
        (("path,path", "1.png,1.png"), "two columns of one name"),
    ],
)
def test_odd_manifests_are_refused(tmp_path, lines, message):
    for name in ("1.png", "2.png"):
        _image(tmp_path / name)
    with pytest.raises(InputError, match=message):
        _load(_manifest(tmp_path, *lines))


def test_a_file_that_is_no_manifest_is_refused(tmp_path):
    _image(tmp_path / "1.png")
    with pytest.raises(InputError, match="write it as UTF-8 text"):
        _load(f"manifest:{tmp_path}/1.png")
    with pytest.raises(InputError, match="which is not there"):
        _load(f"manifest:{tmp_path}/none.csv")
    with pytest.raises(InputError, match="the folder"):
        _load(f"manifest:{tmp_path}")
    _manifest(tmp_path, "path", "1.png")
    with pytest.raises(InputError, match=r"write manifest:"):
        _load(str(tmp_path / "parts.csv"))


@pytest.mark.parametrize("cache", [True, False])
def test_masks_go_with_their_images_where_bad_ones_are_left_out(tmp_path, cache):
    for number in range(4):
        _image(tmp_path / f"{number}.png")
        _mask(tmp_path / f"{number}_mask.png", (number, number))
    (tmp_path / "1.png").write_bytes(b"no image")
    data = _load(f"folder:{tmp_path}", skip_bad=True, cache=cache, test_fraction=0.0)
    assert _where(data, "train") == {f"{number}.png": [(number, number)] for number in (0, 2, 3)}


def test_masks_are_prepared_as_images_are(tmp_path):
    _image(tmp_path / "1.png", (8, 16))
    mask = np.zeros((8, 16), np.uint8)
    mask[2:4, 4:8] = 255
    Image.fromarray(mask).save(tmp_path / "1_mask.png")
    options = {"test_fraction": 0.0, "image_size": (4, 4)}
    stretched = _load(f"folder:{tmp_path}", **options).masks("train")[0]
    assert np.argwhere(stretched).tolist() == [[1, 1]]  # a quarter as wide, half as high
    cropped = _load(f"folder:{tmp_path}", **options, resize="crop").masks("train")[0]
    assert np.argwhere(cropped).tolist() == [[1, 0], [1, 1]]
    padded = _load(f"folder:{tmp_path}", **options, resize="pad").masks("train")[0]
    assert np.argwhere(padded).tolist() == [[1, 1]]  # 4 columns of 2 rows, from row 1 on
    framed = _load(f"folder:{tmp_path}", test_fraction=0.0, crop=(4, 8)).masks("train")[0]
    assert np.argwhere(framed).tolist() == [[row, column] for row in (0, 1) for column in range(4)]


def test_a_mask_of_other_proportions_is_refused(tmp_path):
    _image(tmp_path / "1.png", (8, 16))
    _mask(tmp_path / "1_mask.png", (0, 0), size=(16, 8))
    data = _load(f"folder:{tmp_path}", test_fraction=0.0)
    with pytest.raises(InputError, match=r"1_mask.png' of 16 × 8 for an image of 8 × 16"):
        data.masks("train")


def test_masks_do_not_change_the_fingerprint(bottle):
    masked = _load(f"folder:{bottle}").fingerprint()
    for file in bottle.glob("ground_truth/*/*"):
        file.unlink()
    assert _load(f"folder:{bottle}").fingerprint() == masked

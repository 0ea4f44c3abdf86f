"""Shards: tar files have what the folder had, in any order, and what is damaged is refused."""

import os
import tarfile

import numpy as np
import pytest
from PIL import Image

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.cli import main
from keras_ae.data import split
from keras_ae.data.members import Member


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with splits, classes and masks, and its shards of three images."""
    place, random = tmp_path_factory.mktemp("shards"), np.random.default_rng(0)
    for number in range(14):
        image = (
            place / "images" / ("train" if number < 10 else "test") / ("good", "bad")[number % 2] / f"{number}.png"
        )
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (6, 5, 3), np.uint8)).save(image)
        if number % 4 == 3:
            mask = Image.fromarray((random.random((6, 5)) < 0.5).astype(np.uint8) * 255)
            mask.save(image.with_name(f"{number}_mask.png"))
    command = ["data", "shard", f"folder:{place / 'images'}", "--out", str(place / "out"), "--shard-size", "3"]
    assert main(command) == 0
    return place


def _load(place, form, **options):
    sources = {"folder": f"folder:{place / 'images'}", "shards": f"shards:{place / 'out'}"}
    return kae.data.load(sources[form], progress=False, batch_size=4, **options)


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.tensorflow
def test_shards_have_what_the_folder_had(place, cache):
    folder, shards = (_load(place, form, cache=cache) for form in ("folder", "shards"))
    assert (shards.sizes, shards.label_names) == (folder.sizes, folder.label_names)
    for name in ("train", "test"):
        np.testing.assert_array_equal(shards.images(name), folder.images(name))
        np.testing.assert_array_equal(shards.labels(name), folder.labels(name))
        assert folder.masks(name).any()
        np.testing.assert_array_equal(shards.masks(name), folder.masks(name))
    for seed in (1, 2):
        batches = [list(data.with_seed(seed).pipeline("train")) for data in (folder, shards)]
        for one, other in zip(*batches, strict=True):
            np.testing.assert_array_equal(one, other)


def test_other_programs_read_them(place):
    labels = {name: number for number, name in enumerate(_load(place, "folder").label_names)}
    seen = 0
    for path in sorted((place / "out").glob("shard-*.tar")):
        with tarfile.open(path) as tar:
            for name in (name for name in tar.getnames() if name.endswith(".cls")):
                number = int(tar.extractfile(name).read())
                image = np.asarray(Image.open(tar.extractfile(name.replace(".cls", ".png"))))
                source = _source_of(place, path.name, name.replace(".cls", ".png"))
                np.testing.assert_array_equal(image, np.asarray(Image.open(place / "images" / source)))
                assert number == labels[source.split("/")[1]]
                seen += 1
    assert seen == 14


def _source_of(place, tar, member) -> str:
    (line,) = [
        line
        for line in (place / "out" / "index.csv").read_text().splitlines()
        if line.startswith(f"{tar}/{member}@")
    ]
    return line.rpartition(",")[2]


def test_a_fingerprint_asks_for_no_file(place, monkeypatch):
    data = _load(place, "shards")
    monkeypatch.setattr(split.os, "stat", lambda path: pytest.fail(f"{path} was asked for"))
    assert len(data.fingerprint()) == 64


def test_arrays_become_pictures_and_those_that_cannot_are_refused(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (25, 4, 3, 1), np.uint8)
    np.savez(tmp_path / "bytes.npz", x_train=pixels[:20], x_test=pixels[20:])
    source = f"npz:{tmp_path / 'bytes.npz'}"
    assert kae.data.write_shards(source, tmp_path / "bytes", shard_size=10) == kae.data.Sharded(3, 25)
    data = kae.data.load(f"shards:{tmp_path / 'bytes'}", progress=False)
    np.testing.assert_array_equal(
        np.concatenate([data.images("train"), data.images("test")]), pixels / np.float32(255)
    )
    np.savez(tmp_path / "x.npz", x=np.zeros((9, 4, 4, 2), np.float32))
    with pytest.raises(InputError, match="array of float32 with 2 channels"):
        kae.data.write_shards(f"npz:{tmp_path / 'x.npz'}", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_what_is_damaged_is_refused_in_one_line(place, tmp_path, capsys):
    (tmp_path / "index.csv").write_bytes((place / "out" / "index.csv").read_bytes())
    for path in (place / "out").glob("*.tar"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    os.truncate(tmp_path / "shard-00001.tar", 700)
    for source, said in ((tmp_path, "not there"), (place / "images", "index.csv")):
        assert main(["train", "--data", f"shards:{source}", "--out", str(tmp_path / "run")]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("precious")
    assert main(["data", "shard", "digits", "--out", str(foreign)]) == 2
    assert [path.name for path in foreign.iterdir()] == ["thesis.txt"]
    assert Member.named("a@b.png") is None


def test_a_broken_file_is_refused_by_its_own_name_or_left_out(write, tmp_path):
    for number in range(3):
        write(f"photos/{number}.png")
    (tmp_path / "photos/kaputt ä.png").write_bytes((tmp_path / "photos/0.png").read_bytes()[:60])
    (tmp_path / "photos/notes.txt").touch()
    source = f"folder:{tmp_path / 'photos'}"
    with pytest.raises(InputError, match=r"the image 'kaputt ä.png' \(.*--skip-bad"):
        kae.data.write_shards(source, tmp_path / "shards")
    assert not (tmp_path / "shards").exists()
    written = kae.data.write_shards(source, tmp_path / "shards", skip_bad=True)
    assert written.images == 3
    assert any("1 .txt" in note for note in written.notes)
    assert any("1 file skipped: they cannot be decoded (such as 'kaputt ä.png')" in note for note in written.notes)
    assert kae.data.load(f"shards:{tmp_path / 'shards'}", test_fraction=0).sizes.train == 3

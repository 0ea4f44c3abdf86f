"""From a finished run to a codec, a folder of files, and images again, on the command line."""

import json

import numpy as np
import pytest
from PIL import Image

import keras_ae as kae
from keras_ae.cli import main
from keras_ae.compression import Codec
from keras_ae.runs import pretrained_models

pytestmark = pytest.mark.tensorflow
SIZES = {"a.png": (8, 8), "deep/b.png": (21, 13), "deep/c.png": (21, 13), "gray.jpg": (16, 16)}


@pytest.fixture(scope="module")
def codec(tmp_path_factory):
    path = tmp_path_factory.mktemp("codec") / "codec"
    Codec.of(kae.architectures.compressive((8, 8, 1), (2, 2, 4), filters=4)).save(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root, generator = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for name, size in SIZES.items():
        (root / name).parent.mkdir(exist_ok=True)
        Image.fromarray(generator.integers(0, 256, size, "uint8")).save(root / name)
    (root / "broken.png").write_text("no image")
    return root


def test_folders_of_any_sizes_come_back(codec, folder, tmp_path, capfd):
    files, images = tmp_path / "files", tmp_path / "images"
    assert main(["compress", str(codec), f"folder:{folder}", "--out", str(files), "--json"]) == 1
    out, err = capfd.readouterr()
    results = json.loads(out)
    assert (results["files"], results["bad"]) == (4, 1)
    assert results["pixels"] == sum(height * width for height, width in SIZES.values())
    assert "broken.png: " in err
    assert results["bytes"] == sum((files / f"{name}.kaec").stat().st_size for name in SIZES)
    assert main(["decompress", str(codec), f"folder:{files}", "--out", str(images)]) == 0
    made = {path.relative_to(images).as_posix() for path in images.rglob("*.png")}
    assert made == {"a.png", "deep/b.png", "deep/c.png", "gray.jpg.png"}
    loaded = Codec.load(codec)
    for name in ("a.png", "deep/b.png"):
        pixels = np.asarray(Image.open(folder / name))[None, ..., None]
        (expected,) = loaded.decompress(loaded.compress(pixels))
        np.testing.assert_array_equal(np.asarray(Image.open(images / name)), expected[..., 0])
    assert (
        main(["compress", str(codec), f"folder:{folder}", "--out", str(files), "--json"]) == 1
    )  # again: replaced


def test_what_is_lost_before_compression_is_said(codec, tmp_path, capfd):
    root = tmp_path / "images"
    root.mkdir()
    Image.fromarray(np.full((8, 8, 3), 99, np.uint8)).save(root / "colour.png")
    Image.fromarray(np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)).save(root / "deep.png")
    assert main(["compress", str(codec), f"folder:{root}", "--out", str(tmp_path / "files")]) == 0
    said = capfd.readouterr().err
    assert "note: 1 file in colour converted to gray (such as 'colour.png')" in said
    assert "note: 1 file with 16 bits a channel reduced to 8 (such as 'deep.png')" in said


def test_a_finished_run_becomes_a_codec_of_its_own_size(folder, tmp_path, capfd):
    run = pretrained_models()["variational_digits"]
    assert main(["export", str(run), "--codec", "--step", "0.1", "--out", str(tmp_path / "codec")]) == 0
    assert "images of 8×8 pixels" in capfd.readouterr().out
    assert main(["compress", str(tmp_path / "codec"), f"folder:{folder}", "--out", str(tmp_path / "files")]) == 1
    out, err = capfd.readouterr()
    assert out.startswith("1 files")
    assert "deep/b.png: 21×13 pixels, where the codec's network takes 8×8 alone" in err


def test_what_cannot_be_is_refused_before_anything_is_written(codec, folder, tmp_path, capfd):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "a.png.kaec").write_text("theirs")
    (foreign / "b.kaec").write_bytes(b"KAEC\x01garbage of some length")
    run, classifier = (pretrained_models()[name] for name in ("variational_digits", "locally_embedded_mnist"))
    for arguments, message in [
        (
            ["compress", str(codec), f"folder:{folder}", "--out", str(foreign)],
            "a.png.kaec, which keras-ae did not",
        ),
        (["compress", str(run), f"folder:{folder}", "--out", "x"], "make one of it: keras-ae export"),
        (["compress", str(folder), f"folder:{folder}", "--out", "x"], "codec.json"),
        (["decompress", str(codec), f"folder:{folder}", "--out", "x"], "without .kaec files"),
        (["export", str(run), "--codec", "--score", "mse", "--out", "x"], "one kind of export"),
        (["export", str(run), "--codec", "--step", "0", "--out", "x"], "step=0"),
        (["export", str(classifier), "--codec", "--out", "x"], "expected an Autoencoder of images"),
    ]:
        assert main(arguments) == 2
        assert message in capfd.readouterr().err
    assert (foreign / "a.png.kaec").read_text() == "theirs"
    assert main(["decompress", str(codec), f"folder:{foreign}", "--out", str(tmp_path / "images")]) == 1
    out, err = capfd.readouterr()
    assert "no .kaec file" in err
    assert "b.kaec with another checksum" in err
    assert out.startswith("0 files")

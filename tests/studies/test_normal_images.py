"""What a detector takes as normal is said, and labels that tell otherwise are refused."""

import numpy as np
import pytest
from PIL import Image

from keras_ae import InputError
from keras_ae.cli import main
from keras_ae.data import load
from keras_ae.studies.normal_images import check_normal, normal_in_words


@pytest.fixture
def folder(tmp_path):
    def make(*labels, count=10):
        for label in labels:
            (tmp_path / label).mkdir(parents=True)
            for number in range(count):
                pixels = np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8)
                Image.fromarray(pixels).save(tmp_path / label / f"{number}.png")
        return f"folder:{tmp_path}"

    return make


@pytest.mark.parametrize(
    "normal", ["good", "MT_Free", "Normal", "OK", "no_defect", "defect-free", "non defective"]
)
def test_normal_images_beside_others_have_to_be_named(folder, normal):
    source = folder("crack", normal)
    with pytest.raises(InputError, match=f"--train-labels {normal}"):
        check_normal(load(source))
    check_normal(load(source, train_labels=normal), (normal,))


@pytest.mark.parametrize(
    "labels", [("good",), ("cat", "dog"), ("not_good", "crack"), ("abnormal", "broken"), ("good", "ok")]
)
def test_other_labels_are_taken_as_they_are(folder, labels):
    check_normal(load(folder(*labels)))


def test_what_is_taken_as_normal_is_said(folder):
    source = folder("cat", "dog", count=20)
    data = load(source, validation_fraction=0.25, train_labels="cat")
    train, validation = data.sizes["train"], data.sizes["validation"]
    line = f"normal: all images of the label cat ({train} to train on, {validation} to set the threshold)"
    assert normal_in_words(data) == line
    both = load(source, test_fraction=0)
    assert normal_in_words(both).startswith("normal: all images of the labels cat (20), dog (20) (40 to train on")
    alone = load(f"{source}/cat", test_fraction=0)
    assert normal_in_words(alone).startswith("normal: all images (20 to train on")


def test_the_command_refuses_before_it_trains(folder, tmp_path, capsys):
    source = folder("crack", "good")
    assert main(["detect", "train", "--data", source, "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "--train-labels good" in message
    assert not (tmp_path / "out").exists()

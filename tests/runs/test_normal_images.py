"""What a detector takes as normal is said, and labels that tell otherwise are refused."""

import numpy as np
import pytest
from PIL import Image

from keras_ae import InputError
from keras_ae.cli import main
from keras_ae.data import load
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig
from keras_ae.runs.normal_images import check_normal, check_sizes, load_normal, normal_in_words
from keras_ae.runs.stopping import calibration_rows, stopping_rows

MODEL = ModelConfig("fully_connected", "2")


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
    assert normal_in_words(data, TrainingConfig()) == line
    line = f"normal: all images of the label cat ({train} to train on, 2 to stop by, 2 to set the threshold)"
    assert normal_in_words(data, TrainingConfig(patience=1)) == line
    both = load(source, test_fraction=0)
    assert normal_in_words(both, TrainingConfig()).startswith(
        "normal: all images of the labels cat (20), dog (20) (40 to train on"
    )
    alone = load(f"{source}/cat", test_fraction=0)
    assert normal_in_words(alone, TrainingConfig()).startswith("normal: all images (20 to train on")


@pytest.mark.parametrize(
    ("count", "patience", "sizes"),
    [
        (60, None, (29, 19)),
        (100, 3, (42, 38)),
        (150, None, (90, 30)),
        (300, None, (183, 57)),
        (900, None, (648, 72)),
    ],
)
def test_as_many_images_are_set_aside_as_the_rate_takes(folder, count, patience, sizes):
    source = folder("good", count=count)
    config, data = load_normal(RunConfig(DataConfig(source), MODEL, TrainingConfig(patience=patience)), 0.05)
    assert (data.sizes["train"], data.sizes["validation"]) == sizes
    again = config.load_data(progress=False)  # as `export` will
    assert again.fingerprint() == data.fingerprint()
    check_sizes(data, 0.05, config.training)


def test_images_that_are_too_few_or_divided_by_the_user_are_refused(folder):
    source = folder("train/good", "val/good", count=60)
    own, data = load_normal(RunConfig(DataConfig(source), MODEL), 0.01)
    assert data.sizes["validation"] == 60
    assert own.data.validation_fraction is None
    with pytest.raises(InputError, match=r"60 images to calibrate a rate of 0\.01; expected at least 99"):
        check_sizes(data, 0.01, TrainingConfig())
    divided = {"train": "train[:50]", "validation": "train[50:60]"}
    for config in (
        DataConfig(source, validation_fraction=0.2),
        DataConfig(source, **divided),
        DataConfig(f"{source}/train"),
    ):
        _, few = load_normal(RunConfig(config, MODEL), 0.03)
        with pytest.raises(InputError, match=r"images to calibrate a rate of 0\.03; expected at least 33"):
            check_sizes(few, 0.03, TrainingConfig())
    with pytest.raises(InputError, match=r"of which every other one is to stop by; expected at least 66"):
        check_sizes(data, 0.03, TrainingConfig(patience=2))


def test_training_stops_by_other_images_than_those_of_the_threshold(folder):
    data = load(folder("good", count=40), validation_fraction=0.5)
    training = TrainingConfig(patience=1)
    rows = stopping_rows(data, training), calibration_rows(data, training)
    assert sorted(np.concatenate(rows)) == list(range(16))
    assert len(rows[0]) == len(rows[1])
    assert stopping_rows(data, TrainingConfig()) is None
    assert list(calibration_rows(data, TrainingConfig())) == list(range(16))


def test_the_command_refuses_before_it_trains(folder, tmp_path, capsys):
    source = folder("crack", "good")
    assert main(["detect", "train", "--data", source, "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "--train-labels good" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "kept"), [((), ("decoder_layers=None",)), (("decoder_layers=2", "filters=4"), None)]
)
def test_a_strided_detector_decodes_from_the_smallest_maps_unless_told_otherwise(options, kept, folder):
    model = ModelConfig("strided", "2", options=options)
    config, _ = load_normal(RunConfig(DataConfig(folder("good", count=60)), model), 0.05, progress=False)
    assert config.model == ModelConfig("strided", "2", options=kept or options)


def test_of_parts_as_many_are_set_aside_as_the_rate_takes(folder):
    """Of 200 images of 20 parts, a fifth of which is for testing; a tenth of the others would be too few."""
    source = DataConfig(folder("good", count=200), group=r"(\d*?)\d\.png")  # the number without its last digit
    with pytest.raises(InputError, match=r"\d groups of images to calibrate a rate of 0.05; expected at least 19"):
        check_sizes(load_normal(RunConfig(source, MODEL), 0.05)[1], 0.05, TrainingConfig())
    rate, config = 0.3, RunConfig(DataConfig(source.source, group=source.group), MODEL)
    config, data = load_normal(config, rate)
    check_sizes(data, rate, TrainingConfig())
    groups = {split: set(data.groups(split)) for split in ("train", "validation", "test")}
    assert len(groups["validation"]) >= 3  # 1 / 0.3 − 1
    assert sum(map(len, groups.values())) == 20
    assert f"to set the threshold, of {len(groups['validation'])} groups" in normal_in_words(data, config.training)


@pytest.mark.parametrize(("training", "choosing"), [(TrainingConfig(patience=1), False), (TrainingConfig(), True)])
def test_no_part_sets_the_threshold_that_chose_weights_or_score(training, choosing, folder):
    data = load(folder("good", count=60), validation_fraction=0.5, group=r"(\d*?)\d\.png")
    rows = calibration_rows(data, training, choosing)
    groups, others = data.groups("validation")[rows], np.delete(data.groups("validation"), rows)
    assert len(groups)
    assert len(others)
    assert not set(groups) & set(others)

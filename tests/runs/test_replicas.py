"""What several replicas cannot train is refused before anything starts; each draws numbers of its own."""

import importlib.util
import os
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.cli import main
from keras_ae.data import ArrayImages, ImageData, Split
from keras_ae.runs import DataConfig, ModelConfig, Ray, RunConfig, TrainingConfig
from keras_ae.runs.engines.ray_words import Words
from keras_ae.runs.sharing_out import check_all_labelled, check_replicas, check_shares

TRAIN = ["train", "--data", "digits", "--architecture", "fully_connected", "--code", "4", "--out", "out"]
CONFIG = RunConfig(DataConfig("digits", limit=60), ModelConfig("fully_connected", "2"))
needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="asks for Ray first")


def _refused(options, capsys) -> str:
    assert main([*TRAIN, *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_several_replicas_need_a_cluster(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "--replicas 2 without --engine ray" in _refused(["--replicas", "2"], capsys)
    assert not os.listdir(tmp_path)


@needs_ray
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--replicas", "0"], "replicas=0"),
        (["--replicas", "3"], "batch_size 64 for 3 replicas"),
        (["--replicas", "2", "--gpus", "2"], "gpus=2 of each of 2 replicas"),
        (["--replicas", "2", "--precision", "mixed_float16"], "mixed_float16"),
        (["--replicas", "2", "--limit", "2", "--test-fraction", "0.5", "--batch-size", "2"], "1 train images"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_they_cannot_do_is_refused_before_anything_begins(options, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert said in _refused(["--engine", "ray", *options], capsys)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"batch_size": 30}, "give --batch-size 32"),
        ({"labelled": 30, "unlabelled": "rest", "labelled_share": 0.1}, "6 labelled images of each batch"),
        ({"jit_compile": "yes"}, "jit_compile yes"),
        ({"steps_per_execution": 5}, "steps_per_execution 5"),
    ],
)
def test_configurations_that_four_replicas_would_train_otherwise(training, said):
    with pytest.raises(InputError, match=said):
        check_replicas(replace(CONFIG, training=TrainingConfig(**training)), 4)
    check_replicas(CONFIG, 4)


def test_maps_of_a_frozen_network_are_not_shared_out():
    with pytest.raises(InputError, match="feature_autoencoder for several replicas"):
        check_replicas(replace(CONFIG, model=ModelConfig("feature_autoencoder", "8x8x4")), 2)


@pytest.mark.tensorflow
def test_images_that_not_each_replica_has_some_of():
    data, training = CONFIG.load_data(progress=False), TrainingConfig()
    assert data.sizes["validation"] == 6
    check_shares(data, training, 6)
    with pytest.raises(InputError, match="6 validation images for 7 replicas"):
        check_shares(data, training, 7)
    with pytest.raises(InputError, match="3 validation images for 4 replicas"):
        check_shares(data, replace(training, patience=2), 4)  # half of them stop the training


@pytest.mark.tensorflow
def test_the_images_to_stop_by_are_counted_as_they_are_taken():
    """Every other one from the first on: of 7 images 4, of groups those of every other group."""
    training = TrainingConfig(patience=2)
    for groups, stopping in ((None, 4), (tuple("aaabbcc"), 5)):
        images = {name: ArrayImages(np.zeros((n, 8, 8, 1))) for name, n in {"train": 9, "test": 0}.items()}
        splits = {name: Split(some, None) for name, some in images.items()}
        splits["validation"] = Split(ArrayImages(np.zeros((7, 8, 8, 1))), None, groups=groups)
        data = ImageData("arrays", splits, batch_size=4, seed=0)
        check_shares(data, training, stopping)
        with pytest.raises(InputError, match=f"{stopping} validation images for {stopping + 1} replicas"):
            check_shares(data, training, stopping + 1)


@pytest.mark.tensorflow
def test_images_without_labels_anywhere_are_refused_and_mixed_batches_are_not():
    data, training = CONFIG.load_data(progress=False), TrainingConfig()
    check_all_labelled(data, training)
    mixed = data.semi_supervised(labelled=20)
    with pytest.raises(InputError, match="some have no label"):
        check_all_labelled(mixed, training)
    check_all_labelled(mixed, replace(training, labelled=20, unlabelled="rest"))


@pytest.mark.tensorflow
def test_replicas_draw_other_numbers_at_random():
    import keras

    from keras_ae.runs.replicas import Agreement, Replica

    drawn = []
    for place in (0, 1):
        model = keras.Sequential([keras.Input((100,)), keras.layers.GaussianNoise(1.0, seed=3)])
        callback = Agreement(Replica(place, 2))
        callback.set_model(model)
        callback.on_epoch_begin(0)
        drawn.append(np.asarray(model(np.zeros((1, 100), "float32"), training=True)))
        callback.on_epoch_begin(1)
        (state,) = [variable for variable in model.variables if "seed" in variable.path]
        assert int(np.asarray(state)[0]) == 3 + (place << 16)  # once, and not in each epoch
    assert abs(np.corrcoef(*np.concatenate(drawn))[0, 1]) < 0.4
    assert np.std(drawn[1]) > 0.5


@needs_ray
def test_numbers_of_replicas_that_cannot_be_in_python():
    with pytest.raises(InputError, match="replicas=0"):
        Ray(replicas=0)
    with pytest.raises(InputError, match="correct --gpus"):
        Ray(replicas=2, gpus=0.5)


def test_what_ray_says_of_lost_machines_is_no_result(capsys):
    words, output = Words(), sys.stdout
    words.divert()
    try:
        for name in ("ray_listen_error_messages", "mine"):
            thread = threading.Thread(target=print, args=(f"of {name}",), name=name)
            thread.start()
            thread.join()
        print("a result")
    finally:
        words.restore()
    assert sys.stdout is output
    said = capsys.readouterr()
    assert said.out == "of mine\na result\n"
    assert said.err == "of ray_listen_error_messages\n"

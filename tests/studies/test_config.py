"""Configurations: what they refuse, and that they survive JSON."""

import json

import pytest

from keras_ae.errors import InputError
from keras_ae.studies.config import (
    DataConfig,
    ModelConfig,
    RunConfig,
    TrainingConfig,
    as_json,
    format_code,
    parse_code,
    run_config_from_json,
)


@pytest.mark.parametrize(("text", "shape"), [("4x4x16", (4, 4, 16)), ("32", (32,)), ("7×7×1", (7, 7, 1))])
def test_codes_are_read(text, shape):
    assert parse_code(text) == shape
    assert parse_code(format_code(shape)) == shape


@pytest.mark.parametrize("text", ["4x4", "0", "4x4x0", "-3", "axb", "", "4x4x4x4", "4.5"])
def test_other_codes_are_refused(text):
    with pytest.raises(InputError, match="such as 4x4x16 or 32"):
        parse_code(text)


def test_a_run_survives_json(tmp_path):
    model = ModelConfig("strided", "8", "variational", ("filters=4", "bottleneck.beta=0.5"))
    config = RunConfig(DataConfig("digits", data_dir=tmp_path, image_size=(8, 8)), model, TrainingConfig(steps=7))
    assert run_config_from_json(json.loads(json.dumps(as_json(config)))) == config


def test_options_reach_the_architecture_and_the_bottleneck():
    model = ModelConfig("strided", "8", "variational", ("filters=4", "bottleneck.beta=0.5"))
    assert model.keywords((8, 8, 1)) == {
        "input_shape": (8, 8, 1),
        "code_shape": (8,),
        "filters": 4,
        "bottleneck": {"name": "variational", "beta": 0.5},
    }
    built = model.build((8, 8, 1))
    assert (built.bottleneck.beta, built.bottleneck.units) == (0.5, 8)
    assert built.encoder.get_layer("convolution_0").filters == 4


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"architecture": "convolutionall"}, "did you mean 'convolutional'"),
        ({"bottleneck": "dens"}, "did you mean 'dense'"),
        ({"options": ("widht=3",)}, "option 'widht'.*one of .*width"),
        ({"options": ("width",)}, "NAME=VALUE"),
        ({"bottleneck": "dense", "options": ("bottleneck.beta=1",)}, "option 'beta' for bottleneck 'dense'"),
        ({"options": ("bottleneck.beta=1",)}, "name it with --bottleneck"),
        ({"code": "4x4"}, "code '4x4'"),
    ],
)
def test_impossible_models_are_refused(keywords, message):
    with pytest.raises(InputError, match=message):
        ModelConfig(**keywords)


@pytest.mark.parametrize("name", ["steps", "evaluations", "batch_size", "learning_rate"])
def test_numbers_that_must_be_positive_are(name):
    with pytest.raises(InputError, match=f"{name} 0"):
        TrainingConfig(**{name: 0})


@pytest.mark.parametrize(
    ("steps", "evaluations", "per", "rounds"), [(100, 20, 5, 20), (7, 20, 1, 7), (101, 10, 11, 10), (1, 1, 1, 1)]
)
def test_steps_are_rounded_up_to_whole_evaluations(steps, evaluations, per, rounds):
    training = TrainingConfig(steps=steps, evaluations=evaluations)
    assert (training.steps_per_evaluation, training.rounds) == (per, rounds)
    assert steps <= per * rounds < steps + per

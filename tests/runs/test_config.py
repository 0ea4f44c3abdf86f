"""Configurations: what they refuse, and that they survive JSON."""

import json
import sys

import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.catalogue import ARCHITECTURES
from keras_ae.comparison import CompareConfig
from keras_ae.runs.config import (
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
    config = RunConfig(
        DataConfig("digits", data_dir=tmp_path, image_size=(8, 8)),
        model,
        TrainingConfig(7, schedule="piecewise", decay_at=(3,)),
    )
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


PENALIZED = {
    "wasserstein_mmd": "weight=2.0",
    "entropic": "weight=0.01",
    "l2_code": "weight=0.01",
    "gaussian_mixture_regularized": "components=3",
    "dense": "normalization=spectral",
}


@pytest.mark.parametrize(("name", "option"), PENALIZED.items())
def test_bottlenecks_of_generative_models_are_named_with_their_options(name, option):
    options = ("filters=2", "depth=2,1,1,1", "weight_decay=1e-4", f"bottleneck.{option}")
    built = ModelConfig("strided", "3", name, options).build((8, 8, 1))
    keyword, value = option.split("=")
    assert str(getattr(built.bottleneck, keyword)) == value
    assert built.code_shape == (3,)
    assert "convolution_0_0" in [layer.name for layer in built.encoder.layers]


def test_strided_networks_of_64_pixels_are_checked_for_the_stride_of_the_image():
    with pytest.raises(InputError, match="that 8 divides"):
        ModelConfig("strided", "8", options=("image_strides=2",)).check((12, 12, 3))


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
        ({"code": (4, 4)}, "code '4x4'"),
        ({"code": None}, "code 'None'"),
        ({"options": "hidden"}, "option 'hidden'.*NAME=VALUE"),
        ({"bottleneck": 3}, "bottleneck 3; expected a text or None"),
    ],
)
def test_impossible_models_are_refused(keywords, message):
    with pytest.raises(InputError, match=message):
        ModelConfig(**keywords)


def test_codes_and_options_may_be_given_as_they_come():
    written = ModelConfig("fully_connected", "4", options=("hidden=(8,)",))
    assert ModelConfig("fully_connected", 4, options="hidden=(8,)") == written
    assert ModelConfig("fully_connected", (np.int64(4),), options=["hidden=(8,)"]) == written
    assert ModelConfig("convolutional", (4, 4, 16)).code == "4x4x16"
    assert CompareConfig(DataConfig("digits"), codes="16").codes == ("16",)
    assert CompareConfig(DataConfig("digits"), codes=[16, (4, 4, 2)]).codes == ("16", "4x4x2")


def test_data_may_be_given_as_it_comes(tmp_path):
    written = DataConfig("digits", data_dir=tmp_path, image_size=(8, 8), train_labels=("1", "0"))
    assert DataConfig("digits", data_dir=str(tmp_path), image_size=8, train_labels=np.array([1, 0])) == written
    assert DataConfig("digits", train_labels="10").train_labels == ("10",)


def test_configurations_are_made_of_configurations():
    with pytest.raises(InputError, match="data 'digits'; expected a DataConfig"):
        RunConfig("digits")
    with pytest.raises(InputError, match="model 'strided'; expected a ModelConfig"):
        RunConfig(DataConfig("digits"), "strided")
    with pytest.raises(InputError, match="data 'digits'; expected a DataConfig"):
        CompareConfig("digits")


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


def test_a_builder_of_ones_own_is_named_by_module_and_function(tmp_path, monkeypatch):
    (tmp_path / "my_builders.py").write_text(
        "def small(input_shape, code_shape, width=3, bottleneck='dense'):\n"
        "    from keras_ae.architectures import fully_connected\n"
        "    return fully_connected(input_shape, code_shape, hidden=(width,), bottleneck=bottleneck)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    model = ModelConfig("my_builders:small", "2", "variational", options=("width=5",))
    built = model.build((4, 4, 1))
    assert built.code_shape == (2,)
    assert 5 in [layer.units for layer in built.encoder.layers if hasattr(layer, "units")]
    with pytest.raises(InputError, match="option 'widht' for architecture 'my_builders:small'"):
        ModelConfig("my_builders:small", "2", options=("widht=5",))


@pytest.mark.parametrize(
    "name", ["my_builders:none", "no_module:small", "json:tool", "a b:c", ":", "json.tool:nix"]
)
def test_a_builder_that_is_not_there_is_refused(name):
    with pytest.raises(InputError, match="MODULE:FUNCTION that can be imported"):
        ModelConfig(name, "2")


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"schedule": "piecewise"}, "decay_at"),
        ({"decay_at": (3,)}, "schedule constant with decay_at"),
        ({"schedule": "piecewise", "decay_at": (5, 3)}, "increase"),
        ({"schedule": "one_cycle", "warmup_steps": 3}, "warms up by itself"),
        ({"warmup_steps": -1}, "0 or more"),
        ({"warmup_rate": 1e-4}, "with warmup_steps 0"),
        ({"warmup_rate": 0.0, "warmup_steps": 3}, "warmup_rate 0.0"),
        ({"patience": 0}, "patience 0"),
        ({"checkpoint_steps": 0}, "checkpoint_steps 0"),
        ({"checkpoint_minutes": 0.0}, "checkpoint_minutes 0"),
        ({"schedule": "onecycle"}, "schedule 'onecycle'.*did you mean 'one_cycle'"),
        ({"loss": "msee"}, "did you mean 'mse'"),
        ({"precision": "bf16"}, "precision 'bf16'; expected one of float32, mixed_bfloat16, mixed_float16"),
        ({"objective_mode": True}, "objective_mode True; expected one of alternate"),
        ({"steps": "100"}, "steps '100'; expected a whole number"),
        ({"steps": 100.5}, "steps 100.5; expected a whole number"),
        ({"steps": True}, "steps True; expected a whole number"),
        ({"learning_rate": None}, "learning_rate None; expected a number;"),
        ({"warmup_rate": "x"}, "warmup_rate 'x'; expected a number or None"),
        ({"steps_per_execution": "some"}, "expected a whole number or 'auto'"),
        ({"monitor_weights": 1}, "expected True or False"),
        ({"objective_weights": 1.0}, "expected 2 values, each a number"),
        ({"decay_at": ("3",)}, "decay_at \\('3',\\); expected a list, each a whole number"),
    ],
)
def test_impossible_trainings_are_refused(training, message):
    with pytest.raises(InputError, match=message):
        TrainingConfig(**training)


def test_numbers_and_lists_of_other_kinds_are_settled():
    given = TrainingConfig(
        np.int64(100), 2.0, learning_rate=np.float32(0.5), schedule="piecewise", decay_at=[3, 5]
    )
    same = TrainingConfig(100, 2, learning_rate=0.5, schedule="piecewise", decay_at=(3, 5))
    assert given == same
    assert json.dumps(as_json(given)) == json.dumps(as_json(same))
    assert hash(given) == hash(same)


def test_schedules_end_with_the_steps_that_are_really_made():
    training = TrainingConfig(steps=101, evaluations=10, learning_rate=1.0, schedule="cosine")
    assert float(training.learning_rates()(110)) == pytest.approx(0.0, abs=1e-7)
    assert float(training.learning_rates()(109)) > 1e-5
    training = TrainingConfig(steps=101, evaluations=10, learning_rate=1.0, schedule="one_cycle")
    assert float(training.learning_rates()(109)) == pytest.approx(1 / 25e4, rel=1e-3)
    training = TrainingConfig(steps=101, evaluations=10, learning_rate=1.0, schedule="cooldown")
    assert [float(training.learning_rates()(step)) for step in (0, 87, 88, 99, 109)] == pytest.approx(
        [1, 1, 1, 0.5, 1 / 22]
    )
    assert TrainingConfig(learning_rate=0.1).learning_rates() == 0.1


def test_a_configuration_tells_where_its_learning_rate_falls():
    schedules = {"constant": 0.0, "cooldown": 0.2, "cosine": None, "one_cycle": None}
    assert {name: TrainingConfig(schedule=name).cooled for name in schedules} == schedules


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_s_code_rank_is_that_of_its_examples(name):
    shapes = [example.keywords.get("code_shape") for example in ARCHITECTURES[name].examples()]
    assert {len(shape) if shape else None for shape in shapes} == {ARCHITECTURES.place(name).code_rank}


DEFINED = """
def builder(input_shape, code_shape, units, depth=2):
    raise NotImplementedError
"""
ELSEWHERE = """
from functools import partial

import defined_here
from defined_here import builder, builder as renamed

with_units = partial(defined_here.builder, units=3)
"""


@pytest.mark.parametrize("name", ["builder", "renamed"])
def test_a_builder_that_is_imported_from_elsewhere_is_one_of_the_module_too(name, tmp_path, monkeypatch):
    (tmp_path / "defined_here.py").write_text(DEFINED)
    (tmp_path / "imported_there.py").write_text(ELSEWHERE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "imported_there", raising=False)
    config = ModelConfig(f"imported_there:{name}", "4", options=("units=3",))
    assert config.keywords((8, 8, 1)) == {"input_shape": (8, 8, 1), "code_shape": (4,), "units": 3}
    assert "imported_there" not in sys.modules
    with pytest.raises(InputError, match="without the option units"):
        ModelConfig(f"imported_there:{name}", "4")
    with pytest.raises(InputError, match=r"option 'unit' .* expected one of input_shape, code_shape, units"):
        ModelConfig(f"imported_there:{name}", "4", options=("unit=3",))
    assert ModelConfig("imported_there:with_units", "4").architecture == "imported_there:with_units"
    with pytest.raises(InputError, match="MODULE:FUNCTION that can be imported"):
        ModelConfig("imported_there:missing", "4")


@pytest.mark.parametrize("name", ["__main__:f", ":f", "os:", ".os:path", "test_config:test_config.x"])
def test_what_other_processes_cannot_import_is_refused(name):
    with pytest.raises(InputError, match="MODULE:FUNCTION that can be imported"):
        ModelConfig(name, "4")

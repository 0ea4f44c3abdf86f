"""Which bottlenecks are tried."""

from dataclasses import replace
from math import prod

import pytest
from comparison.smallest_candidates import CANDIDATES
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae._support.errors import InputError
from keras_ae.comparison import CompareConfig, candidates, compare
from keras_ae.comparison.candidate import strided_layers
from keras_ae.runs.config import DataConfig, parse_code


def test_the_papers_sizes_for_its_image_sizes():
    assert strided_layers((96, 96, 3)) == 5
    assert strided_layers((128, 128, 3)) == 5
    maps = [c.model.code for c in candidates((96, 96, 3)) if c.model.architecture == "convolutional"]
    assert {code.rsplit("x", 1)[0] for code in maps} == {"3x3", "6x6", "12x12"}


@pytest.mark.parametrize("image_shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (64, 48, 3), (50, 38, 1)])
def test_several_sizes_and_kinds_are_tried(image_shape):
    trials = candidates(image_shape)
    assert len({c.name for c in trials}) == len(trials) >= 4
    assert {c.model.architecture for c in trials} >= {"convolutional", "fully_connected"}


@pytest.mark.thorough
@settings(max_examples=25)
@given(st.integers(4, 48), st.integers(4, 48), st.sampled_from([1, 3]))
def test_every_candidate_of_any_images_can_be_built(height, width, channels):
    image_shape = (height, width, channels)
    try:
        trials = candidates(image_shape)
    except InputError as error:
        assert height % 2 or width % 2, error  # noqa: PT017
        return
    for trial in trials:
        assert prod(parse_code(trial.model.code)) <= max(prod(image_shape), 2)
        trial.model.keywords(image_shape)
    smallest = min(trials, key=lambda trial: prod(parse_code(trial.model.code)))
    assert smallest.model.build(image_shape).image_shape == image_shape


def test_codes_that_were_asked_for_are_tried_and_no_others():
    trials = candidates((8, 8, 1), codes=("4x4x3", "6", "6"))
    assert [c.name for c in trials] == [
        "convolutional-4x4x3",
        "strided-dense-6",
        "strided-variational-6",
        "fully_connected-dense-6",
    ]


def test_a_code_that_cannot_be_made_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="one of 2×2, 4×4, 8×8"):
        candidates((8, 8, 1), codes=("3x3x1",))


def test_a_limit_below_all_codes_is_refused_before_anything_is_trained(tmp_path):
    config = CompareConfig(DataConfig("digits"), codes=("4x4x3", "6"), max_code=5)
    with pytest.raises(InputError, match="no code of at most 5 values; expected at least 6"):
        config.candidates((8, 8, 1))
    with pytest.raises(InputError, match="no code of at most 1 values; expected at least 2"):
        compare(replace(config, max_code=1), tmp_path / "out", candidates=CANDIDATES, progress=False)
    assert not (tmp_path / "out").exists()
    assert len(replace(config, max_code=6).candidates((8, 8, 1))) == 4


def test_images_that_cannot_be_halved_are_refused_with_the_nearest_sizes():
    with pytest.raises(InputError, match="resize them to 8×10 or 10×12"):
        candidates((9, 11, 3))


def test_to_generate_vectors_of_several_lengths_are_tried_each_also_variational():
    trials = candidates((28, 28, 1), "generate")
    assert [c.name for c in trials] == [
        *(f"strided-dense-{n}" for n in (12, 49, 98)),
        *(f"strided-variational-{n}" for n in (12, 49, 98)),
        "fully_connected-dense-12",
    ]
    with pytest.raises(InputError, match="one of compress, detect, generate, reconstruct"):
        candidates((28, 28, 1), "classify")


def test_named_bottlenecks_are_tried_with_each_code_and_beta_is_that_of_the_variational_candidate():
    trials = candidates((8, 8, 1), codes=("4x4x3", "6"), bottlenecks=("finite_scalar", "total_correlation"))
    assert [c.name for c in trials] == [
        "convolutional-finite_scalar-4x4x3",
        "convolutional-total_correlation-4x4x3",
        "strided-finite_scalar-6",
        "strided-total_correlation-6",
    ]
    beta = next(o for o in candidates((8, 8, 1), codes=("6",))[1].model.options if "beta" in o)
    assert [beta in c.model.options for c in trials] == [False, True, False, True]
    assert [c.name for c in candidates((9, 9, 1), "generate", ("6",), ("dense",))] == ["fully_connected-dense-6"]


def test_what_is_named_twice_is_tried_once():
    twice = candidates((8, 8, 1), codes=("8", "4x4x2", "4X4x2"), bottlenecks=("dense", "dense"))
    assert [one.name for one in twice] == ["convolutional-dense-4x4x2", "strided-dense-8"]


def test_an_unknown_bottleneck_is_refused():
    with pytest.raises(InputError, match="did you mean 'vector_quantized'"):
        candidates((8, 8, 1), codes=("6",), bottlenecks=("vector_quantised",))


def test_an_autoencoder_of_each_named_candidate_can_be_built():
    for trial in candidates((8, 8, 1), codes=("2x2x4", "4"), bottlenecks=("hyperspherical", "vector_quantized")):
        assert trial.model.build((8, 8, 1)).bottleneck.units == 4

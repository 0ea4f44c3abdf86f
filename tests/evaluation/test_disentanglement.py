"""Disentanglement on codes with known answers: perfect, useless, duplicated, rotated; and by hand."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae import evaluation
from keras_ae._support.errors import InputError
from keras_ae.evaluation.codes import disentanglement

SIZES = (4, 5, 6)
FACTORS = np.tile(np.array(list(product(*map(range, SIZES)))), (6, 1))
PERFECT = FACTORS - FACTORS.mean(axis=0)
USELESS = np.random.default_rng(0).normal(size=(len(FACTORS), 4))
SHAPE = (0,)  # the column of a factor that is taken for one without order


def _generator(seed=0):
    return np.random.default_rng(seed)


def _scores(codes, method="lasso"):
    found = evaluation.dci(codes, FACTORS, _generator(), method=method)
    return {
        "beta_vae": evaluation.beta_vae_score(codes, FACTORS, _generator(), points=300),
        "factor_vae": evaluation.factor_vae_score(codes, FACTORS, _generator(), points=300),
        "mig": evaluation.mutual_information_gap(codes, FACTORS),
        "sap": evaluation.separated_attribute_predictability(codes, FACTORS, _generator()),
        **found.summary(),
    }


@pytest.mark.parametrize("method", ["trees", "lasso"])
def test_perfect_codes_score_one(method):
    for name, score in _scores(PERFECT, method).items():
        assert score == pytest.approx(1, abs=0.02), name


def test_useless_codes_score_as_chance():
    scores = _scores(USELESS)
    assert scores["beta_vae"] == pytest.approx(1 / 3, abs=0.1)
    assert scores["factor_vae"] == pytest.approx(1 / 3, abs=0.1)
    for name in ("mig", "sap", "informativeness"):
        assert scores[name] == pytest.approx(0, abs=0.05), name


def test_duplicated_codes_are_disentangled_but_not_compact():
    duplicated = np.concatenate([PERFECT, PERFECT + 0.01 * _generator().normal(size=PERFECT.shape)], axis=1)
    scores = _scores(duplicated)
    assert scores["mig"] < 0.05
    assert scores["sap"] < 0.01
    for name in ("beta_vae", "factor_vae", "disentanglement", "informativeness"):
        assert scores[name] == pytest.approx(1, abs=0.02), name


def test_rotated_codes_are_informative_but_entangled():
    """Two factors of equal variance, turned by 45°: each code value holds both."""
    factors = np.tile(np.array(list(product(range(5), repeat=2))), (20, 1))
    centred = factors - 2
    turned = np.stack([centred.sum(axis=1), centred @ [1, -1]], axis=1) / np.sqrt(2)
    found = evaluation.dci(turned, factors, _generator(), method="lasso")
    assert found.informativeness > 0.99
    assert found.disentanglement < 0.01
    assert found.completeness < 0.01
    np.testing.assert_allclose(found.importances, 0.5, atol=0.02)
    assert evaluation.mutual_information_gap(turned, factors) < 0.01
    assert evaluation.separated_attribute_predictability(turned, factors, _generator()) < 0.01
    for score in (evaluation.beta_vae_score, evaluation.factor_vae_score):
        assert score(turned, factors, _generator(), points=300) == pytest.approx(0.5, abs=0.1)
        assert score(centred, factors, _generator(), points=300) == 1


def test_the_mutual_information_gap_by_hand():
    """One fair bit as factor. Code 1 is it; code 2 gives it away for half of the images: I = H / 2."""
    factor = np.array([0, 0, 1, 1])[:, None]
    codes = np.array([[0, 0], [0, 2], [1, 1], [1, 2]])
    entropy, second = np.log(2), 0.5 * np.log(2)
    assert evaluation.mutual_information_gap(codes, factor) == pytest.approx((entropy - second) / entropy)


def test_dci_from_importances_by_hand():
    from keras_ae.evaluation.codes import dci_scores

    importances = np.array([[0.5, 0.0], [0.5, 0.25], [0.0, 0.75]])
    found = dci_scores._disentanglement_and_completeness(importances)

    def bits(*parts):
        return -sum(p * np.log2(p) for p in parts if p)

    by_value = [1, 1 - bits(2 / 3, 1 / 3), 1]
    by_factor = [1 - bits(0.5, 0.5) / np.log2(3), 1 - bits(0.25, 0.75) / np.log2(3)]
    assert found[0] == pytest.approx(np.dot(by_value, [0.25, 0.375, 0.375]))
    assert found[1] == pytest.approx(np.mean(by_factor))


@pytest.mark.parametrize("method", ["trees", "lasso"])
def test_a_factor_without_order_is_classified(method):
    """A shape whose number goes up and down with the code: no regression line finds it, a classifier does."""
    shape = _generator().integers(3, size=400)
    codes = np.stack([np.array([0.0, 2.0, 1.0])[shape], _generator(1).normal(size=400)], axis=1)
    factors = np.stack([shape, _generator(2).integers(2, size=400)], axis=1)
    found = evaluation.dci(codes, factors, _generator(), method, categorical=SHAPE)
    assert found.informativeness == pytest.approx(0.5, abs=0.1)  # all of the shape, nothing of the other
    assert found.importances[0, 0] > 0.9


def test_the_accuracy_of_one_code_value_counts_from_chance():
    shape = np.tile([0, 1, 2], 100)
    codes = np.stack([shape, np.zeros(300)], axis=1)
    one = evaluation.separated_attribute_predictability(codes, shape[:, None], _generator(), categorical=SHAPE)
    assert one == pytest.approx(1)
    noise = _generator().normal(size=(300, 2))
    assert evaluation.separated_attribute_predictability(noise, shape[:, None], _generator(), SHAPE) < 0.2


@settings(max_examples=10)
@given(st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3), st.permutations(range(3)), st.integers(0, 99))
def test_scale_and_order_of_the_codes_do_not_matter(scales, order, seed):
    codes = PERFECT + 0.8 * _generator(seed).normal(size=PERFECT.shape)
    changed = (codes * scales)[:, order]
    assert evaluation.mutual_information_gap(changed, FACTORS) == pytest.approx(
        evaluation.mutual_information_gap(codes, FACTORS), abs=0.02
    )
    for score in (
        lambda c: evaluation.separated_attribute_predictability(c, FACTORS, _generator()),
        lambda c: evaluation.factor_vae_score(c, FACTORS, _generator(), points=100),
        lambda c: evaluation.beta_vae_score(c, FACTORS, _generator(), points=100),
    ):
        assert score(changed) == pytest.approx(score(codes), abs=0.02)


def test_factors_that_never_change_are_left_out():
    constant = np.concatenate([np.ones((len(FACTORS), 1), int), FACTORS], axis=1)
    assert evaluation.mutual_information_gap(PERFECT, constant) == pytest.approx(1)
    found = evaluation.dci(PERFECT, constant, _generator(), "lasso", categorical=(0, 1))
    assert found.importances.shape == (3, 3)
    assert evaluation.beta_vae_score(PERFECT, constant, _generator(), points=100) == 1


def test_collapsed_code_values_are_not_active_and_get_no_votes():
    collapsed = np.concatenate([PERFECT, np.zeros((len(PERFECT), 2)), 0.05 * USELESS[:, :1]], axis=1)
    np.testing.assert_array_equal(evaluation.active_codes(collapsed), [True] * 3 + [False] * 3)
    assert evaluation.factor_vae_score(collapsed, FACTORS, _generator(), points=200) == 1


def test_constants_whose_deviation_is_not_zero_by_rounding_count_as_constants():
    constant = np.full((len(PERFECT), 2), 0.1)
    assert constant.std(axis=0).all()
    codes = np.concatenate([PERFECT, constant], axis=1)
    assert evaluation.factor_vae_score(codes, FACTORS, _generator(), points=200) == 1
    assert _scores(codes)["sap"] == pytest.approx(1, abs=0.02)
    found = evaluation.dci(codes, FACTORS, _generator(), "lasso")
    np.testing.assert_array_equal(found.importances[3:], 0)
    with pytest.raises(InputError, match="the same for all images"):
        evaluation.factor_vae_score(constant, FACTORS, _generator())


@pytest.mark.parametrize("column", [3, -1])
@pytest.mark.parametrize("score", [evaluation.dci, evaluation.separated_attribute_predictability])
def test_categorical_columns_that_do_not_exist_are_refused(score, column):
    with pytest.raises(InputError, match=rf"categorical columns \[{column}\]; expected some of 0 to 2"):
        score(PERFECT, FACTORS, _generator(), categorical=(0, column))


@pytest.mark.parametrize(
    ("codes", "factors", "received"),
    [
        (PERFECT, FACTORS[:-1], "codes of 720 images"),
        (PERFECT, FACTORS / 2, "float64"),
        (PERFECT, np.ones_like(FACTORS), "one value each"),
        (PERFECT * np.nan, FACTORS, "NaN"),
    ],
)
def test_what_does_not_fit_is_refused(codes, factors, received):
    with pytest.raises(InputError, match=received):
        evaluation.mutual_information_gap(codes, factors)


def test_factors_without_images_that_share_a_value_are_refused():
    with pytest.raises(InputError, match="every image has another value"):
        evaluation.beta_vae_score(USELESS, np.arange(len(USELESS))[:, None], _generator())
    with pytest.raises(InputError, match="method"):
        evaluation.dci(PERFECT, FACTORS, _generator(), method="forest")


def test_a_mask_names_what_its_places_do_and_a_seed_makes_a_generator():
    sap = evaluation.separated_attribute_predictability
    expected = sap(USELESS, FACTORS, _generator(3), (1,))
    assert sap(USELESS, FACTORS, 3, [False, True, False]) == expected
    assert sap(USELESS, FACTORS, 3, [False] * 3) == sap(USELESS, FACTORS, _generator(3)) != expected
    for wrong in ([False, False], [0.0], "shape"):
        with pytest.raises(InputError, match="categorical columns"):
            sap(USELESS, FACTORS, 3, wrong)


@pytest.mark.parametrize("score", [evaluation.beta_vae_score, evaluation.factor_vae_score])
def test_a_seed_is_a_generator(score):
    assert score(USELESS, FACTORS, 5, points=60) == score(USELESS, FACTORS, _generator(5), points=60)


def test_without_images_there_is_nothing_to_score():
    for codes in (PERFECT[:0], []):
        with pytest.raises(InputError, match="at least one image"):
            evaluation.dci(codes, FACTORS[:0], 0)
        with pytest.raises(InputError, match="at least one image"):
            evaluation.active_codes(codes)


@pytest.mark.parametrize(
    "score",
    [
        evaluation.separated_attribute_predictability,
        lambda *given, **how: evaluation.dci(*given, method="trees", **how),
        lambda *given, **how: evaluation.dci(*given, method="lasso", **how),
    ],
)
def test_a_category_too_rare_to_learn_or_to_score_is_refused(score):
    """One image has the other value: among those to learn from, or among those to score on, whatever the seed."""
    codes, shape = np.random.default_rng(0).normal(size=(40, 2)), np.zeros((40, 3), int)
    shape[:, 1], shape[7, 2] = np.arange(40) % 4, 1
    for seed in range(6):
        with pytest.raises(
            InputError, match=r"the categorical factor 2 with a single value among the (8|32) images"
        ):
            score(codes, shape, seed, categorical=(1, 2))


def test_a_value_that_no_image_held_out_has_leaves_the_chance_of_the_others_as_it_is():
    """Of three values the classifier may name, chance is a third, also where one of them is not scored."""
    code = np.repeat([0.0, 10.0, 20.0], [45, 45, 10])[:, None]
    value = np.repeat([0, 1, 2], [45, 45, 10])
    train, test = np.arange(100), np.r_[0:20, 45:65]
    value[:10] = 1  # a code of 0 that is named 0: half of those of value 1 are named rightly
    value[20:45] = 0
    right = disentanglement._one_code_accuracy(code, value, train, test)
    by_hand = ((1.0 + 20 / 30) / 2 - 1 / 3) / (1 - 1 / 3)
    assert right == pytest.approx(by_hand)


def test_too_few_images_to_learn_from_and_to_score_on_are_refused():
    with pytest.raises(InputError, match="codes of 7 images; expected at least 8"):
        evaluation.dci(USELESS[:7], np.arange(7)[:, None] % 2, 0, method="lasso")

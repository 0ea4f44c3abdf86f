"""What the explorer tells of models whose answers are known."""

import numpy as np
import pytest
from explore.explored_models import Lossy, Mapped, images_of, png
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae._support.errors import InputError
from keras_ae.data.preparation import Preparation
from keras_ae.density import Gaussian
from keras_ae.explore import Exploration
from keras_ae.explore.images import uploaded_image
from keras_ae.explore.scoring import Scoring

pytestmark = pytest.mark.tensorflow
SPREADS = [0.1, 0.4, 0.0, 0.2, 0.3, 0.3]


@pytest.fixture(scope="module")
def lossy():
    images = images_of((2, 3, 1), spreads=SPREADS)
    scoring = Scoring("brightness", lambda batch: batch.mean(axis=(1, 2, 3)), 0.5, "made up")
    return Exploration("lossy", Lossy(), images, scoring=scoring)


def test_variables_come_in_the_order_of_how_much_they_vary(lossy):
    assert [each.index for each in lossy.variables] == [1, 3, 0, 2]
    codes = 2 * lossy.images.training.reshape(30, 6)[:, :4] - 1
    for each in lossy.variables[:3]:
        assert each.deviation == pytest.approx(codes[:, each.index].std(), rel=1e-5)
        middle, reach = codes[:, each.index].mean(), 3 * codes[:, each.index].std()
        assert (each.low, each.high) == pytest.approx((middle - reach, middle + reach), rel=1e-4)
    assert [each.active for each in lossy.variables] == [True, True, True, False]
    assert lossy.variables[3].low < 0 < lossy.variables[3].high  # one that never varied can be moved all the same
    assert [each.name for each in lossy.variables] == [f"variable {number}" for number in (2, 4, 1, 3)]


def test_without_images_there_is_a_range_and_no_map():
    explored = Exploration("lossy", Lossy())
    assert {(each.low, each.high) for each in explored.variables} == {(-3.0, 3.0)}
    assert explored.start.tolist() == [0.0] * 4
    assert explored.axes().keys() == {"0", "1", "2", "3"}
    assert len(explored.reconstruct(np.zeros((2, 3, 1), np.float32)).neighbors) == 0


@settings(max_examples=20)
@given(code=st.lists(st.floats(-2, 2, width=32), min_size=4, max_size=4))
def test_decoding_is_the_models_clipped(lossy, code):
    expected = np.append(np.clip((np.float32(code) + 1) / 2, 0, 1), [0.5, 0.5]).reshape(2, 3, 1)
    np.testing.assert_allclose(lossy.decode(code), expected, atol=1e-6)


def test_a_traversal_changes_one_value_from_end_to_end(lossy):
    values, images = lossy.traversal([0, 0, 0, 0], 1, steps=5)
    variable = lossy.variables[0]
    np.testing.assert_allclose(values, np.linspace(variable.low, variable.high, 5), rtol=1e-6)
    np.testing.assert_allclose(images[:, 0, 1, 0], np.clip((values + 1) / 2, 0, 1), atol=1e-6)
    others = np.delete(images.reshape(5, 6), 1, axis=1)
    np.testing.assert_allclose(others, 0.5, atol=1e-6)
    with pytest.raises(InputError, match="0 to 3"):
        lossy.traversal([0, 0, 0, 0], 4)


def test_an_image_may_be_bytes_and_what_is_none_is_refused(lossy):
    bytes_ = np.arange(0, 240, 40).astype(np.uint8).reshape(2, 3, 1)
    seen, same = lossy.reconstruct(bytes_), lossy.reconstruct(bytes_ / 255)
    np.testing.assert_allclose(seen.image, bytes_ / 255, rtol=1e-6)
    assert (seen.mse, seen.score) == pytest.approx((same.mse, same.score))
    np.testing.assert_allclose(lossy.encode(bytes_[..., 0]), seen.code, rtol=1e-6)
    for wrong in (bytes_ / 1, bytes_[:1] / 255, lossy.images.training[:2]):
        with pytest.raises(InputError):
            lossy.reconstruct(wrong)


def test_a_reconstruction_with_its_error_and_neighbors(lossy):
    image = lossy.images.training[7].copy()
    seen = lossy.reconstruct(image)
    missed = np.abs(image.reshape(6)[4:] - 0.5)
    assert seen.mse == pytest.approx(np.sum(missed**2) / 6, rel=1e-5)
    np.testing.assert_allclose(seen.error.reshape(6), [0, 0, 0, 0, *missed], atol=1e-6)
    assert seen.score == pytest.approx(image.mean())
    codes = 2 * lossy.images.training.reshape(30, 6)[:, :4] - 1
    distances = np.linalg.norm(codes - codes[7], axis=1)
    np.testing.assert_allclose(distances[seen.neighbors], np.sort(distances)[: len(seen.neighbors)], atol=1e-5)


def test_the_map_has_components_scores_and_variables(lossy):
    assert list(lossy.axes()) == ["pc1", "pc2", "score", "1", "3", "0", "2"]
    np.testing.assert_allclose(lossy.coordinates("3"), 2 * lossy.images.shown[:, 1, 0, 0] - 1, atol=1e-6)
    np.testing.assert_allclose(lossy.coordinates("score"), lossy.images.shown.mean(axis=(1, 2, 3)), rtol=1e-6)
    centred = lossy.codes - lossy.codes.mean(axis=0)
    first = np.linalg.svd(centred)[2][0]
    np.testing.assert_allclose(np.abs(lossy.coordinates("pc1")), np.abs(centred @ first), atol=1e-4)
    with pytest.raises(InputError, match="one of 0, 1"):
        lossy.coordinates("9")


def test_interpolation_ends_at_the_reconstructions(lossy):
    for kind in ("linear", "spherical"):
        images = lossy.interpolate(3, 8, kind, steps=7)
        for place, row in ((0, 3), (-1, 8)):
            np.testing.assert_allclose(images[place], lossy.decode(lossy.codes[row]), atol=1e-5)
    middle = lossy.interpolate(3, 8, "linear", steps=3)[1]
    np.testing.assert_allclose(middle, lossy.decode(lossy.codes[[3, 8]].mean(axis=0)), atol=1e-6)


def test_a_map_of_features_has_a_variable_for_each_position_and_channel():
    spreads = np.linspace(0.05, 0.45, 24)
    explored = Exploration("mapped", Mapped(), images_of((4, 2, 3), spreads=spreads))
    assert explored.size == 24
    assert explored.variables[0].index == 23
    assert explored.variables[0].name == "row 4, column 2, channel 3"
    code = np.arange(24) / 24
    np.testing.assert_allclose(explored.decode(code), code.reshape(4, 2, 3), atol=1e-6)
    np.testing.assert_allclose(explored.encode(explored.decode(code)), code, atol=1e-6)


def test_samples_are_those_of_the_density(lossy):
    density = Gaussian().fit(lossy.training_codes)
    explored = Exploration("lossy", Lossy(), densities={"gaussian": density})
    assert (explored.sample("gaussian", 5) == density.sample(1, 5)[0]).all()
    with pytest.raises(InputError, match="one of gaussian"):
        explored.sample("mixture", 0)


@pytest.mark.parametrize("code", [[0, 0, 0], [0, 0, 0, float("nan")]])
def test_a_wrong_code_is_refused(lossy, code):
    with pytest.raises(InputError, match="4 finite values"):
        lossy.decode(code)


def test_images_of_another_shape_are_refused():
    with pytest.raises(InputError, match="which lossy takes"):
        Exploration("lossy", Lossy(), images_of((4, 2, 3)))


def test_a_file_is_prepared_as_the_trainings_images_were():
    pixels = np.random.default_rng(0).integers(0, 256, (10, 12), dtype=np.uint8)
    found = uploaded_image(png(pixels), "a.png", (4, 6, 1), Preparation(crop=(4, 6)))
    np.testing.assert_allclose(found[..., 0], pixels[3:7, 3:9] / 255, atol=1e-6)
    found = uploaded_image(png(pixels), "a.png", (10, 12, 3))
    np.testing.assert_allclose(found, np.repeat(pixels[..., None], 3, axis=-1) / 255, atol=1e-6)
    assert uploaded_image(png(pixels), "a.png", (5, 5, 1)).shape == (5, 5, 1)


@pytest.mark.parametrize("content", [b"no image", b"", png(np.zeros((4, 4), np.uint8))[:40]])
def test_what_is_no_image_is_refused_by_its_name(content):
    with pytest.raises(InputError, match=r"'notes\.txt'.*drop another file"):
        uploaded_image(content, "notes.txt", (4, 4, 1))


def test_a_huge_file_is_refused():
    with pytest.raises(InputError, match="30 MB"):
        uploaded_image(bytes(30_000_000), "a.png", (4, 4, 1))

"""Codes of many images."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae import evaluation
from keras_ae._support.errors import InputError

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def model():
    return kae.architectures.convolutional((4, 4, 1), (2, 2, 3), strided_layers=1)


BYTES = np.random.default_rng(0).integers(0, 256, (300, 4, 4, 1)).astype(np.uint8)
IMAGES = BYTES.astype(np.float32) / 255


@pytest.mark.parametrize(
    ("count", "given"),
    [
        (300, lambda: IMAGES),
        (300, lambda: keras.ops.convert_to_tensor(IMAGES)),
        (300, lambda: [IMAGES[:7], IMAGES[7:]]),
        (3, lambda: list(IMAGES[:3])),
        (5, lambda: IMAGES[:5, ..., 0]),
        (5, lambda: IMAGES[:5].reshape(5, 16)),
        (300, lambda: BYTES),
        (300, lambda: iter([BYTES[:7], BYTES[7:]])),
        (9, lambda: [(IMAGES[:7], np.arange(7)), (IMAGES[7:9], np.arange(2))]),
        (9, lambda: [(IMAGES[:7], np.zeros((7, 5))), (IMAGES[7:9], IMAGES[:2])]),
        (2, lambda: [IMAGES[:0], IMAGES[:2]]),
        (1, lambda: IMAGES[0]),
        (1, lambda: keras.ops.convert_to_tensor(BYTES[0])),
        (1, lambda: IMAGES[0, ..., 0]),
    ],
)
def test_images_have_the_same_codes_however_they_are_given(model, count, given):
    expected = keras.ops.convert_to_numpy(model.encode(IMAGES[:count]))
    np.testing.assert_allclose(kae.evaluation.encode(model, given()), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((3, 12, 12, 1)), r"\(3, 12, 12, 1\); expected \(n, 4, 4, 1\)"),
        (IMAGES * 255, "divide by 255"),
        (IMAGES - 0.5, r"floats in \[0, 1\]"),
        (IMAGES * np.nan, "NaN"),
        (IMAGES[:0], "no images"),
        ([], "no images"),
        ([IMAGES[:0]], "no images"),
        (None, "type NoneType; expected an array"),
        (3, "type int; expected an array"),
        ("digits", "type str"),
        ([np.arange(3)], r"images of \(3,\)"),
    ],
)
def test_what_are_no_images_of_the_model_is_refused(model, given, message):
    for measure in (kae.evaluation.encode, kae.evaluation.measure_reconstruction):
        with pytest.raises(InputError, match=message):
            measure(model, given)


def test_data_as_a_whole_is_refused_and_its_labels_are_dropped():
    digits = kae.data.load("digits")
    autoencoder = kae.architectures.fully_connected((8, 8, 1), (2,), hidden=(4,))
    with pytest.raises(InputError, match=r"type ImageData; .* such as data\.test"):
        kae.evaluation.encode(autoencoder, digits)
    pipeline = digits.pipeline("test", labels=True)
    codes = kae.evaluation.encode(autoencoder, pipeline)
    np.testing.assert_array_equal(codes, kae.evaluation.encode(autoencoder, digits.test))
    expected = kae.evaluation.measure_reconstruction(autoencoder, digits.test)
    np.testing.assert_array_equal(kae.evaluation.measure_reconstruction(autoencoder, pipeline).mse, expected.mse)


def test_bytes_are_images_for_all_that_takes_an_autoencoders_images(model):
    dense = kae.architectures.fully_connected((4, 4, 1), (3,), hidden=(8,))
    same = {
        "interpolate": lambda images: kae.evaluation.interpolate(model, images[0], images[1], 3),
        "feature_maps": lambda images: kae.evaluation.feature_maps(model, images[:2])["code"],
        "lipschitz": lambda images: kae.evaluation.lipschitz_estimates(dense, images[:2], 2)["encoder"],
        "extractor": lambda images: kae.evaluation.feature_extractor("digits-classifier")(images[:2]),
    }
    for function in same.values():
        np.testing.assert_allclose(function(BYTES), function(IMAGES), rtol=1e-4)
    with pytest.raises(InputError, match="2 images; expected one image"):
        kae.evaluation.interpolate(model, IMAGES[:2], IMAGES[0], 3)


def test_a_model_is_compiled_once_and_its_codes_follow_its_weights(tmp_path):
    model = kae.architectures.fully_connected((4, 4, 1), (3,), hidden=(8,))
    images = np.random.default_rng(0).random((10, 4, 4, 1)).astype("float32")
    before = kae.evaluation.encode(model, images)
    compiled = vars(model)["_compiled_methods"]["encode"]
    model.compile("adam", "mse")
    model.fit(images, epochs=1, verbose=0)
    after = kae.evaluation.encode(model, images)
    assert vars(model)["_compiled_methods"]["encode"] is compiled
    np.testing.assert_allclose(kae.evaluation.encode(model, images[:7]), after[:7], rtol=1e-5)
    assert compiled.traces == 1  # also of a batch of another size
    np.testing.assert_allclose(after, model.encode(images), rtol=1e-5)
    assert np.abs(after - before).max() > 1e-4
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(kae.evaluation.encode(kae.load_model(tmp_path / "model.keras"), images), after)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: [[x, np.arange(len(x))]],  # batches as lists, as PyTorch's loaders give them
        lambda x: [[x[0], x[1][:2]]],
        lambda x: [{"image": x, "label": np.arange(len(x))}],
        lambda x: x.astype(complex),
        lambda x: x.astype(str),
        lambda _: tf.ragged.constant([[1.0], [1.0, 2.0]]),
        lambda x: tf.sparse.from_dense(x),
        lambda _: np.float32(1),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_in_one_line(wrong):
    model = kae.architectures.fully_connected((6, 5, 2), (3,), hidden=(4,))
    images = np.random.default_rng(0).random((8, 6, 5, 2)).astype(np.float32)
    for read in (evaluation.encode, evaluation.measure_reconstruction):
        with pytest.raises(InputError, match="expected an array") as caught:
            read(model, wrong(images))
        assert "\n" not in str(caught.value)
    for good in ([(images, np.arange(8))], images.astype(object), images > 0.5):
        assert evaluation.encode(model, good).shape == (8, 3)

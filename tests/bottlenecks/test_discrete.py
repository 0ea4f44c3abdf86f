"""Discrete codes: integers there and back, known clusters, the implied codebook, what the logs show, exports."""

import keras
import numpy as np
import pytest
from bottlenecks.penalized_training import array, correlated_images, passing_on, trained
from sklearn.datasets import make_blobs

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Decorrelated, Dense, FiniteScalar, VectorQuantized

IMAGES = np.random.default_rng(0).random((6, 8, 8, 1)).astype("float32")


def _maps(bottleneck):
    return kae.architectures.convolutional(
        (8, 8, 1), (4, 4, 4), strided_layers=1, width=2, residual_blocks=1, bottleneck=bottleneck
    )


DISCRETE = [
    lambda: VectorQuantized(4, entries=6, groups=2, seed=1),
    lambda: VectorQuantized(4, entries=6, updates="gradient", seed=1),
    lambda: FiniteScalar(4, levels=(8, 5, 2, 3)),
    lambda: Decorrelated(of=VectorQuantized(4, entries=6, seed=1)),
]
EACH = pytest.mark.parametrize("make", DISCRETE, ids=["averages", "gradient", "scalar", "decorrelated"])


@pytest.mark.thorough
@EACH
def test_codes_are_integers_there_and_back(make):
    model = _maps(make())
    model.compile("adam", "mse", run_eagerly=keras.backend.backend() == "tensorflow")
    model.fit(IMAGES, epochs=2, verbose=0)
    indices, codes = array(model.encode(IMAGES, indices=True)), array(model.encode(IMAGES))
    assert indices.dtype == "int32"
    assert indices.shape[1:] == model.indices_shape == (4, 4, len(model.bottleneck.sizes))
    assert (indices >= 0).all()
    assert (indices < model.bottleneck.sizes).all()
    np.testing.assert_allclose(array(model.bottleneck.codes(indices)), codes, atol=1e-6)
    np.testing.assert_allclose(array(model.decode(indices)), array(model.reconstruct(IMAGES)), atol=1e-5)


@EACH
def test_integers_that_do_not_exist_are_refused(make):
    model = _maps(make())
    for wrong in (-1, 8):
        with pytest.raises(InputError, match=f"integers from .*{wrong}.* as codes; expected 0 to "):
            model.decode(np.full((1, *model.indices_shape), wrong))


def test_continuous_codes_have_no_integers():
    model = _maps(Dense(4))
    assert model.indices_shape is None
    with pytest.raises(InputError, match="a Dense bottleneck for codes as integers"):
        model.encode(IMAGES, indices=True)


@pytest.mark.parametrize("levels", [(2, 3, 4, 5), 8, 2])
def test_finite_scalars_have_exactly_their_levels_and_the_codebook_that_these_imply(levels):
    bottleneck = passing_on(FiniteScalar(4, levels, normalization=None), 4)
    values = np.repeat(np.linspace(-6, 6, 1201, dtype="float32")[:, None], 4, axis=1)
    code = array(bottleneck(values))
    sizes = np.broadcast_to(levels, 4)
    assert bottleneck.codebook_size == np.prod(sizes)
    for i, size in enumerate(sizes):
        expected = (np.arange(size) - size // 2) / (size // 2)
        np.testing.assert_allclose(np.unique(code[:, i]), expected, atol=1e-6)
        assert (np.diff(code[:, i]) >= 0).all()
    np.testing.assert_array_equal(array(bottleneck.indices(code)).max(axis=0), sizes - 1)


def test_finite_scalars_round_the_bounded_value():
    """Of five levels: 2.002·tanh(z), rounded, over 2."""
    bottleneck = passing_on(FiniteScalar(1, levels=5, normalization=None), 1)
    z = np.array([[-9.0], [-0.3], [0.2], [0.5], [1.5]], "float32")
    expected = np.round(2.002 * np.tanh(z)) / 2
    np.testing.assert_array_equal(array(bottleneck(z)), expected)
    assert expected[:, 0].tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]


def test_a_common_offset_does_not_make_all_codes_one():
    values = np.random.default_rng(0).normal(20.0, 1.0, (500, 1)).astype("float32")  # tanh is 1 of all of them
    levels = {}
    for normalization in ("standard", None):
        bottleneck = passing_on(FiniteScalar(1, levels=5, normalization=normalization), 1)
        levels[normalization] = np.unique(array(bottleneck(values, training=True))).tolist()
    assert levels == {"standard": [-1.0, -0.5, 0.0, 0.5, 1.0], None: [1.0]}
    assert FiniteScalar(1).normalization == "standard"
    before = {**FiniteScalar(1).get_config(), "normalization": None}  # a model saved when there was none
    assert FiniteScalar.from_config(before).normalization is None


def test_vectors_become_the_nearest_entry_and_pay_for_the_distance():
    bottleneck = passing_on(VectorQuantized(2, entries=3, commitment=0.5, updates="gradient"), 2)
    entries = np.array([[[0.0, 0.0], [1.0, 1.0], [4.0, 0.0]]], "float32")
    bottleneck.places.assign(entries)
    values = np.array([[0.2, 0.1], [3.0, 1.0]], "float32")
    code = array(bottleneck(values))
    np.testing.assert_allclose(code, entries[0][[0, 2]], atol=1e-6)
    distance = (0.2**2 + 0.1**2 + 1.0**2 + 1.0**2) / 2
    assert [float(x) for x in bottleneck.losses] == pytest.approx([0.5 * distance, distance], rel=1e-5)


def test_an_entry_is_the_exponential_average_of_the_values_that_it_replaces():
    bottleneck = passing_on(VectorQuantized(1, entries=2, decay=0.75), 1)
    bottleneck.places.assign([[[0.0], [10.0]]])
    bottleneck.shares.assign([[0.5, 0.5]])
    bottleneck(np.array([[1.0], [1.0], [1.0], [9.0]], "float32"), training=True)
    shares = 0.75 * 0.5 + 0.25 * np.array([0.75, 0.25])
    sums = 0.75 * 0.5 * np.array([0.0, 10.0]) + 0.25 * np.array([0.75 * 1.0, 0.25 * 9.0])
    np.testing.assert_allclose(array(bottleneck.shares)[0], shares, rtol=1e-5)
    np.testing.assert_allclose(array(bottleneck.places)[0, :, 0], sums / shares, rtol=1e-5)


def _on_clusters(updates: str):
    """Centres of eight clusters, the codebook after steps on them, and the logs."""
    keras.utils.set_random_seed(0)
    centers = 10 * np.array([[x, y] for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y], "float32")
    values, _ = make_blobs(2000, centers=centers, cluster_std=0.3, random_state=0)
    bottleneck = passing_on(VectorQuantized(2, entries=8, updates=updates, seed=1), 2)
    bottleneck.code.trainable = False
    model = keras.Sequential([bottleneck])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    model.fit(np.float32(values), np.float32(values), epochs=6, batch_size=64, verbose=0)
    return centers, array(bottleneck.codebook())[0], {k: float(v) for k, v in bottleneck.measures().items()}


@pytest.mark.parametrize("updates", ["averages", "gradient"])
def test_well_parted_clusters_are_found_with_full_usage(updates):
    centers, book, measured = _on_clusters(updates)
    distances = np.linalg.norm(centers[:, None] - book[None], axis=2)
    assert sorted(distances.argmin(axis=1)) == list(range(8))
    assert distances.min(axis=1).max() < 0.3
    assert measured["usage"] == 1.0
    assert measured["perplexity"] == pytest.approx(8, rel=0.05)


def test_usage_and_perplexity_are_of_the_shares():
    bottleneck = passing_on(FiniteScalar(2, levels=(4, 2), decay=0.0), 2)
    chosen = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    bottleneck.observe(keras.ops.convert_to_tensor(chosen, "int32"))
    measured = {name: float(value) for name, value in bottleneck.measures().items()}
    assert measured == pytest.approx({"usage": (2 / 4 + 2 / 2) / 2, "perplexity": 2.0})


@pytest.mark.thorough
@pytest.mark.parametrize("make", DISCRETE[:3], ids=["averages", "gradient", "scalar"])
def test_logs_show_usage_and_perplexity(make):
    codes, logs = trained(make(), epochs=2)
    assert len(np.unique(codes, axis=0)) > 1
    for prefix in ("usage", "perplexity"):
        assert len(logs[prefix]) == 2
    assert 0 < logs["usage"][-1] <= 1 <= logs["perplexity"][-1] <= 8


@pytest.mark.thorough
def test_training_separates_images_by_their_codes():
    _, logs = trained(VectorQuantized(2, entries=16, seed=1))
    assert logs["loss"][-1] < 0.5 * correlated_images().var()
    assert logs["usage"][-1] > 0.8


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FiniteScalar(3, levels=(5, 5)), "3 numbers from 2 on"),
        (lambda: FiniteScalar(2, levels=1), "2 numbers from 2 on"),
        (lambda: VectorQuantized(4, groups=3), "a number that divides them"),
        (lambda: VectorQuantized(4, updates="gradients"), "did you mean 'gradient'"),
        (lambda: VectorQuantized(4, decay=1.0), "0 to below 1"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.thorough
@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "make",
    [*(pytest.param(make, marks=pytest.mark.slow) for make in DISCRETE[:2]), DISCRETE[2]],
    ids=["averages", "gradient", "scalar"],
)
def test_every_export_gives_the_integers_and_the_saved_model_takes_them(make, tmp_path):
    import tensorflow as tf

    model = _maps(make())
    expected = array(model.encode(IMAGES, indices=True))
    np.testing.assert_array_equal(kae.evaluation.encode(model, IMAGES, indices=True), expected)
    endpoints = kae.export.autoencoder_endpoints(model)
    kae.export.write_saved_model(model, endpoints, tmp_path / "saved", IMAGES)
    signatures = kae.export.load_saved_model(tmp_path / "saved").signatures
    np.testing.assert_array_equal(signatures["encode"](images=tf.constant(IMAGES))["indices"], expected)
    decoded = signatures["decode_indices"](indices=tf.constant(expected))["images"]
    np.testing.assert_allclose(decoded, array(model.reconstruct(IMAGES)), atol=1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected indices from 0 to below"):
        signatures["decode_indices"](indices=tf.constant(expected + 8))
    portable = kae.export.portable_endpoint(lambda x: kae.export.encoded(model, x), model.image_shape)
    broken = np.concatenate([IMAGES, np.full_like(IMAGES[:1], np.nan)])
    _, names, session = kae.export.convert_to_onnx("encode", portable)
    received = dict(zip(names, session.run(names, {"images": broken}), strict=True))
    _, runner = kae.export.convert_to_litert(model, "encode", portable)
    for outputs in (received, runner(images=broken)):
        np.testing.assert_array_equal(outputs["indices"][:-1], expected)
        assert (outputs["indices"][-1] == -1).all()
        assert np.isnan(outputs["codes"][-1]).all()

"""SavedModels: what they answer, in a process that has TensorFlow and not this library."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae import export
from keras_ae._support.errors import InputError
from keras_ae.density import Gaussian

pytestmark = pytest.mark.tensorflow
SHAPE = (8, 4, 2)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return kae.architectures.strided(SHAPE, (3,), filters=2, strided_layers=2, bottleneck="variational")


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((5, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def saved(model, images, tmp_path_factory):
    density = kae.density.GaussianMixture(2).fit(np.random.default_rng(1).normal(size=(40, 3)) * [1, 2, 3])
    path = tmp_path_factory.mktemp("saved") / "model"
    checked = export.write_saved_model(model, export.autoencoder_endpoints(model, density), path, images)
    return path, checked, density


@pytest.fixture(scope="module")
def signatures(saved):
    import tensorflow as tf

    loaded = tf.saved_model.load(str(saved[0]))
    signatures = dict(loaded.signatures)
    signatures["_kept"] = loaded  # its variables live as long as it does
    return signatures


@pytest.mark.thorough
def test_each_endpoint_is_the_models(model, images, saved, signatures):
    _, checked, _ = saved
    codes = keras.ops.convert_to_numpy(model.encode(images))
    np.testing.assert_allclose(signatures["encode"](images=images)["codes"], codes, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        signatures["decode"](codes=codes)["images"], keras.ops.convert_to_numpy(model.decode(codes)), atol=1e-6
    )
    reconstructed = keras.ops.convert_to_numpy(model.reconstruct(images))
    for name in ("reconstruct", "serving_default"):
        np.testing.assert_allclose(signatures[name](images=images)["images"], reconstructed, atol=1e-6)
    assert set(checked) == {
        *("encode", "encode_uint8", "reconstruct", "reconstruct_uint8", "decode", "sample"),
    }
    assert all(parity.difference <= 1e-5 for name, parity in checked.items() if name != "sample")


def test_images_of_bytes_are_scaled(images, signatures):
    bytes_ = np.round(images * 255).astype(np.uint8)
    expected = signatures["encode"](images=(bytes_ / 255).astype(np.float32))["codes"]
    np.testing.assert_allclose(signatures["encode_uint8"](images=bytes_)["codes"], expected, atol=1e-5)


def test_an_export_is_compared_on_bytes_too_and_not_on_other_values(model, images, tmp_path):
    endpoints = export.autoencoder_endpoints(model)
    bytes_ = np.round(images * 255).astype(np.uint8)
    assert export.write_saved_model(model, endpoints, tmp_path / "bytes", bytes_)["encode"].holds
    with pytest.raises(InputError, match="divide by 255, or give uint8"):
        export.write_saved_model(model, endpoints, tmp_path / "other", bytes_.astype("float32"))


def test_without_tensorflow_a_saved_model_says_what_to_install(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(InputError, match=r"without the package tensorflow; .*; pip install tensorflow"):
        export.load_saved_model(saved[0])


def test_the_batch_may_have_any_size(images, signatures):
    for count in (1, 2, 5):
        assert signatures["encode"](images=images[:count])["codes"].shape == (count, 3)


def test_samples_are_decoded_draws_of_the_density(saved):
    import tensorflow as tf

    density = saved[2]
    draw = export.sampler(density)
    codes = draw(20_000, 7).numpy()
    expected = density.distribution()
    assert np.array_equal(codes, draw(20_000, 7).numpy())
    assert not np.array_equal(codes, draw(20_000, 8).numpy())
    mean = expected.mean().numpy()
    np.testing.assert_allclose(codes.mean(axis=0), mean, atol=5 * codes.std() / 20_000**0.5)
    covariance = np.einsum("k,kij->ij", density.weights, density.factors @ density.factors.transpose(0, 2, 1))
    between = density.means - mean
    covariance += np.einsum("k,ki,kj->ij", density.weights, between, between)
    np.testing.assert_allclose(np.cov(codes, rowvar=False), covariance, rtol=0.1, atol=0.1)
    loaded = tf.saved_model.load(str(saved[0]))
    sampled = loaded.signatures["sample"](count=tf.constant(4), seed=tf.constant(7))["images"]
    assert sampled.shape == (4, *SHAPE)


BARE = """
import sys
import numpy as np, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
images = np.load(sys.argv[2])
np.save(sys.argv[3], loaded.signatures["reconstruct"](images=tf.constant(images))["images"].numpy())
assert not any(name.startswith("keras_ae") for name in sys.modules)
"""


@pytest.mark.thorough
def test_it_runs_without_this_library(model, images, saved, tmp_path):
    np.save(tmp_path / "images.npy", images)
    command = [sys.executable, "-I", "-c", BARE, saved[0], tmp_path / "images.npy", tmp_path / "out.npy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    expected = keras.ops.convert_to_numpy(model.reconstruct(images))
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: np.where(x > 0.9, np.nan, x), "expected finite pixels"),
        (lambda x: np.where(x > 0.9, np.inf, x), "expected finite pixels"),
        (lambda x: x * 255, r"expected pixels in \[0, 1\]; bytes go to"),
        (lambda x: x[..., :1], "8, 4, 2"),
        (lambda x: x[:, :7], "8, 4, 2"),
    ],
)
def test_what_is_no_image_gets_an_error(images, signatures, change, message):
    with pytest.raises(Exception, match=message):
        signatures["reconstruct"](images=change(images).astype(np.float32))


def test_codes_that_are_not_finite_get_an_error(signatures):
    with pytest.raises(Exception, match="expected finite codes"):
        signatures["decode"](codes=np.full((1, 3), np.nan, np.float32))


@pytest.mark.thorough
def test_a_model_that_was_exported_still_trains(images, tmp_path):
    model = kae.architectures.fully_connected(SHAPE, (3,), bottleneck="decorrelated")
    export.write_saved_model(model, export.autoencoder_endpoints(model), tmp_path / "model", images)
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    before = model.evaluate(images, verbose=0, return_dict=True)["loss"]
    model.fit(images, epochs=30, verbose=0)
    assert model.evaluate(images, verbose=0, return_dict=True)["loss"] < before
    export.write_saved_model(model, export.autoencoder_endpoints(model), tmp_path / "model", images)


def test_an_endpoint_that_computes_something_else_is_refused_and_leaves_nothing(model, images, tmp_path):
    import tensorflow as tf

    def fickle(x):  # something else when it is traced
        return {"images": x if tf.executing_eagerly() else x + 1e-4}

    endpoints = {"fickle": export.Endpoint(fickle, (export.Input("images", (None, *SHAPE)),))}
    with pytest.raises(InputError, match=r"differs from the Keras model by 0\.0001"):
        export.write_saved_model(model, endpoints, tmp_path / "model", images)
    assert not list(tmp_path.iterdir())


def test_a_directory_with_other_things_is_not_replaced(model, images, tmp_path):
    (tmp_path / "notes.txt").write_text("keep me")
    with pytest.raises(InputError, match=r"notes\.txt, which keras-ae did not write"):
        export.write_saved_model(model, export.autoencoder_endpoints(model), tmp_path, images)
    assert (tmp_path / "notes.txt").exists()


def test_the_deviation_is_the_largest_difference():
    assert export.deviation([0.0, 1000.0], [1e-6, 1000.01]) == pytest.approx(0.01, rel=1e-3)
    assert export.deviation([np.nan, 0.5], [np.nan, 0.5]) == 0
    assert export.deviation([np.nan], [1.0]) == float("inf")
    assert export.deviation([1.0, 2.0], [1.0]) == float("inf")


@pytest.mark.parametrize(("a", "b"), [(np.inf, 5.0), (5.0, np.inf), (np.inf, -np.inf), (np.inf, np.nan)])
def test_infinities_deviate_from_all_but_themselves(a, b):
    assert export.deviation([a, 0.5], [b, 0.5]) == float("inf")
    assert export.deviation([a], [a]) == 0


def test_moments_that_differ_are_refused():
    generator = np.random.default_rng(0)

    def draws(mean, batches=4):
        return (generator.normal(mean, 1, (500, 3)) for _ in range(batches))

    export.check_moments("sample", draws(0), draws(0))
    with pytest.raises(InputError, match="standard errors"):
        export.check_moments("sample", draws(0), draws(0.5))
    with pytest.raises(InputError, match="nan standard errors"):
        export.check_moments("sample", draws(0), draws(np.nan))
    a, b = (generator.normal(0, 1, (2000, 3)) for _ in range(2))
    found = export.check_moments("sample", np.split(a, 4), np.split(b, 5))
    errors = np.sqrt((a.var(0) + b.var(0)) / 2000)
    assert found.difference == pytest.approx(np.max(np.abs(a.mean(0) - b.mean(0)) / errors), rel=1e-3)


def test_samples_are_checked_a_few_at_a_time(model, images, tmp_path):
    import tensorflow as tf

    counts = []

    def sample(count, seed):
        if tf.executing_eagerly():
            counts.append(int(count))
        return {"images": tf.random.stateless_uniform((count, *SHAPE), tf.stack([seed, 0]))}

    inputs = (export.Input("count", (), "int32"), export.Input("seed", (), "int32"))
    endpoints = {"sample": export.Endpoint(sample, inputs, random=True)}
    export.write_saved_model(model, endpoints, tmp_path / "model", images)
    assert sum(counts) == 4096
    assert max(counts) <= 256


def test_a_density_of_other_codes_is_refused(model):
    with pytest.raises(InputError, match="call fit"):
        export.autoencoder_endpoints(model, Gaussian())
    other = Gaussian().fit(np.random.default_rng(0).random((50, 1 + int(np.prod(model.code_shape)))))
    with pytest.raises(InputError, match="as the density was fitted to"):
        export.autoencoder_endpoints(model, other)


@pytest.mark.parametrize("name", ["all[:50%]", "a*b?c", "back\\slash"])
def test_directories_of_any_name_hold_a_model(name, model, images, tmp_path):
    encode = export.autoencoder_endpoints(model)["encode"]
    path = tmp_path / name / "model"
    export.write_saved_model(model, {"encode": encode}, path, images)
    loaded = export.load_saved_model(path)
    np.testing.assert_allclose(
        loaded.signatures["encode"](images=images)["codes"], model.encode(images), atol=1e-5
    )

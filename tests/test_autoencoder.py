"""What Autoencoder adds to a Keras model: targets, penalties, weights of images, automatic choices."""

import re

import keras
import numpy as np
import pytest
from keras import ops

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae._support.execution import computing_in


def _images(count=32, shape=(6, 4, 1), seed=0):
    return np.random.default_rng(seed).random((count, *shape)).astype("float32")


def _model(bottleneck="dense", seed=0):
    keras.utils.set_random_seed(seed)
    return kae.architectures.fully_connected((6, 4, 1), (3,), hidden=(8,), bottleneck=bottleneck)


def _trained(*data, **options):
    model = _model()
    model.compile(keras.optimizers.Adam(1e-2), "mse", steps_per_execution=1)
    history = model.fit(*data, batch_size=8, epochs=2, verbose=0, shuffle=False, **options)
    return model, history.history


def _array(tensor):
    return keras.ops.convert_to_numpy(tensor)


@pytest.mark.thorough
def test_the_target_is_the_input_where_none_is_given():
    images = _images()
    alone, pairs = _trained(images), _trained(images, images)
    assert alone[1]["loss"] == pairs[1]["loss"]
    for a, b in zip(alone[0].get_weights(), pairs[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.thorough
def test_pairs_train_it_to_denoise():
    clean = _images()
    noisy = np.clip(clean + _images(seed=1) - 0.5, 0, 1)
    _, history = _trained(noisy, clean, validation_data=(noisy, clean))
    model = _model()
    expected = np.mean((_array(model(noisy)) - clean) ** 2)
    model.compile("adam", "mse")
    assert model.evaluate(noisy, clean, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert np.isfinite(history["val_loss"]).all()


def test_metrics_compare_with_the_input_too():
    model = _model()
    model.compile("adam", "mae", metrics=["mse"])
    images = _images()
    result = model.evaluate(images, verbose=0, return_dict=True)
    assert result["mse"] == pytest.approx(np.mean((_array(model(images)) - images) ** 2), rel=1e-5)


def test_one_weight_an_image_weighs_images_and_not_columns():
    images, model = _images(count=4), _model()  # as many images as columns
    model.compile("adam", "mse")
    weights = np.array([1.0, 0.0, 0.0, 0.0], "float32")
    loss = model.evaluate(images, images, sample_weight=weights, batch_size=4, verbose=0)
    errors = np.mean((_array(model(images)) - images) ** 2, axis=(1, 2, 3))
    assert loss == pytest.approx(errors[0] / 4, rel=1e-4)


@pytest.mark.tensorflow
def test_weights_count_without_a_target_too():
    """A weight of 0 leaves an image out; without y, Keras itself would drop the weights."""
    images, model = _images(count=4), _model()
    model.compile("sgd", "mse")
    weights = np.array([1.0, 0.0, 0.0, 0.0], "float32")
    first = np.mean((_array(model(images[:1])) - images[:1]) ** 2)
    assert model.evaluate(images, sample_weight=weights, verbose=0) == pytest.approx(first / 4, rel=1e-4)
    validation = (images, None, weights)
    history = model.fit(images, sample_weight=0 * weights, validation_data=validation, verbose=0).history
    assert history["loss"] == [0.0]
    assert history["val_loss"][0] == pytest.approx(first / 4, rel=1e-4)
    np.testing.assert_allclose(np.mean((_array(model(images[:1])) - images[:1]) ** 2), first)  # nothing moved


@pytest.mark.thorough
@pytest.mark.tensorflow
def test_a_weight_of_two_is_an_image_given_twice():
    images, histories = _images(count=4), []
    for given, weights in ((images, [2, 1, 1, 0]), (images[[0, 0, 1, 2]], [1, 1, 1, 1])):
        model = _model()
        model.compile(keras.optimizers.SGD(0.1), "mse")
        weights = np.array(weights, "float32")
        model.fit(given, sample_weight=weights, batch_size=4, epochs=3, shuffle=False, verbose=0)
        histories.append(model.get_weights())
    for one, other in zip(*histories, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("build", ["strided", "convolutional", "fully_connected"])
def test_channels_first_is_refused_in_one_line(build):
    keywords = {"code_shape": (4, 4, 2), "strided_layers": 1} if build == "convolutional" else {"code_shape": (4,)}
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(InputError, match="'channels_first'; expected 'channels_last'"):
            getattr(kae.architectures, build)((8, 8, 1), **keywords)
        with pytest.raises(InputError, match="channels_first"):
            kae.layers.ConvolutionUnit(4)
    finally:
        keras.config.set_image_data_format("channels_last")


def test_codes_and_images_of_mixed_precision_are_float32(tmp_path):
    """NumPy cannot load arrays of bfloat16 again."""
    with computing_in("mixed_bfloat16"):
        model = kae.architectures.fully_connected((6, 4, 1), (3,), hidden=(8,))
    images = _images(count=4)
    codes = kae.evaluation.encode(model, images)
    assert codes.dtype == model.predict(images, verbose=0).dtype == np.float32
    np.savez(tmp_path / "codes.npz", codes=codes)
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npz")["codes"], codes)


@pytest.mark.parametrize("one", [(4,), (4, 1), (4, 6, 4)], ids=str)
def test_weights_are_of_images_or_of_their_pixels(one):
    images, model = _images(count=4), _model()
    weights = np.random.default_rng(2).random(one).astype("float32")
    errors = np.mean((_array(model(images)) - images) ** 2, axis=-1)
    model.compile("adam", "mse")
    loss = model.compute_loss(images, images, model(images), keras.ops.convert_to_tensor(weights))
    expected = np.mean(errors * weights.reshape(*one, *[1] * (3 - len(one))))
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_loss_is_reconstruction_plus_penalty_and_both_are_shown():
    model, images = _model("variational"), _images(count=20)
    model.compile("adam", "mse", metrics=["mse"])
    result = model.evaluate(images, batch_size=16, verbose=0, return_dict=True)  # the last batch is short
    mean, log_std = model.bottleneck.posterior(model.encoder(images))
    mean, log_std = _array(mean), _array(log_std)
    kl = np.sum(0.5 * (mean**2 + np.exp(2 * log_std) - 2 * log_std - 1), axis=-1).mean()
    assert result["penalty"] == pytest.approx(kl, rel=1e-5)
    assert result["loss"] == pytest.approx(result["mse"] + kl, rel=1e-5)


def test_the_penalty_is_all_that_is_added_to_the_loss():
    encoder = kae.networks.fully_connected_encoder((6, 4, 1), hidden=(8,))
    decoder = kae.networks.fully_connected_decoder((3,), (6, 4, 1), hidden=(8,))
    decoder = kae.networks.regularized_decoder(decoder, weight_decay=0.1)
    model = kae.Autoencoder(encoder, kae.bottlenecks.L2Code(3), decoder)
    model.compile("adam", "mse", metrics=["mse"])
    result = model.evaluate(_images(), verbose=0, return_dict=True)
    assert result["penalty"] == pytest.approx(result["loss"] - result["mse"], rel=1e-5)
    assert result["penalty"] > float(sum(decoder.losses)) > 0


def test_a_model_without_penalty_shows_none():
    assert "penalty" not in _trained(_images())[1]


def test_encode_then_decode_is_reconstruct_and_predict():
    model, images = _model(), _images()
    once = _array(model.decode(model.encode(images)))
    np.testing.assert_allclose(once, _array(model.reconstruct(images)), atol=1e-6)
    np.testing.assert_allclose(once, model.predict(images, verbose=0), atol=1e-6)
    assert model.image_shape == (6, 4, 1)
    assert model.code_shape == (3,)


def test_a_target_of_another_shape_is_refused():
    model = _model()
    model.compile("adam", "mse")
    with pytest.raises(InputError, match=r"target images of \(5, 4, 1\)"):
        model.fit(_images(), _images(shape=(5, 4, 1)), verbose=0)


@pytest.mark.tensorflow
def test_sides_of_a_target_that_are_not_known_may_be_right():
    import tensorflow as tf

    model, images = _model(), _images()
    model.compile("adam", "mse")
    loss = tf.function(lambda y: model.compute_loss(images, y, model(images)))
    loss = loss.get_concrete_function(tf.TensorSpec((None, None, None, 1)))
    expected = np.mean((_array(model(images)) - 1) ** 2)
    assert float(loss(tf.ones_like(images))) == pytest.approx(expected, rel=1e-5)


def test_parts_that_do_not_fit_are_refused():
    encoder = kae.networks.fully_connected_encoder((6, 4, 1))
    decoder = kae.networks.fully_connected_decoder((5,), (6, 4, 1))
    with pytest.raises(InputError, match=r"codes of \(3,\).*codes of \(5,\)"):
        kae.Autoencoder(encoder, kae.bottlenecks.Dense(3), decoder)


@pytest.mark.parametrize(
    ("bottleneck", "message"),
    [
        (kae.bottlenecks.Variational, r"the class Variational.*Variational\(…\)"),
        (keras.layers.Dense(3), "Dense.*as bottleneck"),
        (None, "None as bottleneck"),
        ("dens", "did you mean 'dense'"),
    ],
)
def test_what_is_no_bottleneck_is_refused(bottleneck, message):
    with pytest.raises(InputError, match=message):
        _model(bottleneck)


def test_parts_of_unknown_shapes_are_refused_and_a_bottleneck_may_be_a_name():
    encoder = kae.networks.fully_connected_encoder((6, 4, 1))
    decoder = kae.networks.fully_connected_decoder((5,), (6, 4, 1))
    with pytest.raises(InputError, match=r"as encoder.*begin it with keras.Input"):
        kae.Autoencoder(keras.Sequential([keras.layers.Flatten()]), "dense", decoder)
    with pytest.raises(InputError, match="None as decoder"):
        kae.Autoencoder(encoder, "dense", None)
    assert kae.Autoencoder(encoder, "variational", decoder).bottleneck.units == 5


@pytest.mark.thorough
@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("method", ["fit", "predict", "evaluate", "reconstruct", "encode"])
def test_images_of_another_shape_are_refused(method, trained):
    model, options = _model(), {} if method in ("reconstruct", "encode") else {"verbose": 0}
    model.compile("adam", "mse")
    if trained:
        model.fit(_images(), verbose=0)
    for shape in ((4, 6, 1), (6, 4, 3), (4, 1)):
        with pytest.raises(InputError, match=r"^received images of .*; expected \(6, 4, 1\)[^\n]*$"):
            getattr(model, method)(_images(shape=shape), **options)
    with pytest.raises(InputError, match="as images; expected one array"):
        getattr(model, method)({"images": _images()}, **options)


def test_codes_are_an_array_of_the_models_codes():
    model = _model()
    shape = model.code_shape
    for codes in ([[0.0] * shape[-1]], None, "codes", 1):
        with pytest.raises(InputError, match=f"as codes; expected one array or tensor of {re.escape(str(shape))}"):
            model.decode(codes)
    with pytest.raises(InputError, match=r"give a batch: codes\[None\]"):
        model.decode(np.zeros(shape, "float32"))


def test_grey_images_may_lack_the_channels_axis():
    images, losses = _images(), []
    for given in (images, images[..., 0]):
        model = _model()
        model.compile("adam", "mse", metrics=["mae"])
        losses.append(model.evaluate(given, verbose=0, return_dict=True))
    assert losses[0] == losses[1]


@pytest.mark.tensorflow
def test_images_of_unknown_shape_are_refused():
    import tensorflow as tf

    model = _model()
    model.compile("adam", "mse")
    unknown = tf.data.Dataset.from_generator(lambda: iter([_images()]), output_types="float32")
    with pytest.raises(InputError, match="images of unknown shape"):
        model.fit(unknown, verbose=0)


@pytest.mark.thorough
def test_a_saved_model_loads_compiled_and_continues(tmp_path):
    images = _images()
    model, _ = _trained(images)
    model.save(tmp_path / "model.keras")
    loaded = kae.load_model(tmp_path / "model.keras")
    for m in (model, loaded):
        m.fit(images, batch_size=8, epochs=1, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert int(loaded.optimizer.iterations) == int(model.optimizer.iterations)


@pytest.mark.tensorflow
@pytest.mark.parametrize("auto_scale_loss", [True, False])
def test_a_model_in_mixed_precision_loads_under_another_policy(auto_scale_loss, tmp_path):
    with computing_in("mixed_float16"):
        model = _model()
    model.compile("adam", "mse", jit_compile=False, steps_per_execution=1, auto_scale_loss=auto_scale_loss)
    model.fit(_images(), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = kae.load_model(tmp_path / "model.keras")
    assert loaded.dtype_policy.name == "mixed_float16"
    assert isinstance(loaded.optimizer, keras.optimizers.LossScaleOptimizer) == auto_scale_loss
    for a, b in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
        np.testing.assert_array_equal(_array(a), _array(b))


def test_a_config_without_a_policy_is_of_the_global_one():
    config = _model().get_config()
    del config["dtype"]  # as models saved before had it
    with computing_in("mixed_bfloat16"):
        assert kae.Autoencoder.from_config(config).dtype_policy.name == "mixed_bfloat16"


def test_what_is_no_model_file_is_refused_in_one_line(tmp_path):
    damaged = tmp_path / "model.keras"
    damaged.write_bytes(b"PK")
    cases = {
        None: "None as path",
        tmp_path / "none.keras": "which is not there",
        damaged: "damaged",
        tmp_path: f"a directory; expected a .keras file; give {damaged}",
    }
    for path, message in cases.items():
        with pytest.raises(InputError, match=re.escape(message)):
            kae.load_model(path)


@pytest.mark.parametrize("use", ["fit", "encode"])
@pytest.mark.parametrize("kind", ["float32", "int64", "uint8"])
def test_bytes_in_another_type_bring_a_warning(use, kind, recwarn):
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(4,))
    model.compile("adam", "mse")
    images = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 1)).astype(kind)
    model.fit(images, epochs=1, verbose=0) if use == "fit" else model.encode(images)
    said = [str(warning.message) for warning in recwarn if "divide them by 255" in str(warning.message)]
    assert len(said) == (kind != "uint8")
    assert not said or f"images of {kind} up to" in said[0]


def test_flat_codes_are_decoded_as_densities_sample_them():
    model = kae.architectures.convolutional((8, 8, 1), (2, 2, 3), strided_layers=2, residual_blocks=0, width=2)
    codes = np.random.default_rng(0).random((5, 2, 2, 3), "float32")
    expected = ops.convert_to_numpy(model.decode(codes))
    np.testing.assert_array_equal(ops.convert_to_numpy(model.decode(codes.reshape(5, 12))), expected)
    with pytest.raises(InputError, match=r"codes of \(11,\); expected \(2, 2, 3\)"):
        model.decode(codes.reshape(5, 12)[:, 1:])


def test_an_image_without_a_batch_is_asked_for_one():
    model = kae.architectures.fully_connected((4, 4, 3), (2,), hidden=(4,))
    with pytest.raises(InputError, match=r"give a batch: images\[None\]"):
        model.encode(np.zeros((4, 4, 3), "float32"))

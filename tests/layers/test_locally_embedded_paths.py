"""A LEA with two paths: isolated from the loss behind it, with a weight, and with its loss on some windows."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_ae as kae
from keras_ae import InputError
from keras_ae.layers.locally_embedded_windows import Windowing
from keras_ae.losses import SumSquaredError

SHAPE = (9, 7, 2)


def lea(kind="dense", strides=2, padding="same", **options):
    """The same weights each time."""
    keras.utils.set_random_seed(1)
    bottleneck = {
        "dense": lambda: "dense",
        "k_sparse": lambda: kae.bottlenecks.KSparse(3, k=2),
        "variational": lambda: kae.bottlenecks.Variational(3, beta=0.3, seed=4),
        "capacity_controlled": lambda: kae.bottlenecks.CapacityControlled(3, capacity=2.0, seed=4),
    }[kind]()
    autoencoder = kae.architectures.window_autoencoder((4, 3, 2), (3,), bottleneck=bottleneck)
    return kae.layers.LocallyEmbeddedAutoencoder(autoencoder, strides=strides, padding=padding, **options)


def images(count=3, shape=SHAPE):
    return np.random.default_rng(0).random((count, *shape), "float32")


def objective(layer, batch, training=True):
    layer(batch, training=training)
    return float(sum(layer.losses))


@pytest.mark.parametrize("kind", ["dense", "k_sparse", "variational", "capacity_controlled"])
@pytest.mark.parametrize("training", [False, True])
def test_an_isolated_lea_computes_what_any_other_does(kind, training):
    """Codes and objective are the same, and so is the random state after several calls."""
    for _ in range(2):
        plain, isolated = (lea(kind, isolated=flag) for flag in (False, True))
        for _ in range(2):
            one, other = (ops.convert_to_numpy(layer(images(), training=training)) for layer in (plain, isolated))
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
            assert float(sum(isolated.losses)) == pytest.approx(float(sum(plain.losses)), rel=1e-5)


@pytest.mark.parametrize("kind", ["dense", "variational"])
def test_a_weight_multiplies_the_objective_with_its_penalty(kind):
    plain, weighted = (lea(kind, weight=weight) for weight in (1.0, 0.25))
    assert objective(weighted, images()) == pytest.approx(0.25 * objective(plain, images()), rel=1e-5)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("fraction", [0.25, 0.4, 1e-6])
def test_some_windows_are_windows_and_each_is_equally_likely(padding, fraction):
    """Of a grid with odd sides, over all places to begin; every window has values of its own."""
    batch = np.arange(11 * 9, dtype="float32").reshape(1, 11, 9, 1) + 1
    windowing = Windowing((4, 3), (2, 1), padding)
    every = ops.convert_to_numpy(windowing.extract(batch))[0]
    rows, columns = every.shape[:2]
    times = np.zeros((rows, columns), int)
    for i in range(rows):
        for j in range(columns):
            start = ops.convert_to_tensor([(i + 0.5) / rows, (j + 0.5) / columns], "float32")
            some = ops.convert_to_numpy(windowing.extract_some(batch, fraction, start))[0]
            found = (some[:, :, None, None] == every).all(axis=(-3, -2, -1))
            assert (found.sum(axis=(2, 3)) == 1).all()
            assert found.any(axis=(0, 1)).sum() == some.shape[0] * some.shape[1]  # all different
            times += found.any(axis=(0, 1))
    expected = [max(1, round(fraction**0.5 * count)) for count in (rows, columns)]
    assert some.shape[:2] == tuple(expected)
    assert (times == expected[0] * expected[1]).all()


def over_all_offsets(layer, batch, monkeypatch):
    """The mean of the objective on some windows over all places where they can begin."""
    rows, columns = layer.windowing.counts(batch.shape[1:3])
    values = []
    for i in range(rows):
        for j in range(columns):
            start = ops.convert_to_tensor([(i + 0.5) / rows, (j + 0.5) / columns], "float32")
            monkeypatch.setattr(keras.random, "uniform", lambda *_, start=start, **__: start)
            values.append(objective(layer, batch))
    return np.mean(values)


@pytest.mark.parametrize(
    ("kind", "unbiased"),
    [("dense", True), ("k_sparse", True), ("variational", True), ("capacity_controlled", False)],
)
def test_the_loss_on_some_windows_is_unbiased_where_each_window_counts_by_itself(kind, unbiased, monkeypatch):
    """Noise apart: a variational code is taken without, by a deviation of almost nothing."""
    whole, some = (lea(kind, window_fraction=part, seed=3) for part in (1.0, 0.3))
    batch = images()
    for layer in (whole, some):
        layer.build((None, *SHAPE))
        bottleneck = layer.autoencoder.bottleneck
        if hasattr(bottleneck, "log_std"):
            bottleneck.log_std.kernel.assign(ops.zeros(bottleneck.log_std.kernel.shape))
            bottleneck.log_std.bias.assign(ops.full((3,), -12.0 if unbiased else -1.0))
    if not unbiased:  # The capacity lies between the divergences of the windows.
        divergence = 2 * objective(lea_like_variational(some), batch)
        for layer in (whole, some):
            layer.autoencoder.bottleneck.schedulable.capacity.assign(divergence)
    expected = objective(whole, batch)
    estimated = over_all_offsets(some, batch, monkeypatch)
    assert bool(abs(estimated / expected - 1) < 1e-4) is unbiased


def lea_like_variational(layer):
    """A layer whose objective is the KL of the same codes alone, in nats."""

    class Divergence:
        def __call__(self, batch, training):
            windows = layer._flat_windows(ops.convert_to_tensor(batch))
            posterior = layer.autoencoder.bottleneck.posterior(layer.autoencoder.encoder(windows))
            self.losses = [ops.mean(ops.sum(kae.numerics.standard_normal_kl(*posterior), axis=-1))]

    return Divergence()


def test_measurements_look_at_all_windows():
    whole, some = (lea(window_fraction=part, seed=3) for part in (1.0, 0.3))
    assert objective(some, images(), training=False) == pytest.approx(objective(whole, images(), training=False))


def test_codes_are_those_of_all_windows_whatever_the_loss_looks_at():
    whole, some = (lea(window_fraction=part, seed=3) for part in (1.0, 0.3))
    for training in (False, True):
        one, other = (ops.convert_to_numpy(layer(images(), training=training)) for layer in (whole, some))
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.tensorflow
@pytest.mark.parametrize("fraction", [1.0, 0.3])
def test_gradients_of_an_isolated_lea_stop_at_its_weights_and_at_its_input(fraction):
    import tensorflow as tf

    layer, plain = lea(isolated=True, window_fraction=fraction), lea()
    batch = tf.constant(images())
    results = {}
    for each in (layer, plain):
        each(batch)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(batch)
            main = tf.reduce_sum(tf.square(each(batch, training=True)))
            own = sum(each.losses)
        weights = each.trainable_variables
        results[each] = [tape.gradient(loss, [batch, *weights]) for loss in (main, own)]
    (to_input, *to_weights), (own_to_input, *own_to_weights) = results[layer]
    assert all(gradient is None for gradient in to_weights)
    assert own_to_input is None
    np.testing.assert_allclose(to_input, results[plain][0][0], rtol=1e-4, atol=1e-5)
    if fraction == 1.0:
        for one, other in zip(own_to_weights, results[plain][1][1:], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    else:
        assert all(np.abs(gradient).max() > 0 for gradient in own_to_weights)


def test_any_loss_of_keras_is_averaged_over_the_windows():
    named, of_keras = lea(), lea(loss=SumSquaredError())
    assert objective(of_keras, images()) == pytest.approx(objective(named, images()), rel=1e-5)
    summed = lea(loss=keras.losses.MeanSquaredError(reduction="sum"))
    assert objective(summed, images()) == pytest.approx(objective(lea(loss="mse"), images()), rel=1e-5)


def test_structural_dissimilarity_of_windows():
    keras.utils.set_random_seed(0)
    autoencoder = kae.architectures.window_autoencoder((5, 5, 1), (3,), output_activation="sigmoid")
    layer = kae.layers.LocallyEmbeddedAutoencoder(autoencoder, loss=kae.losses.StructuralDissimilarity())
    batch = images(2, (10, 10, 1))
    measured = objective(layer, batch)
    windows, made = (ops.convert_to_numpy(each(batch)) for each in (layer.windows, layer.reconstruct_windows))
    windows, made = (each.reshape(-1, 5, 5, 1) for each in (windows, made))
    assert measured == pytest.approx(1 - np.mean(kae.evaluation.ssim(windows, made)), abs=1e-4)


def feature_lea():
    keras.utils.set_random_seed(2)
    network = keras.Sequential([keras.Input((4, 3, 2)), keras.layers.Conv2D(5, 3, activation="relu")])
    return lea(loss=kae.losses.FeatureError(network)), network


def test_a_frozen_networks_features_as_the_loss():
    layer, network = feature_lea()
    measured = objective(layer, images())
    windows, made = (ops.convert_to_numpy(each(images())) for each in (layer.windows, layer.reconstruct_windows))
    features = [ops.convert_to_numpy(network(each.reshape(-1, 4, 3, 2))) for each in (windows, made)]
    assert measured == pytest.approx(np.mean(np.square(features[0] - features[1])), rel=1e-4)
    assert len(layer.trainable_variables) == len(lea().trainable_variables)


def test_the_network_of_a_loss_is_saved_with_the_layer(tmp_path):
    layer, network = feature_lea()
    inputs = keras.Input(SHAPE)
    model = keras.Model(inputs, layer(inputs))
    network.layers[0].kernel.assign(ops.ones(network.layers[0].kernel.shape))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras").layers[-1]
    assert isinstance(loaded.loss, kae.losses.FeatureError)
    assert loaded.loss.network is loaded.network
    assert objective(loaded, images()) == pytest.approx(objective(layer, images()), rel=1e-5)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("strides", "pair"), [(2, "fc"), ((4, 3), "fc"), (2, "conv")])
def test_images_of_unknown_height_and_width(padding, strides, pair):
    keras.utils.set_random_seed(1)
    autoencoder = kae.architectures.window_autoencoder((4, 3, 2), (3,), pair=pair, kernels=2, kernel_size=3)
    layer = kae.layers.LocallyEmbeddedAutoencoder(autoencoder, strides=strides, padding=padding)
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, None, None, 3)
    for sides in ((9, 7), (12, 5)):
        batch = images(2, (*sides, 2))
        twin = kae.layers.LocallyEmbeddedAutoencoder(autoencoder, strides=strides, padding=padding)
        np.testing.assert_allclose(model.predict(batch, verbose=0), twin(batch), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_fraction": 0.0}, "window_fraction=0.0"),
        ({"window_fraction": 1.5}, "window_fraction=1.5"),
        ({"weight": -1.0}, "weight=-1.0"),
        ({"loss": "rmse"}, "rmse"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        lea(**options)


def test_some_windows_of_an_unknown_number_are_refused():
    with pytest.raises(InputError, match="a known height and width"):
        lea(window_fraction=0.5)(keras.Input((None, None, 2)))


def test_a_configuration_makes_the_layer_again():
    layer = lea(isolated=True, weight=0.5, window_fraction=0.3)
    twin = kae.layers.LocallyEmbeddedAutoencoder.from_config(layer.get_config())
    assert (twin.isolated, twin.weight, twin.window_fraction, twin.loss) == (True, 0.5, 0.3, "sum_squared_error")
    old = {name: value for name, value in layer.get_config().items() if name not in ("isolated", "weight", "seed")}
    old.pop("window_fraction")
    assert kae.layers.LocallyEmbeddedAutoencoder.from_config(old).window_fraction == 1.0


def test_a_weight_scales_the_loss_of_importance_weighted_codes_and_no_more():
    """Their loss is given per window, and Keras sums it."""

    def total(weight: float) -> float:
        keras.utils.set_random_seed(1)
        bottleneck = kae.bottlenecks.ImportanceWeighted(3, samples=3, seed=4)
        autoencoder = kae.architectures.window_autoencoder((4, 3, 2), (3,), bottleneck=bottleneck)
        layer = kae.layers.LocallyEmbeddedAutoencoder(autoencoder, strides=2, weight=weight)
        layer(images(), training=True)
        return sum(float(ops.sum(loss)) for loss in layer.losses)

    assert total(0.5) == pytest.approx(0.5 * total(1.0), rel=1e-5)

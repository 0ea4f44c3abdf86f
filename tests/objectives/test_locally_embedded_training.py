"""What training moves in a classifier with LEAs, and what a LEA can compute and cannot hide."""

import keras
import numpy as np
import pytest
from keras import ops
from windowed_network import LEA1, LEA2, cross_entropy, parts, values

import keras_ae as kae
from keras_ae.evaluation import measure_local_reconstruction

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tensorflow

SGD = keras.optimizers.SGD
MAIN = {"conv1", "conv2", "fc1", "logits"}
ENCODERS = {"lea1/encoder", "lea2/encoder"}
IMAGES = np.random.default_rng(0).random((16, 12, 12, 1), "float32")
LABELS = np.random.default_rng(1).integers(3, size=16)


def network():
    """The same weights each time."""
    keras.utils.set_random_seed(1)
    return kae.architectures.cnn_lea((12, 12, 1), (3,), 3, filters=(2, 3), units=8)


def moved(model, before):
    """The parts of which every variable moved; of the others none may have."""
    names = set()
    for name, weights in values(model).items():
        changes = [not np.array_equal(a, b) for a, b in zip(before[name], weights, strict=True)]
        assert all(changes) or not any(changes), name
        names |= {name} if all(changes) else set()
    return names


def step(model, optimizer, **compilation):
    model.compile(optimizer, cross_entropy(), jit_compile=False, **compilation)
    model.train_on_batch(IMAGES, LABELS)


def on_one_objective(mode, which):
    model = network()
    before = values(model)
    main, *local = (SGD(0.1 if i == which else 0.0) for i in range(3))
    step(model, main, mode=mode, objective_optimizers=local)
    return moved(model, before)


@pytest.mark.parametrize(("which", "own"), [(0, MAIN), (1, LEA1), (2, LEA2)])
def test_alternate_leaves_leas_to_their_own_loss_and_earlier_layers_to_the_main_one(which, own):
    assert on_one_objective("alternate", which) == own


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("which", "reached"),
    [(0, MAIN | ENCODERS), (1, LEA1 | {"conv1"}), (2, LEA2 | {"conv1", "conv2", "lea1/encoder"})],
)
def test_independent_objectives_move_all_that_they_depend_on(which, reached):
    assert on_one_objective("independent", which) == reached


@pytest.mark.parametrize(
    ("weights", "reached"),
    [
        ((1.0, 0.0), MAIN | ENCODERS),
        ((0.0, 1.0), {"conv1", "conv2"} | LEA1 | LEA2),
        ((1.0, 1.0), MAIN | LEA1 | LEA2),
    ],
)
def test_in_joint_training_every_loss_moves_every_weight_that_it_depends_on(weights, reached):
    model = network()
    before = values(model)
    step(model, SGD(0.1), mode="joint", objective_weights=weights)
    assert moved(model, before) == reached


def by_hand(model, images):
    """Logits and the LEAs' losses, from cut-out windows and the parts' weights alone."""
    features, losses = images, []
    for i in (1, 2):
        features = model.get_layer(f"conv{i}")(features)
        inner = model.get_layer(f"lea{i}").autoencoder
        patches = ops.image.extract_patches(features, 4, 2, padding="same")
        windows = ops.reshape(patches, (-1, *inner.image_shape))
        codes = inner.bottleneck(inner.encoder(windows))
        losses.append(tf.reduce_mean(tf.reduce_sum((inner.decoder(codes) - windows) ** 2, (1, 2, 3))))
        features = ops.reshape(codes, (*patches.shape[:3], -1))
    flat = ops.reshape(features, (len(images), -1))
    return model.get_layer("logits")(model.get_layer("fc1")(flat)), losses


def test_one_alternate_step_is_each_objectives_own_gradient_to_the_number():
    """The main gradient passes through the encoders to conv1; no gradient is stopped, and none leaks."""
    model, reference = network(), network()
    with tf.GradientTape(persistent=True) as tape:
        logits, (loss1, loss2) = by_hand(reference, tf.constant(IMAGES))
        main = cross_entropy()(LABELS, logits)
    weights = parts(reference)
    for loss, names in ((main, MAIN), (loss1, LEA1), (loss2, LEA2)):
        for variable in [variable for name in names for variable in weights[name]]:
            variable.assign_sub(0.1 * tape.gradient(loss, variable))
    step(model, SGD(0.1))
    got, expected = values(model), values(reference)
    for name in got:
        for a, b in zip(got[name], expected[name], strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6, err_msg=name)
    assert not np.array_equal(got["conv1"][0], values(network())["conv1"][0])


def test_without_a_lea_weight_lea_only_trains_as_the_decoder_free_baseline():
    options = {"window": 4, "strides": 2, "bottleneck": "dense", "units": 8}
    lea = kae.architectures.lea_only((12, 12, 1), (3,), 3, **options)
    free = kae.architectures.decoder_free((12, 12, 1), (3,), 3, **options)
    inner = lea.get_layer("lea").autoencoder
    kernel, bias = inner.encoder.get_weights()
    free.get_layer("encoder").set_weights([kernel.reshape(4, 4, 1, -1), bias])
    free.get_layer("bottleneck").set_weights(inner.bottleneck.get_weights())
    for name in ("fc1", "logits"):
        free.get_layer(name).set_weights(lea.get_layer(name).get_weights())
    lea.compile(SGD(0.1), cross_entropy(), mode="joint", objective_weights=(1.0, 0.0), jit_compile=False)
    free.compile(SGD(0.1), cross_entropy(), jit_compile=False)
    for model in (lea, free):
        for _ in range(3):
            model.train_on_batch(IMAGES, LABELS)
    np.testing.assert_allclose(lea(IMAGES), free(IMAGES), atol=1e-5)
    np.testing.assert_allclose(inner.encoder.get_weights()[0].ravel(), free.get_weights()[0].ravel(), atol=1e-6)


def maximum_lea(window):
    """The fc encoder of two values with the weights of eq. 5.2: ½·(φ(x + y) + φ(x − y) + φ(y − x))."""
    autoencoder = kae.architectures.window_autoencoder((*window, 1), (1,))
    hidden = np.array([[1.0, 1.0, -1.0, 0.0], [1.0, -1.0, 1.0, 0.0]])
    autoencoder.encoder.set_weights([hidden, np.zeros(4)])
    autoencoder.bottleneck.set_weights([np.array([[0.5], [0.5], [0.5], [0.0]]), np.zeros(1)])
    return kae.layers.LocallyEmbeddedAutoencoder(autoencoder)


def test_a_lea_can_be_max_pooling():
    """Exactly, of two inputs (section 5.3), and of four by two LEAs; multiples of 1/256 are exact in float32."""
    images = np.random.default_rng(0).integers(256, size=(2, 6, 8, 1)).astype("float32") / 256
    of_two = maximum_lea((1, 2))(images)
    np.testing.assert_array_equal(of_two, keras.layers.MaxPooling2D((1, 2))(images))
    of_four = maximum_lea((2, 1))(of_two)
    np.testing.assert_array_equal(of_four, keras.layers.MaxPooling2D(2)(images))


def small_network():
    keras.utils.set_random_seed(3)
    image = keras.Input((12, 12, 1))
    features = keras.layers.Conv2D(2, 3, padding="same", activation="relu", name="conv")(image)
    lea = kae.layers.LocallyEmbeddedAutoencoder(
        kae.architectures.window_autoencoder((4, 4, 2), (2,)), strides=2, name="lea"
    )
    logits = keras.layers.Dense(3, name="logits")(keras.layers.Flatten()(lea(features)))
    return kae.MultiObjective(image, logits)


@pytest.mark.slow
def test_joint_training_shrinks_what_a_lea_must_reconstruct_and_the_normalized_loss_shows_it():
    measured, deviations = {}, {}
    for mode, weights in (("alternate", None), ("joint", (1.0, 10.0))):
        model = small_network()
        model.compile(
            keras.optimizers.Adam(1e-2), cross_entropy(), mode=mode, objective_weights=weights, jit_compile=False
        )
        model.fit(IMAGES, LABELS, epochs=40, batch_size=16, verbose=0, shuffle=False)
        deviations[mode] = float(np.std(keras.Model(model.input, model.get_layer("lea").input)(IMAGES)))
        measured[mode] = measure_local_reconstruction(model, "lea", [IMAGES]).summary()
    assert deviations["joint"] < 0.3 * deviations["alternate"]
    raw, normalized = (
        scores["joint"] / scores["alternate"]
        for scores in (
            {mode: scores[name] for mode, scores in measured.items()}
            for name in ("reconstruction_loss", "normalized_reconstruction_loss")
        )
    )
    assert raw < 0.1  # as if it reconstructed far better
    assert normalized > 0.4  # which it hardly does

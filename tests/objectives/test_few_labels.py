"""Images without a label: the main objective is a mean over those that have one, local objectives over all."""

import keras
import numpy as np
import pytest
import windowed_network as net

from keras_ae import MultiObjective

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tensorflow

LABELLED = np.array([1, 4, 5, 11])  # of 16 images
UNLABELLED = np.setdiff1d(np.arange(net.BATCH), LABELLED)


def few():
    """A batch of images and the few labels of them; −1 where there is none."""
    images, labels = net.data(net.BATCH)
    some = np.full_like(labels, -1)
    some[LABELLED] = labels[LABELLED]
    return images, some, labels


def compiled(optimizer="adam", loss=None, **options):
    model = net.network()
    model.compile(optimizer, loss or net.cross_entropy(), metrics=["accuracy"], **options)
    return model


def logits_of(images):
    return net.network()(images).numpy().astype("float64")


def losses_by_hand(images, labels):
    """Cross entropies, in NumPy."""
    logits = logits_of(images)
    highest = logits.max(axis=1)
    logs = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
    return logs - logits[np.arange(len(labels)), labels]


@pytest.mark.thorough
@pytest.mark.parametrize("jit", [False, True])
def test_the_main_loss_is_the_mean_over_the_labelled_images(jit):
    images, some, labels = few()
    logs = compiled(jit_compile=jit).train_on_batch(images, some, return_dict=True)
    assert logs["loss"] == pytest.approx(losses_by_hand(images, labels)[LABELLED].mean(), rel=1e-5)
    right = logits_of(images).argmax(axis=1) == labels
    assert logs["accuracy"] == pytest.approx(right[LABELLED].mean())


@pytest.mark.thorough
def test_local_losses_are_means_over_all_images():
    images, some, labels = few()
    one, other = (compiled().train_on_batch(images, y, return_dict=True) for y in (some, labels))
    for name in ("lea1_loss", "lea2_loss"):
        assert one[name] == pytest.approx(other[name], rel=1e-6)


@pytest.mark.thorough
def test_unlabelled_images_do_not_move_the_main_path():
    """Its weights become what they become on the labelled images alone; the LEAs' do not."""
    images, some, _ = few()
    together, alone = (compiled(keras.optimizers.SGD(0.1)) for _ in range(2))
    together.train_on_batch(images, some)
    alone.train_on_batch(images[LABELLED], some[LABELLED])
    one, other = net.values(together), net.values(alone)
    main = [{name: values[name] for name in net.MAIN} for values in (one, other)]
    assert net.distance(*main) < 1e-7
    assert net.differing(one, other) >= net.LEA1 | net.LEA2


@pytest.mark.thorough
def test_without_a_label_the_main_loss_is_0_and_only_local_objectives_move():
    images, some, _ = few()
    model = compiled()
    before = net.values(model)
    logs = model.train_on_batch(images, np.full_like(some, -1), return_dict=True)
    assert logs["loss"] == 0
    assert logs["accuracy"] == 0
    assert net.differing(before, net.values(model)) == net.LEA1 | net.LEA2


@pytest.mark.thorough
def test_an_epoch_weighs_each_labelled_image_alike():
    """Four labels in the first batch, one in the second: the mean over five, in training and in evaluation."""
    images, labels = net.data(2 * net.BATCH)
    chosen = np.append(LABELLED, net.BATCH + 3)
    some = np.full_like(labels, -1)
    some[chosen] = labels[chosen]
    expected = losses_by_hand(images, labels)[chosen].mean()
    right = (logits_of(images).argmax(axis=1) == labels)[chosen].mean()
    still = {"objective_optimizers": keras.optimizers.SGD(0.0)}
    model = compiled(keras.optimizers.SGD(0.0), **still)
    trained = {name: values[0] for name, values in net.train(model, images, some).history.items()}
    evaluated = model.evaluate(images, some, batch_size=net.BATCH, verbose=0, return_dict=True)
    for logs in (trained, evaluated):
        assert logs["loss"] == pytest.approx(expected, rel=1e-5)
        assert logs["accuracy"] == pytest.approx(right)


@pytest.mark.thorough
def test_weights_of_images_count_among_the_labelled_ones():
    images, some, labels = few()
    weights = np.random.default_rng(1).random(net.BATCH).astype("float32")
    loss = compiled().train_on_batch(images, some, sample_weight=weights, return_dict=True)["loss"]
    expected = (weights * losses_by_hand(images, labels))[LABELLED].mean()  # as Keras has it: not their sum
    assert loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.thorough
def test_a_summed_loss_is_the_sum_over_the_labelled_images():
    images, some, labels = few()
    summed = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    loss = compiled(loss=summed).train_on_batch(images, some, return_dict=True)["loss"]
    assert loss == pytest.approx(losses_by_hand(images, labels)[LABELLED].sum(), rel=1e-5)


def test_eagerly_a_batch_without_labels_has_loss_0_too():
    images, some, _ = few()
    model = compiled(run_eagerly=True)
    assert model.train_on_batch(images, np.full_like(some, -1), return_dict=True)["loss"] == 0
    assert model.test_on_batch(images, np.full_like(some, -1), return_dict=True)["loss"] == 0


@pytest.mark.parametrize("target", ["float", "image"])
def test_minus_one_is_a_number_where_targets_are_no_labels(target):
    """Targets of a regression, and images, are not looked at for labels."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 1))
    codes = net.windows(1, "lea")(inputs)
    if target == "float":
        outputs, y = keras.layers.Dense(1)(keras.layers.Flatten()(codes)), -np.ones((4, 1), "float32")
    else:
        outputs, y = keras.layers.Conv2D(1, 1)(codes), -np.ones((4, 3, 3, 1), "int32")
    model = MultiObjective(inputs, outputs)
    model.compile("adam", "mse")
    images = np.random.default_rng(0).random((4, 8, 8, 1), "float32")
    expected = np.mean(np.square(model(images).numpy() + 1))
    assert model.train_on_batch(images, y, return_dict=True)["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.thorough
def test_pretraining_is_training_without_labels_and_a_frozen_lea_stays():
    images, labels = net.data(net.BATCH)
    model = compiled()
    start = net.values(model)
    model.fit(images, -np.ones(len(images), int), epochs=2, verbose=0)
    pretrained = net.values(model)
    assert net.differing(start, pretrained) == net.LEA1 | net.LEA2
    for name in ("lea1", "lea2"):
        model.get_layer(name).trainable = False
    model.compile("adam", net.cross_entropy())
    model.fit(images, labels, epochs=2, verbose=0)
    assert net.differing(pretrained, net.values(model)) == net.MAIN

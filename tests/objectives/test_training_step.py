"""Which objective moves which variables, by how much, in every mode."""

import keras
import numpy as np
import pytest
import windowed_network as net
from windowed_network import LEA1, LEA2, MAIN

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tensorflow

SGD = keras.optimizers.SGD


def stepping_only(which, rate=0.1):
    """The optimizers of main, lea1 and lea2, of which only one has a learning rate."""
    return [SGD(rate if i == which else 0.0) for i in range(3)]


def trained_on_one_objective(mode, which):
    model = net.network()
    before = net.values(model)
    main, *local = stepping_only(which)
    model.compile(main, net.cross_entropy(), mode=mode, objective_optimizers=local)
    net.train(model)
    return net.differing(before, net.values(model))


def losses_by_hand(model, images, labels):
    outputs = model(images, training=True)
    return [net.cross_entropy()(labels, outputs), *(sum(model.get_layer(n).losses) for n in ("lea1", "lea2"))]


def variables_of(model, names):
    return [variable for name in sorted(names) for variable in net.parts(model)[name]]


def step_by_hand(model, loss, variables, rate=0.1):
    """One step of plain gradient descent on `loss(losses)`; objectives that do not reach a variable leave it."""
    images, labels = net.data(net.BATCH)
    with tf.GradientTape() as tape:
        value = loss(losses_by_hand(model, images, labels))
    for variable, gradient in zip(variables, tape.gradient(value, variables), strict=True):
        if gradient is not None:
            variable.assign_sub(rate * gradient)


def after_one_step(**compilation):
    model = net.network()
    model.compile(SGD(0.1), net.cross_entropy(), **compilation)
    net.train(model, *net.data(net.BATCH))
    return net.values(model)


@pytest.mark.parametrize(("which", "own"), [(0, MAIN), (1, LEA1), (2, LEA2)])
def test_alternate_moves_each_objectives_own_variables(which, own):
    assert trained_on_one_objective("alternate", which) == own


@pytest.mark.parametrize(
    ("which", "reached"),
    [
        (0, MAIN | {"lea1/encoder", "lea2/encoder"}),
        (1, LEA1 | {"conv1"}),
        (2, LEA2 | {"conv1", "conv2", "lea1/encoder"}),
    ],
)
def test_independent_moves_all_that_an_objective_depends_on(which, reached, recwarn):
    assert trained_on_one_objective("independent", which) == reached
    assert not any("Gradients do not exist" in str(warning.message) for warning in recwarn)


@pytest.mark.thorough
def test_main_objective_trains_as_in_plain_fit_with_frozen_layers():
    """To the bit: so its gradient passes through the local objectives' layers, and none of theirs joins it."""
    model = net.network()
    model.compile("adam", net.cross_entropy(), objective_optimizers=[SGD(0.0), SGD(0.0)])
    logs = net.train(model, epochs=3).history

    plain = net.network(keras.Model, silent=True)
    for name in ("lea1", "lea2"):
        plain.get_layer(name).trainable = False
    before = net.values(plain)
    plain.compile("adam", net.cross_entropy())
    plain_logs = net.train(plain, epochs=3).history

    assert net.differing(before, net.values(plain)) == MAIN
    assert net.differing(net.values(model), net.values(plain)) == set()
    assert logs["loss"] == plain_logs["loss"]


def test_one_pass_takes_all_gradients_at_the_same_weights():
    model = net.network()
    with tf.GradientTape(persistent=True) as tape:
        losses = losses_by_hand(model, *net.data(net.BATCH))
    groups = [variables_of(model, own) for own in (MAIN, LEA1, LEA2)]
    gradients = [tape.gradient(loss, group) for loss, group in zip(losses, groups, strict=True)]
    for group, gradient in zip(groups, gradients, strict=True):
        for variable, g in zip(group, gradient, strict=True):
            variable.assign_sub(0.1 * g)
    assert net.distance(after_one_step(), net.values(model)) < 1e-6


@pytest.mark.thorough
def test_two_passes_step_on_the_local_objectives_after_the_main_one():
    model = net.network()
    # lea2 before lea1, whose step would change lea2's input; lea1's own loss does not depend on lea2.
    for which, own in ((0, MAIN), (2, LEA2), (1, LEA1)):
        step_by_hand(model, lambda losses, which=which: losses[which], variables_of(model, own))
    two, one = after_one_step(passes=2), after_one_step(passes=1)
    assert net.differing(one, two) == LEA1 | LEA2
    assert net.distance(two, net.values(model)) < 1e-6


def test_independent_steps_add_up():
    model = net.network()
    step_by_hand(model, sum, model.trainable_variables)
    assert net.distance(after_one_step(mode="independent"), net.values(model)) < 1e-6


@pytest.mark.thorough
def test_joint_is_one_step_on_the_weighted_sum():
    model = net.network()
    step_by_hand(model, lambda losses: 2 * losses[0] + 0.3 * (losses[1] + losses[2]), model.trainable_variables)
    joint = after_one_step(mode="joint", objective_weights=(2.0, 0.3))
    assert net.distance(joint, net.values(model)) < 1e-6
    assert net.differing(joint, after_one_step(mode="joint")) == MAIN | LEA1 | LEA2


def test_joint_without_local_weight_leaves_the_decoders():
    model = net.network()
    before = net.values(model)
    model.compile("adam", net.cross_entropy(), mode="joint", objective_weights=(1.0, 0.0))
    net.train(model)
    assert net.differing(before, net.values(model)) == MAIN | {"lea1/encoder", "lea2/encoder"}


def test_local_weight_changes_between_steps_without_retracing():
    class Switch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.joint_weights.local.assign(float(epoch))
            snapshots.append(net.values(self.model))

    snapshots, traces = [], []
    model = net.network()
    step = model.train_step
    model.train_step = lambda data: traces.append(1) or step(data)
    model.compile(SGD(0.1), net.cross_entropy(), mode="joint")
    net.train(model, epochs=2, callbacks=[Switch()])
    decoders = {"lea1/decoder", "lea2/decoder"}
    assert not decoders & net.differing(*snapshots)
    assert decoders <= net.differing(snapshots[1], net.values(model))
    assert len(traces) == 1


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["alternate", "joint"])
def test_logs_show_every_objective_unweighted(mode):
    model = net.network()
    images, labels = net.data(net.BATCH)
    expected = [float(loss) for loss in losses_by_hand(model, images, labels)]
    weights = (2.0, 0.3) if mode == "joint" else None
    model.compile(SGD(0.0), net.cross_entropy(), mode=mode, objective_weights=weights, metrics=["accuracy"])
    logs = net.train(model, images, labels, validation_data=(images, labels)).history
    names = ["loss", "lea1_loss", "lea2_loss"]
    assert [logs[name][0] for name in names] == pytest.approx(expected, rel=1e-5)
    assert [logs[f"val_{name}"][0] for name in names] == pytest.approx(expected, rel=1e-5)
    assert set(logs) == {f"{split}{name}" for split in ("", "val_") for name in [*names, "accuracy"]}


@pytest.mark.thorough
def test_logs_weigh_a_short_batch_by_its_images():
    model = net.network()
    model.compile(SGD(0.0), net.cross_entropy())
    images, labels = net.data(net.BATCH + 3)
    whole = net.train(model, images, labels, batch_size=len(images)).history
    batches = net.train(model, images, labels).history
    for name in ("loss", "lea1_loss", "lea2_loss"):
        assert batches[name][0] == pytest.approx(whole[name][0], rel=1e-5)
        assert model.evaluate(images, labels, verbose=0, return_dict=True)[name] == pytest.approx(
            whole[name][0], rel=1e-5
        )


def test_regularizers_and_added_losses_belong_to_one_objective():
    model = net.network()
    images, labels = net.data(net.BATCH)
    main, lea1, lea2 = (float(loss) for loss in losses_by_hand(model, images, labels))
    logits, inner = model.get_layer("logits"), model.get_layer("lea1").autoencoder.bottleneck.code
    for layer in (logits, inner):
        layer.kernel.regularizer = keras.regularizers.L2(0.5)
    model.compile(SGD(0.0), net.cross_entropy())
    logs = model.evaluate(images, labels, batch_size=net.BATCH, verbose=0, return_dict=True)
    squares = [0.5 * float(np.sum(layer.kernel.numpy() ** 2)) for layer in (logits, inner)]
    assert [logs["loss"], logs["lea1_loss"]] == pytest.approx([main + squares[0], lea1 + squares[1]], rel=1e-5)
    assert logs["lea2_loss"] == pytest.approx(lea2, rel=1e-5)


def test_frozen_local_objective_is_reported_and_left():
    model = net.network()
    model.get_layer("lea1").trainable = False
    before = net.values(model)
    model.compile(SGD(0.1), net.cross_entropy())
    logs = net.train(model).history
    assert net.differing(before, net.values(model)) == MAIN | LEA2
    assert logs["lea1_loss"][0] > 0


def test_compiling_again_changes_the_mode():
    model = net.network()
    model.compile(SGD(0.1), net.cross_entropy(), mode="joint", objective_weights=(1.0, 0.0))
    net.train(model)
    model.compile(SGD(0.1), net.cross_entropy(), mode="alternate")
    before = net.values(model)
    logs = net.train(model).history
    assert net.differing(before, net.values(model)) == MAIN | LEA1 | LEA2
    assert sorted(logs) == ["lea1_loss", "lea2_loss", "loss"]
    assert model.joint_weights is None
    assert len(model.optimizers) == 3

"""The same training however it is executed: several steps a call, XLA, mixed precision, several replicas."""

import keras
import numpy as np
import pytest
import windowed_network as net
from windowed_network import LEA1, LEA2, MAIN

pytestmark = pytest.mark.tensorflow

MODES = ["alternate", "independent", "joint"]
SLOW = pytest.mark.slow
STEPS = [("alternate", (1, 2, 4)), *(pytest.param(mode, (1, 2, 4), marks=SLOW) for mode in MODES[1:])]


def trained(mode, epochs=2, **compilation):
    """Values and logs after training with sampling, on four whole batches and a short one."""
    model = net.network(variational=True)
    model.compile("adam", net.cross_entropy(), mode=mode, **compilation)
    logs = net.train(model, *net.data(4 * net.BATCH + 5), epochs=epochs).history
    return net.values(model), logs


def assert_same_bits(executions):
    (values, logs), *others = executions
    for other_values, other_logs in others:
        assert net.differing(values, other_values) == set()
        assert logs == other_logs


@pytest.mark.thorough
@pytest.mark.parametrize(("mode", "steps"), STEPS)
def test_steps_per_execution_changes_no_bit(mode, steps):
    assert_same_bits([trained(mode, steps_per_execution=n, jit_compile=False) for n in steps])


@SLOW
def test_steps_per_execution_changes_no_bit_with_two_passes():
    executions = [trained("alternate", passes=2, steps_per_execution=n, jit_compile=False) for n in (1, 4)]
    assert_same_bits(executions)


@SLOW
@pytest.mark.parametrize("mode", MODES)
def test_steps_per_execution_changes_no_bit_under_xla(mode):
    assert_same_bits([trained(mode, steps_per_execution=n, jit_compile=True) for n in (1, 4)])


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["alternate", *(pytest.param(mode, marks=SLOW) for mode in MODES[1:])])
def test_xla_agrees_with_the_graph(mode):
    """Without sampling, whose draws are others under XLA."""
    executions = []
    for execution in ({"jit_compile": False}, {"jit_compile": True, "steps_per_execution": 3}):
        model = net.network()
        model.compile(keras.optimizers.SGD(0.01), net.cross_entropy(), mode=mode, **execution)
        net.train(model, epochs=3)
        executions.append(net.values(model))
    assert net.distance(*executions) < 1e-5


@pytest.fixture
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("policy", "mode"),
    [
        ("mixed_bfloat16", "joint"),
        ("mixed_float16", "alternate"),
        pytest.param("mixed_bfloat16", "alternate", marks=SLOW),
        pytest.param("mixed_float16", "joint", marks=SLOW),
    ],
    indirect=["policy"],
)
def test_mixed_precision_trains(policy, mode):
    model = net.network(variational=True)
    before = net.values(model)
    model.compile(keras.optimizers.Adam(0.01), net.cross_entropy(), mode=mode)
    logs = net.train(model, epochs=8).history
    assert all(logs[name][-1] < logs[name][0] for name in ("loss", "lea1_loss", "lea2_loss"))
    assert net.differing(before, net.values(model)) == MAIN | LEA1 | LEA2
    wrapped = [isinstance(optimizer, keras.optimizers.LossScaleOptimizer) for optimizer in model.optimizers]
    assert wrapped == [policy == "mixed_float16"] * (1 if mode == "joint" else 3)
    # While a float16 loss scale finds its size, steps that overflow are left out.
    fewest = 18 if policy == "mixed_float16" else 24
    assert all(fewest <= int(optimizer.iterations) <= 24 for optimizer in model.optimizers)


@pytest.mark.parametrize("policy", ["mixed_float16"], indirect=True)
def test_an_overflow_halts_only_its_own_objective(policy):
    model = net.network()
    inner = [keras.optimizers.SGD(0.1) for _ in range(3)]
    scales = [2.0, 1e38, 2.0]  # lea1's scaled loss overflows
    main, *local = [
        keras.optimizers.LossScaleOptimizer(o, initial_scale=s) for o, s in zip(inner, scales, strict=True)
    ]
    model.compile(main, net.cross_entropy(), objective_optimizers=local)
    before = net.values(model)
    net.train(model, *net.data(net.BATCH))
    assert net.differing(before, net.values(model)) == MAIN | LEA2
    assert [float(optimizer.dynamic_scale) for optimizer in model.optimizers] == pytest.approx([2.0, 5e37, 2.0])


TRAIN_ON_TWO_DEVICES = """
import sys
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
import windowed_network as net

arrays = {}
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
for mode in sys.argv[2:]:
    with strategy.scope():
        model = net.network()
    model.compile(keras.optimizers.SGD(0.01), net.cross_entropy(), mode=mode)
    assert not model.jit_compile
    logs = net.train(model, epochs=2).history
    arrays |= {f"{mode} {n} {i}": v for n, values in net.values(model).items() for i, v in enumerate(values)}
    arrays |= {f"{mode} {name}": np.array(values) for name, values in logs.items()}
assert strategy.num_replicas_in_sync == 2
np.savez(sys.argv[1], **arrays)
"""


@pytest.mark.thorough
@pytest.mark.parametrize("modes", [["alternate"], pytest.param(MODES[1:], marks=SLOW)])
def test_two_replicas_agree_with_one_device(modes, tmp_path):
    net.run(TRAIN_ON_TWO_DEVICES, tmp_path / "two.npz", *modes)
    two = np.load(tmp_path / "two.npz")
    for mode in modes:
        model = net.network()
        model.compile(keras.optimizers.SGD(0.01), net.cross_entropy(), mode=mode)
        logs = net.train(model, epochs=2).history
        for name, weights in net.values(model).items():
            for i, weight in enumerate(weights):
                np.testing.assert_allclose(two[f"{mode} {name} {i}"], weight, atol=1e-6)
        for name, numbers in logs.items():
            np.testing.assert_allclose(two[f"{mode} {name}"], numbers, rtol=1e-5)

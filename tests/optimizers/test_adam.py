"""The fused Adam gives what Keras's own gives, keeps its state the same way, and uses TensorFlow's kernel."""

import keras
import numpy as np
import pytest

from keras_ae import optimizers

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tensorflow

SHAPES = ((3, 4), (5,), ())
STEPS = 1000


def _gradients(steps=STEPS):
    random = np.random.default_rng(0)
    scales = np.exp(random.normal(0, 2, steps)).astype("float32")  # from small to large
    return [(random.normal(0.1, 1, (steps, *shape)).T * scales).T.astype("float32") for shape in SHAPES]


def _variables(dtype="float32"):
    random = np.random.default_rng(1)
    return [keras.Variable(random.normal(size=shape), dtype=dtype, name=f"v{len(shape)}") for shape in SHAPES]


def _arrays(variables):
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _moved(optimizer, gradients, dtype="float32"):
    """The variables after steps along the gradients."""
    variables = _variables(dtype)
    optimizer.build(variables)

    @tf.function
    def steps(gradients):
        for step in tf.range(tf.shape(gradients[0])[0]):
            optimizer.apply([gradient[step] for gradient in gradients], variables)

    steps([tf.cast(gradient, dtype) for gradient in gradients])
    return _arrays(variables)


def _by_numpy(gradients, rate=1e-2, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """Kingma & Ba (2015), the formula before section 2.1, in float64."""
    moved = []
    for variable, along in zip(_variables(), gradients, strict=True):
        value = variable.numpy().astype("float64")
        m, v = np.zeros_like(value), np.zeros_like(value)
        for step, gradient in enumerate(along.astype("float64"), start=1):
            m, v = beta_1 * m + (1 - beta_1) * gradient, beta_2 * v + (1 - beta_2) * gradient**2
            value = value - rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step) * m / (np.sqrt(v) + epsilon)
        moved.append(value)
    return moved


def _assert_close(one, other, tolerance=1e-5):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_a_thousand_steps_end_where_the_paper_s_formula_does():
    gradients = _gradients()
    _assert_close(_moved(optimizers.Adam(1e-2), gradients), _by_numpy(gradients))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Adam", {"learning_rate": 1e-2}),
        ("Adam", {"learning_rate": keras.optimizers.schedules.CosineDecay(1e-2, 500), "beta_1": 0.5}),
        ("Adam", {"clipnorm": 1.0}),
        ("Adam", {"global_clipnorm": 1.0}),
        ("Adam", {"clipvalue": 0.5, "epsilon": 1e-3}),
        ("Adam", {"use_ema": True, "ema_overwrite_frequency": 10}),
        ("Adam", {"gradient_accumulation_steps": 3}),
        ("Adam", {"loss_scale_factor": 4.0}),
        ("Adam", {"amsgrad": True}),
        ("Adam", {"weight_decay": 0.1}),
        ("AdamW", {"learning_rate": 1e-2, "weight_decay": 0.1}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_thousand_steps_end_where_keras_s_do(name, options):
    gradients = _gradients()
    own, of_keras = getattr(optimizers, name)(**options), getattr(keras.optimizers, name)(**options)
    _assert_close(_moved(own, gradients), _moved(of_keras, gradients))
    # The kernel takes 1 - 0.999 in float32, which Keras rounds apart: its velocities are 5e-5 larger at first.
    _assert_close(_arrays(own.variables), _arrays(of_keras.variables), tolerance=5e-5)


def test_variables_excluded_from_weight_decay_are_as_in_keras():
    def moved(kind):
        optimizer = kind(1e-2, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(var_names=["v1"])
        return _moved(optimizer, _gradients(50))

    _assert_close(moved(optimizers.AdamW), moved(keras.optimizers.AdamW))


def _kernels(optimizer, dtype="float32", gradient=tf.ones_like):
    """How often the graph of one step has the fused kernel."""
    variables = _variables(dtype)[:2]
    optimizer.build(variables)
    step = tf.function(lambda: optimizer.apply([gradient(v.value) for v in variables], variables))
    graph = step.get_concrete_function().graph
    return sum(operation.type == "ResourceApplyAdam" for operation in graph.get_operations())


def _rows(values):
    return tf.IndexedSlices(values[:1], tf.constant([0]), tf.shape(values))


def test_the_kernel_takes_the_steps_of_float32_variables_along_dense_gradients():
    assert _kernels(optimizers.Adam()) == _kernels(optimizers.AdamW()) == 2
    assert _kernels(optimizers.Adam(clipnorm=1.0, use_ema=True)) == 2


@pytest.mark.parametrize(
    ("options", "dtype", "gradient"),
    [
        ({"amsgrad": True}, "float32", tf.ones_like),
        ({}, "float64", tf.ones_like),
        ({}, "bfloat16", tf.ones_like),
        ({}, "float32", _rows),
    ],
    ids=["amsgrad", "float64", "bfloat16", "sparse"],
)
def test_other_steps_are_keras_s_own(options, dtype, gradient):
    assert _kernels(optimizers.Adam(**options), dtype, gradient) == 0


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_variables_of_other_types_move_as_in_keras(dtype):
    own, of_keras = (
        _moved(kind(1e-2), _gradients(30), dtype) for kind in (optimizers.Adam, keras.optimizers.Adam)
    )
    assert [a.tobytes() for a in own] == [a.tobytes() for a in of_keras]


def test_sparse_gradients_move_rows_as_in_keras():
    def moved(kind):
        variable = keras.Variable(np.ones((4, 2)), dtype="float32")
        optimizer = kind(0.1)
        for row in (0, 2, 0):
            optimizer.apply([tf.IndexedSlices(tf.constant([[1.0, -2.0]]), [row], [4, 2])], [variable])
        return variable.numpy()

    assert moved(optimizers.Adam).tobytes() == moved(keras.optimizers.Adam).tobytes()


def test_variables_have_the_names_order_and_shapes_of_keras_s():
    def described(kind):
        optimizer = kind(name="adam", use_ema=True)
        optimizer.build(_variables())
        return [(variable.path, tuple(variable.shape), variable.dtype) for variable in optimizer.variables]

    assert described(optimizers.Adam) == described(keras.optimizers.Adam)


@pytest.mark.parametrize(
    ("first", "then"),
    [(keras.optimizers.Adam, optimizers.Adam), (optimizers.Adam, keras.optimizers.Adam)],
    ids=["from Keras's", "to Keras's"],
)
def test_the_state_of_one_goes_on_in_the_other(first, then):
    """As a file of weights keeps it: by the optimizers' own store."""
    gradients, store = _gradients(60), {}
    variables, before = _variables(), first(1e-2)
    before.build(variables)
    for step in range(30):
        before.apply([gradient[step] for gradient in gradients], variables)
    before.save_own_variables(store)
    after = then(1e-2)
    after.build(variables)
    after.load_own_variables(store)
    for step in range(30, 60):
        after.apply([gradient[step] for gradient in gradients], variables)
    _assert_close(_arrays(variables), _moved(keras.optimizers.Adam(1e-2), gradients))


def test_a_saved_model_goes_on_with_the_same_bits(tmp_path):
    random = np.random.default_rng(0)
    x, y = random.random((32, 3), "float32"), random.random((32, 2), "float32")
    optimizer = keras.optimizers.LossScaleOptimizer(optimizers.AdamW(0.01, beta_1=0.8))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(2)])
    model.compile(optimizer, "mse")
    model.fit(x, y, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert type(loaded.optimizer.inner_optimizer) is optimizers.AdamW
    for one in (model, loaded):
        one.fit(x, y, shuffle=False, verbose=0)
    assert [a.tobytes() for a in _arrays(loaded.variables)] == [a.tobytes() for a in _arrays(model.variables)]


def test_with_loss_scaling_a_step_that_overflows_is_left_out_as_in_keras():
    def moved(kind):
        variables, optimizer = _variables(), keras.optimizers.LossScaleOptimizer(kind(1e-2), initial_scale=8.0)
        for scale in (8.0, np.inf, 4.0):
            optimizer.apply([tf.fill(shape, np.float32(scale)) for shape in SHAPES], variables)
        return [*_arrays(variables), *_arrays(optimizer.variables)]

    own, of_keras = moved(optimizers.Adam), moved(keras.optimizers.Adam)
    _assert_close(own, of_keras)
    assert 4.0 in [array for array in own if array.shape == ()]  # the scale, halved once


def test_is_fused_looks_under_loss_scaling():
    assert optimizers.is_fused(optimizers.Adam())
    assert optimizers.is_fused(keras.optimizers.LossScaleOptimizer(optimizers.AdamW()))
    assert not optimizers.is_fused(keras.optimizers.Adam())

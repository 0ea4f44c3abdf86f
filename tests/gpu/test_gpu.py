"""What must hold on a GPU: every part agrees with the CPU, every architecture trains under XLA."""

import keras
import numpy as np
import pytest
from conformance.parts import all_parts, inputs_for

pytestmark = pytest.mark.tensorflow

PARTS = all_parts()
ARCHITECTURES = [part for part in PARTS if part.kind == "architecture"]


@pytest.fixture(autouse=True)
def _gpu():
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has no GPU that TensorFlow can use")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.id)
def test_agrees_with_the_cpu(part):
    import tensorflow as tf

    model = part.model()
    images = tf.constant(inputs_for(model))
    compiled = tf.function(lambda batch: model(batch, training=False), jit_compile=True)
    with tf.device("CPU"):
        expected = model(images, training=False)
    np.testing.assert_allclose(compiled(images), expected, atol=1e-3)  # GPUs multiply in TF32


@pytest.mark.parametrize("part", ARCHITECTURES, ids=lambda part: part.id)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_trains_under_xla(part, policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = part.model()
        images = inputs_for(model, 16)
        model.compile(keras.optimizers.Adam(1e-2), "mse", jit_compile=True)
        losses = model.fit(images, batch_size=8, epochs=5, verbose=0).history["loss"]
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_automatic_execution_uses_xla():
    model = ARCHITECTURES[0].model()
    model.compile()
    assert model.jit_compile

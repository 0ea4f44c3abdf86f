"""Bilinear upsampling in half precision under XLA."""

import numpy as np
import pytest

from keras_ae.layers import UpsamplingUnit


@pytest.mark.tensorflow
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_its_gradient_compiles_with_xla(policy):
    import tensorflow as tf

    unit = UpsamplingUnit(3, dtype=policy)
    unit.build((2, 4, 4, 2))

    @tf.function(jit_compile=True)
    def gradients(features):
        with tf.GradientTape() as tape:
            tape.watch(features)
            loss = tf.reduce_sum(tf.cast(unit(features), "float32") ** 2)
        return tape.gradient(loss, [features, *unit.trainable_variables])

    features = tf.random.stateless_normal((2, 4, 4, 2), (0, 0))
    assert all(np.isfinite(np.asarray(g, np.float32)).all() for g in gradients(features))
    assert unit(features).dtype == unit.compute_dtype

"""Trains a small model under one of TensorFlow's strategies and prints its losses: `training.py KIND MODEL`.

KIND is "one", "mirrored" (two logical CPU devices) or "workers" (a process of several, told by TF_CONFIG).
"""

import json
import sys

import keras
import numpy as np
import tensorflow as tf

IMAGES, BATCH, EPOCHS = 32, 8, 3


def strategy_of(kind: str):
    """The strategy, made before anything else touches the devices."""
    if kind == "workers":
        return tf.distribute.MultiWorkerMirroredStrategy()
    if kind == "mirrored":
        cpu = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, logical)
        return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    return tf.distribute.get_strategy()


def convolutional():
    """The bottleneck-shape paper's network, small, and its data."""
    import keras_ae as kae

    model = kae.architectures.convolutional((8, 8, 1), (4, 4, 2), strided_layers=2, residual_blocks=1, width=2)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model, (_images(),)


def fused_adam():
    """An autoencoder of few weights, moved by the kernel."""
    import keras_ae as kae

    model = kae.architectures.fully_connected((8, 8, 1), (3,), hidden=(16,))
    model.compile(kae.optimizers.AdamW(1e-3, weight_decay=0.1), "mse")
    return model, (_images(),)


def several_objectives():
    """A classifier with two layers that own an objective, and its data."""
    import windowed_network as net

    model = net.network()
    model.compile(keras.optimizers.SGD(0.05), net.cross_entropy(), objective_optimizers=keras.optimizers.SGD(0.01))
    images = np.random.default_rng(0).random((IMAGES, *model.input_shape[1:])).astype("float32")
    return model, (images, np.arange(IMAGES) % model.output_shape[-1])


def _images():
    return np.random.default_rng(0).random((IMAGES, 8, 8, 1)).astype("float32")


def main(kind: str, name: str) -> None:
    strategy = strategy_of(kind)
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model, data = globals()[name]()
    dataset = tf.data.Dataset.from_tensor_slices(data if len(data) > 1 else data[0]).batch(BATCH)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    history = model.fit(dataset.with_options(options), epochs=EPOCHS, verbose=0, shuffle=False).history
    print(json.dumps({"replicas": strategy.num_replicas_in_sync, **history}))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Convolutions of small maps as matrix products beside Keras's own, with their gradients; and LEAs with them.

    python benchmarks/unrolled_convolution.py [--out FILE.json]

Milliseconds of the outputs, and of the gradients of maps and weights; the two ways take turns.
"""

import argparse
from pathlib import Path

from measure import in_turns, show

# height and width, channels before and after, strides, maps
CONVOLUTIONS = (
    (4, 4, 12, 2, 8192),
    (4, 12, 12, 1, 8192),
    (4, 16, 16, 1, 8192),
    (4, 24, 24, 1, 4096),
    (4, 32, 32, 1, 4096),
    (6, 12, 12, 1, 4096),
    (8, 12, 12, 1, 2048),
)
LEA = {"input_shape": (4, 4, 4), "code_shape": (10,), "kernels": 12, "kernel_size": 3}
IMAGES = (32, 32, 32, 4)


def measure_convolution(side: int, channels: int, filters: int, strides: int, maps: int) -> dict:
    """A row: both ways' milliseconds, and how many times as fast the product is."""
    import keras

    from keras_ae.layers.unrolled_convolution import unrolled

    layer = keras.layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)
    features = keras.random.normal((maps, side, side, channels), seed=0)
    layer.build(features.shape)
    ways = {"Keras": layer, "unrolled": lambda features: unrolled(layer, features)}
    found = in_turns({name: _step(way, features, layer.trainable_variables) for name, way in ways.items()})
    row = {"maps": f"{maps} × {side}×{side}×{channels} → {filters}, stride {strides}", **found}
    return row | {"times as fast": found["Keras"] / found["unrolled"]}


def measure_lea(pair: str) -> dict:
    """A row: a LEA's training step with and without unrolling."""
    import keras

    import keras_ae as kae
    from keras_ae.layers import unrolled_convolution

    images = keras.random.normal(IMAGES, seed=0)

    def step(channels: int):
        unrolled_convolution.MOST_CHANNELS = channels  # read when the step is traced
        lea = kae.layers.LocallyEmbeddedAutoencoder(
            kae.architectures.window_autoencoder(**LEA, pair=pair), strides=2
        )

        def loss(images):
            lea(images, training=True)
            return lea.losses

        lea.build(images.shape)
        traced = _step(loss, images, lea.trainable_variables)
        traced()
        return traced

    most = unrolled_convolution.MOST_CHANNELS
    found = in_turns({"Keras": step(0), "unrolled": step(most)})
    unrolled_convolution.MOST_CHANNELS = most
    row = {"maps": f"LEA with {pair}, windows of 4×4×4, 12 kernels", **found}
    return row | {"times as fast": found["Keras"] / found["unrolled"]}


def _step(function, images, variables):
    """Outputs' squares' sum, differentiated by images and variables: compiled."""
    import tensorflow as tf

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.add_n([tf.reduce_sum(tf.square(part)) for part in tf.nest.flatten(function(images))])
        return tape.gradient(loss, [images, *variables])

    return gradients


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="a JSON file for the rows")
    options = parser.parse_args()
    rows = [measure_convolution(*case) for case in CONVOLUTIONS] + [measure_lea(pair) for pair in ("conv", "sb")]
    show("Milliseconds, with gradients", rows, options.out)


if __name__ == "__main__":
    main()

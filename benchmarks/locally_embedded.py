"""The LEA layer beside the same layer written with extracted patches; CNN-LEA beside Classic; memory.

    python benchmarks/locally_embedded.py [--out FILE.json]

Every case runs in a process of its own; the ways of one layer take turns, and of each the fastest call counts.
"trained" is forward and backward: the LEA's own loss to its own weights, and a loss behind it to its input, as in
alternate training. Encoding alone is at best about twice as fast as the forward pass in training where the dense
layers' arithmetic dominates: encoder and decoder cost the same.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from measure import peak_memory, seconds_a_call, show

# name: image shape, window, strides, batch
LAYERS = {
    "first layer, 64×64×1, 4/2": ((64, 64, 1), 4, 2, 64),
    "as a pooling, 64×64×1, 8/8": ((64, 64, 1), 8, 8, 64),
    "every pixel, 28×28×1, 4/1": ((28, 28, 1), 4, 1, 64),
    "8 channels, 32×32×8, 4/2": ((32, 32, 8), 4, 2, 64),
    "CNN-LEA's second, 16×16×32, 4/2": ((16, 16, 32), 4, 2, 64),
}
FRACTIONS = {"LEA": 1.0, "LEA, loss on 1/4": 1 / 4, "LEA, loss on 1/16": 1 / 16}  # of its windows
WAYS = (*FRACTIONS, "tf.image patches", "keras.ops patches")
SEEDS, STEPS, RATE = 3, 1_000, 1e-3  # of the comparison of losses
# Codes, part of the steps over which the rate falls, and how many times as many steps a quarter of windows gets.
TRAINED = (("dense", 0.0, 1.0), ("dense", 0.2, 1.0), ("dense", 0.0, 1.4), ("variational", 0.0, 1.0))
LARGE = ((64, 64, 32), 4, 2, 64)  # its step's memory is measured
CLASSIFIERS = ("classic", "cnn_lea")
IMAGE, BATCH = (32, 32, 3), 64
MATRIX, ROUNDS = 4096, 15


def make_layer(way: str, shape: tuple, window: int, strides: int):
    """A LEA with the fc pair, or the same layer as one would write it."""
    import keras
    import tensorflow as tf
    from keras import ops

    import keras_ae as kae

    class Patches(kae.layers.LocallyEmbeddedAutoencoder):
        def call(self, images, training=False):
            if way == "tf.image patches":
                sizes = [1, *self.window, 1], [1, *self.strides, 1], [1] * 4
                patches = tf.image.extract_patches(images, *sizes, self.padding.upper())
            else:
                patches = ops.image.extract_patches(images, self.window, self.strides, padding=self.padding)
            windows = ops.reshape(patches, (-1, *self.autoencoder.image_shape))
            codes = self.autoencoder.encode(windows, training)
            errors = self.autoencoder.decode(codes, training) - windows
            self.add_loss(ops.mean(ops.sum(ops.square(errors), axis=(1, 2, 3))))
            return ops.reshape(codes, (-1, *patches.shape[1:3], codes.shape[-1]))

    keras.utils.set_random_seed(0)
    autoencoder = kae.architectures.window_autoencoder((window, window, shape[-1]), (10,))
    if way not in FRACTIONS:
        return Patches(autoencoder, strides=strides)
    options = {"strides": strides, "window_fraction": FRACTIONS[way], "seed": 0}
    return kae.layers.LocallyEmbeddedAutoencoder(autoencoder, **options)


def measure_layer(name: str) -> list[dict]:
    """Milliseconds of a training step, its forward pass, and encoding alone, of every way to write the layer."""
    shape, window, strides, batch = LAYERS[name]
    functions = {way: layer_functions(make_layer(way, shape, window, strides), batch, shape) for way in WAYS}
    fastest = {way: dict.fromkeys(steps, float("inf")) for way, steps in functions.items()}
    for _ in range(ROUNDS):
        for way, steps in functions.items():
            for step, function in steps.items():
                seconds = seconds_a_call(function, warm_up=1, calls=1, repeats=1)
                fastest[way][step] = min(fastest[way][step], seconds)
    rows, lea = [], fastest[WAYS[0]]
    for way, seconds in fastest.items():
        row = {"layer": name, "way": way, **{step: round(1000 * value, 2) for step, value in seconds.items()}}
        row["of LEA's step"] = round(seconds["trained"] / lea["trained"], 2)
        row["of its encoding"] = round(seconds["encoding"] / lea["encoding"], 2)
        row["forward/encoding"] = round(seconds["forward"] / seconds["encoding"], 2)
        rows.append(row)
    return rows


def layer_functions(layer, batch: int, shape: tuple) -> dict:
    """What is timed of one layer, as compiled functions without arguments."""
    import tensorflow as tf

    images = tf.random.normal((batch, *shape), seed=0)
    above = tf.random.normal(layer(images).shape, seed=1)

    @tf.function
    def trained():
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(images)
            main = tf.reduce_sum(layer(images, training=True) * above)
            own = sum(layer.losses)
        return tape.gradient(own, layer.trainable_variables), tape.gradient(main, images)

    @tf.function
    def forward():
        return layer(images, training=True), sum(layer.losses)

    return {"trained": trained, "forward": forward, "encoding": tf.function(lambda: layer(images))}


def measure_losses(codes: str, cooled: float, more: float) -> dict:
    """The loss on all windows of test images in the end, trained on all windows and on a quarter, of each seed.

    Over the part `cooled` of the steps, the last ones, the rate falls to 0. A quarter gets `more` times as
    many steps.
    """
    import keras
    import tensorflow as tf

    import keras_ae as kae

    data = kae.data.load("dsprites", train="train[:20000]", test="test[:500]", image_size=32, batch_size=BATCH)
    losses = {}
    for way, fraction in list(FRACTIONS.items())[:2]:
        steps = STEPS if fraction == 1 else round(more * STEPS)
        for seed in range(SEEDS):
            keras.utils.set_random_seed(seed)
            bottleneck = kae.bottlenecks.Variational(10, beta=0.01, seed=seed) if codes == "variational" else codes
            autoencoder = kae.architectures.window_autoencoder((4, 4, 1), (10,), bottleneck=bottleneck)
            image = keras.Input(data.image_shape)
            lea = kae.layers.LocallyEmbeddedAutoencoder(
                autoencoder, strides=2, window_fraction=fraction, seed=seed
            )
            model = keras.Model(image, lea(image))
            rate = kae.schedules.Cooldown(RATE, steps, cooled) if cooled else RATE
            optimizer = keras.optimizers.Adam(rate)
            optimizer.build(model.trainable_variables)

            @tf.function
            def step(images, model=model, optimizer=optimizer):
                with tf.GradientTape() as tape:
                    model(images, training=True)
                    loss = sum(model.losses)
                optimizer.apply(tape.gradient(loss, model.trainable_variables))

            for images in data.with_seed(seed).pipeline("train", repeat=True).take(steps):
                step(images)
            losses[way, seed] = kae.evaluation.measure_local_reconstruction(model, lea.name, data.test).loss
    whole, some = (np.array([losses[way, seed] for seed in range(SEEDS)]) for way in list(FRACTIONS)[:2])
    row = {
        "codes": codes,
        "cooled": f"{cooled:.0%}",
        "steps of a quarter": f"{round(more * STEPS):,}",
        "all windows": f"{whole.mean():.4f}",
        "a quarter": f"{some.mean():.4f}",
    }
    row["difference"] = f"{some.mean() / whole.mean() - 1:+.1%}"
    return row | {"of each seed": ", ".join(f"{each:+.1%}" for each in some / whole - 1)}


def measure_classifier(name: str) -> dict:
    """Milliseconds of a training step, and the rate of its arithmetic; or the rate of one large matrix product."""
    import keras
    import tensorflow as tf

    import keras_ae as kae
    from keras_ae.runs import TRAINING_PASSES, cost

    if name == "matmul":
        matrix = tf.random.normal((MATRIX, MATRIX))
        product, operations = tf.function(lambda: matrix @ matrix), 2 * MATRIX**3
        seconds = seconds_a_call(product, calls=3)
    else:
        keywords = {"code_shape": (10,)} if name == "cnn_lea" else {}
        model = getattr(kae.architectures, name)(IMAGE, classes=10, **keywords)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(1e-4), loss)
        batch = (np.zeros((BATCH, *IMAGE), "float32"), np.zeros(BATCH, "int32"))
        endless = iter(tf.data.Dataset.from_tensors(batch).repeat())
        model.make_train_function()
        seconds = seconds_a_call(lambda: model.train_function(endless), calls=3)
        operations = TRAINING_PASSES * cost(model).operations * BATCH
    return {
        "step of": name,
        "ms": round(1000 * seconds, 1),
        "GFLOP": round(operations / 1e9, 2),
        "GFLOP/s": round(operations / seconds / 1e9, 1),
    }


def measure_memory() -> dict:
    """Peak memory of a few steps of a LEA behind a convolution that makes 32 channels of 64×64 pixels."""
    import keras

    import keras_ae as kae

    shape, window, strides, batch = LARGE
    image = keras.Input((*shape[:2], 1))
    features = keras.layers.Conv2D(shape[-1], 3, padding="same", activation="relu")(image)
    codes = make_layer("LEA", shape, window, strides)(features)
    logits = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(codes))
    model = kae.MultiObjective(image, logits)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = peak_memory()
    images, labels = np.random.default_rng(0).random((batch, *shape[:2], 1), "float32"), np.zeros(batch, "int32")
    for _ in range(2):
        model.train_on_batch(images, labels)
    peak = peak_memory()
    return {"images": "64 of 64×64×32, 4/2", "MiB before": round(before), "MiB at most": round(peak)}


CASES = {
    "layer": measure_layer,
    "losses": measure_losses,
    "classifier": measure_classifier,
    "memory": measure_memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="a JSON file for all the rows")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        case = json.loads(options.case)
        print(json.dumps(CASES[case.pop("kind")](**case)))
        return
    layers = [row for name in LAYERS for row in _in_process(kind="layer", name=name)]
    show("A layer, in milliseconds", layers)
    losses = [_in_process(kind="losses", codes=codes, cooled=part, more=more) for codes, part, more in TRAINED]
    show(f"Losses of {STEPS:,} steps on test images, all windows of dSprites at 32×32", losses)
    classifiers = [_in_process(kind="classifier", name=name) for name in (*CLASSIFIERS, "matmul")]
    show(f"Classifiers, {BATCH} images of 32×32×3", classifiers)
    memory = [_in_process(kind="memory")]
    show("Memory of a training step", memory)
    if options.out is not None:
        rows = {"layers": layers, "losses": losses, "classifiers": classifiers, "memory": memory}
        options.out.write_text(json.dumps(rows, indent=2) + "\n")


def _in_process(**case):
    command = [sys.executable, __file__, "--case", json.dumps(case)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    print(done.stdout, file=sys.stderr, end="")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()

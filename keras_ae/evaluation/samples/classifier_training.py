"""Trains the classifiers whose features the library carries.

    python -m keras_ae.evaluation.samples.classifier_training {digits,mnist,cifar10} [--data-dir DIR]

The weights are kept in half precision, to which they are rounded before the accuracy is measured.
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np

from keras_ae import data as image_data
from keras_ae import optimizers
from keras_ae._support.files import write_arrays
from keras_ae.data import ImageData
from keras_ae.evaluation.samples.classifier_features import NETWORKS, build_classifier
from keras_ae.schedules import OneCycle

WEIGHTS = Path(__file__).parent / "feature_weights"


def train_classifier(name: str, data: ImageData, epochs: int | None = None) -> tuple[keras.Model, float]:
    """Trains a data set's classifier; returns it, with rounded weights, and its accuracy on the test images.

    Args:
        name: The classifier, a key of `NETWORKS`.
        data: The labelled images; its seed decides their order.
        epochs: Number of epochs; the network's own by default.
    """
    network, model = NETWORKS[name], build_classifier(name)
    epochs = network.epochs if epochs is None else epochs
    steps = data.steps_per_epoch("train", network.batch_size)
    model.compile(
        optimizers.Adam(OneCycle(network.learning_rate, epochs * steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    batches = data.pipeline("train", batch_size=network.batch_size, labels=True, repeat=True)
    if network.flips:
        mirror = keras.layers.RandomFlip("horizontal", seed=data.seed)
        batches = batches.map(lambda images, labels: (mirror(images, training=True), labels))
    model.fit(batches, epochs=epochs, steps_per_epoch=steps, verbose=2)
    model.set_weights([weight.astype(np.float16).astype(np.float32) for weight in model.get_weights()])
    return model, _accuracy(model, data)


def save_weights(model: keras.Model, path: Path, about: dict) -> None:
    """Writes weights in half precision, with facts about them, for `classifier_features.load_weights`."""
    arrays = {f"w{i}": weight.astype(np.float16) for i, weight in enumerate(model.get_weights())}
    write_arrays(path, {"about": json.dumps(about), **arrays}, compressed=True)


def _accuracy(model: keras.Model, data: ImageData) -> float:
    batches = data.pipeline("test", batch_size=500, labels=True).as_numpy_iterator()
    hits = [model.predict_on_batch(images).argmax(axis=1) == labels for images, labels in batches]
    return float(np.concatenate(hits).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(NETWORKS))
    parser.add_argument("--data-dir", type=Path, help="where the data set is; KERAS_AE_DATA by default")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    data = image_data.load(options.name, data_dir=options.data_dir, seed=options.seed, progress=False)
    model, accuracy = train_classifier(options.name, data)
    about = {"accuracy": accuracy, "epochs": NETWORKS[options.name].epochs, "seed": options.seed}
    path = WEIGHTS / f"{options.name}.npz"
    save_weights(model, path, about | {"keras": keras.__version__, "test_images": data.sizes.test})
    print(f"{path}: {accuracy:.4f} of the test images right")


if __name__ == "__main__":
    main()

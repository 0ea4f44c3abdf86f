"""Images of which each has one changed pixel, asked about by what the pixel reaches and as whole images.

    python benchmarks/changed_pixels.py [--out FILE.json]

Microseconds an image, of networks for images of 28×28 with filters of 32 and 64; the two ways take turns. That
they give the same logits is shown first.
"""

import argparse
from pathlib import Path

from measure import in_turns, show

SHAPE, FILTERS, ROUNDS = (28, 28, 1), (32, 64), 3
WINDOWS = {"code_shape": (10,), "window": 4, "strides": 2}
# architecture, options, images, and how many of them are copies of one
NETWORKS = {
    "Classic": ("classic", {}, 16_384, 128),
    "CNN-LEA with fc": ("cnn_lea", WINDOWS, 512, 128),
    "CNN-LEA with conv": ("cnn_lea", {**WINDOWS, "pair": "conv"}, 2048, 128),
    "CNN-LEA with sb": ("cnn_lea", {**WINDOWS, "pair": "sb"}, 2048, 128),
}


def measure(name: str, architecture: str, options: dict, images: int, copies: int) -> dict:
    """A row: microseconds an image in both ways, and how many times as fast the first is."""
    import numpy as np

    import keras_ae as kae
    from keras_ae.evaluation.attacks import as_foolbox
    from keras_ae.evaluation.attacks.base import Classifier, with_changed_pixels

    network = getattr(kae.architectures, architecture)(SHAPE, classes=10, filters=FILTERS, **options)
    generator, (height, width, channels) = np.random.default_rng(0), SHAPE
    originals = generator.random((images // copies, *SHAPE), np.float32)
    owners, pixels = np.repeat(np.arange(len(originals)), copies), generator.integers(0, height * width, images)
    changes = originals, owners, pixels, generator.choice(np.float32([-10, 10]), (images, channels))
    classifier = Classifier(as_foolbox(network), _eager(originals))
    whole = with_changed_pixels(*changes)
    np.testing.assert_allclose(classifier.logits_of_changed(*changes), classifier.logits(whole), atol=1e-4)
    ways = {
        "whole images": lambda: classifier.logits(whole),
        "what a pixel reaches": lambda: classifier.logits_of_changed(*changes),
    }
    found = {way: 1000 * seconds / images for way, seconds in in_turns(ways, ROUNDS).items()}
    return {"network": name, **found, "times as fast": found["whole images"] / found["what a pixel reaches"]}


def _eager(images):
    import eagerpy as ep
    import tensorflow as tf

    return ep.astensor(tf.constant(images))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="a JSON file for the rows")
    options = parser.parse_args()
    show("Microseconds an image", [measure(name, *case) for name, case in NETWORKS.items()], options.out)


if __name__ == "__main__":
    main()

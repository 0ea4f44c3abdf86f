"""The identity of a codec."""

import hashlib

import numpy as np
from keras import ops

from keras_ae.compression.container import IDENTITY
from keras_ae.compression.entropy import Conditional, Entropy


def identity_of(model, entropy: Entropy, step: float) -> bytes:
    """Returns the first bytes of the SHA-256 of all that decoding depends on: weights, tables and step.

    Example:
        >>> model = kae.architectures.compressive((8, 8, 1), (2, 2, 2), filters=2)
        >>> from keras_ae.compression.priors import entropy_of
        >>> entropy = entropy_of(model.bottleneck)
        >>> identity_of(model, entropy, 1.0) == identity_of(model, entropy, 0.5)
        False
    """
    digest = hashlib.sha256(np.array([step, getattr(model.bottleneck, "step", 1.0)], "<f8").tobytes())
    for array in entropy.tables.counts, entropy.tables.starts, entropy.tables.lowest:
        digest.update(array.astype("<i8").tobytes())
    if isinstance(entropy, Conditional):
        network = entropy.network
        for array in (*network.kernels, *network.biases, network.thresholds):
            digest.update(array.astype("<f8").tobytes())
    for weights in (*model.decoder.weights, *model.bottleneck.weights):
        digest.update(ops.convert_to_numpy(weights).astype("<f4").tobytes())
    return digest.digest()[:IDENTITY]

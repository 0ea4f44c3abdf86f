"""Which half of an autoencoder overfits: one half is kept as trained, the other is trained anew.

The bottleneck-shape paper (section 4, and its conclusion) asks whether the encoder or the decoder overfits. A
decoder trained anew on a frozen encoder shows how well the encoder's codes generalise, and vice versa.
"""

import random
from contextlib import contextmanager

from keras_ae._support.errors import unknown_name
from keras_ae.autoencoder import Autoencoder

HALVES = ("encoder", "decoder")


def with_new_half(model: Autoencoder, new: str, seed: int) -> Autoencoder:
    """Returns a copy of a trained autoencoder with one half initialised anew and the other half frozen.

    The bottleneck belongs to the encoder.

    Args:
        model: The trained autoencoder, which is left unchanged.
        new: "encoder" or "decoder": the half to train again.
        seed: Seed of the new half's weights.

    Returns:
        An uncompiled autoencoder. A frozen batch normalisation keeps its statistics; a frozen variational
        bottleneck goes on sampling in training.

    Raises:
        InputError: If there is no such half.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> again = kae.runs.with_new_half(model, "decoder", seed=1)
        >>> again.encoder.trainable, again.decoder.trainable
        (False, True)
        >>> bool(np.all(again.encoder.get_weights()[0] == model.encoder.get_weights()[0]))
        True
    """
    if new not in HALVES:
        raise unknown_name("half", new, HALVES)
    with _default_seeds(seed):
        copy = Autoencoder.from_config(model.get_config())
    kept = ("decoder",) if new == "encoder" else ("encoder", "bottleneck")
    for part in kept:
        getattr(copy, part).set_weights(getattr(model, part).get_weights())
        getattr(copy, part).trainable = False
    for part in {"encoder", "bottleneck", "decoder"}.difference(kept):
        getattr(copy, part).trainable = True
    return copy


@contextmanager
def _default_seeds(seed: int):
    """Seeds Python's generator, the source of Keras's default seeds for initialisers without their own."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)

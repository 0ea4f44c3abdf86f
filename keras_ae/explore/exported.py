"""An exported SavedModel, for the explorer."""

import os
from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae._support.written_files import verify_export
from keras_ae.detection import CARD, read_card
from keras_ae.export import load_saved_model

NEEDED = ("encode", "decode", "reconstruct")


class ExportedModel:
    """The endpoints `encode` and `decode` of a SavedModel that `keras-ae export` or `detect train` wrote.

    Args:
        path: Its directory.

    Raises:
        InputError: If it has no such endpoints, such as a detector without an autoencoder, its files have been
            changed or are missing, or it cannot be loaded.

    Attributes:
        card: A detector's card; None for a plain autoencoder.
    """

    def __init__(self, path):
        path = Path(path)
        self.card = read_card(path) if os.path.lexists(path / CARD) else None
        if self.card is None:
            verify_export(path)
        self._loaded = load_saved_model(path)
        signatures = self._loaded.signatures
        if any(name not in signatures for name in NEEDED):
            names = ", ".join(sorted(signatures)) or "none"
            raise InputError(f"{path} with the endpoints {names}", ", ".join(NEEDED), "export an autoencoder")
        self._signatures = signatures
        self.image_shape = _shape(signatures["encode"], "images")
        self.code_shape = _shape(signatures["decode"], "codes")

    def encode(self, images):
        """Returns the codes [n, ...] of images [n, h, w, c]."""
        import tensorflow as tf

        return self._signatures["encode"](images=tf.convert_to_tensor(images, tf.float32))["codes"]

    def decode(self, codes):
        """Returns the images [n, h, w, c] of codes [n, ...]."""
        import tensorflow as tf

        return self._signatures["decode"](codes=tf.convert_to_tensor(codes, tf.float32))["images"]


def _shape(signature, name: str) -> tuple[int, ...]:
    return tuple(signature.structured_input_signature[1][name].shape[1:])

"""Loads SavedModels, which may be damaged, with TensorFlow."""

import os
import re
import tempfile
from pathlib import Path

from keras_ae._support.errors import InputError

_PATTERN = re.compile(r"[*?\[\]\\]")  # what TensorFlow reads in a path as wildcards


def load_saved_model(path):
    """Loads a directory with `tf.saved_model.load`, whatever its name.

    Raises:
        InputError: There is no such directory, TensorFlow cannot load it, or is not installed.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> endpoints = {"encode": kae.export.autoencoder_endpoints(model)["encode"]}
        >>> written = kae.export.write_saved_model(model, endpoints, "exported")
        >>> encode = load_saved_model("exported").signatures["encode"]
        >>> encode(images=ops.zeros((3, 4, 4, 1)))["codes"].shape.as_list()
        [3, 2]
    """
    path = Path(path)
    try:
        import tensorflow as tf
    except ImportError:  # on another backend the library itself does without it
        received = f"the SavedModel {path} without the package tensorflow"
        raise InputError(received, "TensorFlow, which runs it on any backend", "pip install tensorflow") from None
    with tempfile.TemporaryDirectory() as directory:
        link = Path(directory, "model")
        if _PATTERN.search(str(path)):
            os.symlink(path.absolute(), link)
        try:
            return tf.saved_model.load(str(link if link.is_symlink() else path))
        except Exception as error:  # of nearly any kind if files are damaged
            reason = " ".join(str(error).replace(str(link), str(path)).split())[:200]
            raise InputError(f"{path} ({reason})", "a SavedModel that can be loaded", "export it again") from error

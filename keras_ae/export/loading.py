"""SavedModels, which may be damaged, as TensorFlow loads them."""

import os
import re
import tempfile
from pathlib import Path

from keras_ae._support.errors import InputError

_PATTERN = re.compile(r"[*?\[\]\\]")  # what TensorFlow reads in a path as standing for other names


def load_saved_model(path):
    """What `tf.saved_model.load` gives of a directory of any name.

    Raises:
        InputError: There is none, or TensorFlow cannot load it.
    """
    import tensorflow as tf

    path = Path(path)
    with tempfile.TemporaryDirectory() as directory:
        link = Path(directory, "model")
        if _PATTERN.search(str(path)):
            os.symlink(path.absolute(), link)
        try:
            return tf.saved_model.load(str(link if link.is_symlink() else path))
        except Exception as error:  # of nearly any kind, where files are damaged
            reason = " ".join(str(error).replace(str(link), str(path)).split())[:200]
            raise InputError(f"{path} ({reason})", "a SavedModel that can be loaded", "export it again") from error

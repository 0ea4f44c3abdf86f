"""Keras's TensorBoard callback with settings that suit long runs."""

from pathlib import Path

import keras


def tensorboard(log_dir) -> keras.callbacks.TensorBoard:
    """Scalars once an epoch; no graphs and no profiles, which would fill a disk."""
    return keras.callbacks.TensorBoard(str(Path(log_dir)), write_graph=False, update_freq="epoch", profile_batch=0)

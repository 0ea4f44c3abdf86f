"""Keras's TensorBoard callback with settings for long runs."""

from pathlib import Path

import keras


def tensorboard(log_dir) -> keras.callbacks.TensorBoard:
    """Returns a callback that writes scalars every epoch, but no graphs or profiles, which would fill a disk.

    Example:
        >>> kae.callbacks.tensorboard("logs").update_freq
        'epoch'
    """
    return keras.callbacks.TensorBoard(str(Path(log_dir)), write_graph=False, update_freq="epoch", profile_batch=0)

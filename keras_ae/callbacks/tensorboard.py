"""Keras's TensorBoard callback with settings for long runs."""

from pathlib import Path

import keras


def tensorboard(log_dir) -> keras.callbacks.TensorBoard:
    """Returns a callback that writes scalars every epoch, but no graphs or profiles, which would fill a disk.

    Example:
        >>> kae.callbacks.tensorboard("logs").update_freq
        'epoch'
    """
    return _EveryEpoch(str(Path(log_dir)), write_graph=False, update_freq="epoch", profile_batch=0)


class _EveryEpoch(keras.callbacks.TensorBoard):
    """Without Keras's scalars of each batch, which it makes even where none is written: a millisecond a step."""

    def on_train_batch_begin(self, batch, logs=None):
        """Nothing is written of a batch."""

    on_train_batch_end = on_test_batch_begin = on_test_batch_end = on_train_batch_begin

"""Keras's TensorBoard callback with settings for long runs."""

from pathlib import Path

import keras


def tensorboard(log_dir) -> keras.callbacks.TensorBoard:
    """Returns a callback that writes scalars every epoch, but no graphs or profiles, which would fill a disk.

    Args:
        log_dir: TensorBoard's directory.

    Example:
        >>> kae.callbacks.tensorboard("logs").update_freq
        'epoch'
    """
    return _EveryEpoch(str(Path(log_dir)), write_graph=False, update_freq="epoch", profile_batch=0)


class _EveryEpoch(keras.callbacks.TensorBoard):
    """Leaves out Keras's work for each batch: a millisecond per step, even if no scalar of a batch is written."""

    def on_train_batch_begin(self, batch, logs=None):
        """Does nothing: no scalars of single batches are written."""

    on_train_batch_end = on_test_batch_begin = on_test_batch_end = on_train_batch_begin

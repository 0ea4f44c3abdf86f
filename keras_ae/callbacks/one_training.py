"""Presents several calls of `fit` to callbacks as one training."""

import keras
import numpy as np


class OneTraining(keras.callbacks.CallbackList):
    """Callbacks that see one training, which begins and ends once, although `fit` is called twice."""

    def __init__(self, callbacks, **options):
        super().__init__(callbacks, **options)
        self._begun = False
        self._weights: list[np.ndarray] = []

    def begin_part(self, offset: int, is_last: bool) -> None:
        """Announces the next `fit`: the steps already made in its first epoch, and whether it is the last."""
        self._offset, self._is_last = offset, is_last

    @property
    def history(self) -> keras.callbacks.History:
        """What `fit` returns."""
        return self._history

    def on_train_begin(self, logs=None):
        if not self._begun:
            self._begun = True
            super().on_train_begin(logs)

    def on_train_batch_begin(self, batch, logs=None):
        super().on_train_batch_begin(batch + self._offset, logs)

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch + self._offset, logs)

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        if not self._is_last:
            variables = self.model.trainable_variables
            self._weights = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]

    def on_train_end(self, logs=None):
        if self._is_last:
            super().on_train_end(logs)
            return
        # At the end of `fit` an optimizer with `use_ema` gives the model its averages: too early here.
        for variable, weights in zip(self.model.trainable_variables, self._weights, strict=True):
            variable.assign(weights)

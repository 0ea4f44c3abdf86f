"""Calls layers without side effects: collects their losses, and changes their state only on request."""

from collections.abc import Iterable

import keras
from keras import ops

from keras_ae._support import keras_private


class Apart(keras.StatelessScope):
    """A scope in which layers add no losses to the model and change no state; `losses` holds what they would add.

    Args:
        layers: All layers called inside.
        frozen: Whether gradients stop at their weights; they still reach the layers' inputs.

    Example:
        >>> from keras_ae.layers.apart import Apart
        >>> layer = keras.layers.Dense(1, activity_regularizer="l2")
        >>> layer.build((None, 2))
        >>> with Apart([layer], frozen=True) as scope:
        ...     outputs = layer(np.ones((1, 2), "float32"))
        >>> len(scope.losses), len(layer.losses)
        (1, 0)
    """

    def __init__(self, layers: Iterable[keras.layers.Layer], frozen: bool = False):
        self._variables = list({id(v): v for layer in layers for v in layer.variables}.values())
        values = keras_private.stored_values(self._variables)
        if frozen:
            values = [ops.stop_gradient(value) for value in values]
        super().__init__(list(zip(self._variables, values, strict=True)), collect_losses=True)
        self._before = dict(self.state_mapping)

    def keep_state(self) -> None:
        """Changes the state, such as random seeds and moving averages, as the calls inside would have done."""
        for variable in self._variables:
            value = self.get_current_value(variable)
            if value is not self._before[id(variable)]:
                variable.assign(value)

"""One run trained by several processes together, each of which reads its share of every batch.

All do the same, as TensorFlow's collective operations ask for; the first one does it in the run's directory, the
others each in one that is thrown away.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np

from keras_ae.data import ImageData
from keras_ae.runs.config import RunConfig
from keras_ae.runs.sharing_out import check_all_labelled, check_replicas, check_shares


@dataclass(frozen=True)
class Replica:
    """One of the processes that train a run.

    Attributes:
        place: Which one, from 0 on.
        count: How many there are.
        strategy: TensorFlow's strategy that joins them; None where there is one.
    """

    place: int = 0
    count: int = 1
    strategy: Any = None

    @property
    def is_first(self) -> bool:
        """Whether it writes the run's directory."""
        return self.place == 0

    @property
    def is_alone(self) -> bool:
        """Whether there is no other."""
        return self.count == 1

    def check(self, config: RunConfig, data: ImageData, learns_labels: bool) -> None:
        """Refuse (`InputError`) what several replicas cannot train."""
        if self.is_alone:
            return
        check_replicas(config, self.count)
        check_shares(data, config.training, self.count)
        if learns_labels:
            check_all_labelled(data, config.training)

    def scope(self) -> AbstractContextManager:
        """Where the model is built and compiled."""
        return nullcontext() if self.strategy is None else self.strategy.scope()

    def shared(self, data: ImageData) -> ImageData:
        """The data whose pipelines give this replica's share."""
        return data if self.is_alone else data.with_share(self.place, self.count)

    def joined(self, batches):
        """Shares of batches as one part of the batches of all replicas."""
        # Not `experimental_distribute_dataset`: there each process would read all images, and keep its share.
        if self.strategy is None or batches is None:
            return batches
        return self.strategy.distribute_datasets_from_function(lambda _: batches)

    def stream(self, batches: Callable) -> Callable:
        """Same as `joined` of a function from the steps to leave out."""
        return lambda start_step: self.joined(batches(start_step))

    def watchers(self) -> list[keras.callbacks.Callback]:
        """What keeps the replicas' models the same."""
        return [] if self.is_alone else [Agreement(self)]


ALONE = Replica()


class Agreement(keras.callbacks.Callback):
    """Replicas draw noise of their own, and agree on what no gradient moves.

    Keras leaves moving averages, such as those of batch normalisation, to each process. They are averaged before
    the validation images are measured, and at the end of each epoch, hence in each checkpoint too. And all
    processes would draw the same numbers at random, for other images.

    Args:
        replica: This one.
    """

    def __init__(self, replica: Replica):
        super().__init__()
        self.replica, self._begun = replica, False

    def on_epoch_begin(self, epoch, logs=None):
        if self._begun:
            return
        self._begun = True  # not as training begins: a checkpoint gives all of them the first one's state
        for variable in self.model.variables:
            if variable.name == "seed_generator_state":
                state = np.array(variable)
                state[0] += self.replica.place << 16
                variable.assign(state)

    def on_test_begin(self, logs=None):
        self._average()

    def on_epoch_end(self, epoch, logs=None):
        self._average()

    def _average(self) -> None:
        if not self._moving:
            return
        means = self.replica.strategy.run(self._means)
        for variable, value in zip(self._moving, means, strict=True):
            variable.assign(self.replica.strategy.experimental_local_results(value)[0])

    @cached_property
    def _moving(self) -> list:
        variables = self.model.non_trainable_variables
        return [variable for variable in variables if keras.backend.is_float_dtype(variable.dtype)]

    @cached_property
    def _means(self) -> Callable:
        import tensorflow as tf

        @tf.function
        def means():
            values = [tf.identity(variable.value) for variable in self._moving]  # placed on the replica's device
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, values)

        return means

"""One run trained by several processes together, each of which reads its share of every batch.

All do the same, as TensorFlow's collective operations require; the first works in the run's directory, each of the
others in a temporary one.
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
        place: Its number, from 0 on.
        count: Number of replicas.
        strategy: TensorFlow's strategy that joins them; None if there is only one.
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
        """Whether it is the only one."""
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
        """The scope in which to build and compile the model."""
        return nullcontext() if self.strategy is None else self.strategy.scope()

    def shared(self, data: ImageData) -> ImageData:
        """The data with pipelines that yield this replica's share."""
        return data if self.is_alone else data.with_share(self.place, self.count)

    def joined(self, batches):
        """Joins this replica's share of each batch with those of the other replicas."""
        # Not `experimental_distribute_dataset`: there each process would read all images and keep its share.
        if self.strategy is None or batches is None:
            return batches
        return self.strategy.distribute_datasets_from_function(lambda _: batches)

    def stream(self, batches: Callable) -> Callable:
        """Same as `joined`, for a function of the number of steps to skip."""
        return lambda start_step: self.joined(batches(start_step))

    def watchers(self) -> list[keras.callbacks.Callback]:
        """Callbacks that keep the replicas' models identical."""
        return [] if self.is_alone else [Agreement(self)]


ALONE = Replica()


class Agreement(keras.callbacks.Callback):
    """Gives each replica its own noise, and averages over replicas the variables that no gradient moves.

    Keras leaves moving averages, such as those of batch normalisation, to each process. They are averaged before
    the validation images are measured, and at the end of each epoch, hence in each checkpoint too. Without
    seeds of their own, all processes would draw the same random numbers for different images.

    Args:
        replica: This process's replica.
    """

    def __init__(self, replica: Replica):
        super().__init__()
        self.replica, self._begun = replica, False

    def on_epoch_begin(self, epoch, logs=None):
        if self._begun:
            return
        self._begun = True  # not when training begins: a checkpoint gives all of them the first one's state
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

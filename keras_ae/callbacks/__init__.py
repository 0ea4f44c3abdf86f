"""Callbacks for `model.fit`."""

from keras_ae.callbacks.checkpoint import Checkpoint
from keras_ae.callbacks.local_reconstructions import LocalReconstructions
from keras_ae.callbacks.monitor import Monitor
from keras_ae.callbacks.progress import Progress
from keras_ae.callbacks.reconstructions import Reconstructions
from keras_ae.callbacks.schedules import VariableSchedule
from keras_ae.callbacks.tensorboard import tensorboard

__all__ = [
    "Checkpoint",
    "LocalReconstructions",
    "Monitor",
    "Progress",
    "Reconstructions",
    "VariableSchedule",
    "tensorboard",
]

"""Callbacks for `model.fit`."""

from keras_ae._support.lazy import lazy_names
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

# Shared with other packages of this library; nobody else needs it.
_SHARED = {
    "package_version": "checkpoint_conditions",
}
__getattr__ = lazy_names(__name__, _SHARED)

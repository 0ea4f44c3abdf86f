"""Images to train on: named data sets, folders of files and NumPy archives, as tf.data pipelines.

Importing this package and refusing bad input need no TensorFlow; making a pipeline does.
"""

from .backings import input_error_from
from .image_data import ImageData
from .loading import load
from .sources import Source, sources

__all__ = ["ImageData", "Source", "input_error_from", "load", "sources"]

"""Images to train on: named data sets, folders of files and NumPy archives, as tf.data pipelines.

Importing this package and refusing bad input do not need TensorFlow; building a pipeline does.
"""

from keras_ae._support.lazy import lazy_names
from keras_ae.data.backings import input_error_from
from keras_ae.data.datasets import dsprites
from keras_ae.data.datasets.dsprites_parts import ComposedSprites, compositional_dsprites
from keras_ae.data.duplicates import NearDuplicates, near_duplicates
from keras_ae.data.image_data import ImageData
from keras_ae.data.loading import load
from keras_ae.data.pixel_budget import MAX_PIXELS
from keras_ae.data.sharding import Sharded, write_shards
from keras_ae.data.sources import Source, default_resize, sources
from keras_ae.data.split import SplitSizes
from keras_ae.data.split_images import SplitImages

__all__ = [
    "MAX_PIXELS",
    "ComposedSprites",
    "ImageData",
    "NearDuplicates",
    "Sharded",
    "Source",
    "SplitImages",
    "SplitSizes",
    "compositional_dsprites",
    "default_resize",
    "dsprites",
    "input_error_from",
    "load",
    "near_duplicates",
    "sources",
    "write_shards",
]

# Shared with other packages of this library; nobody else needs it.
_SHARED = {
    "ArrayImages": "backings",
    "BadImageError": "decoding",
    "Decoder": "decoding",
    "FileList": "file_lists",
    "FileLog": "file_log",
    "FilePart": "file_lists",
    "LeftOut": "listing",
    "OVERLAP": "tiles",
    "MappedImages": "backings",
    "Preparation": "preparation",
    "SHARD_SIZE": "sharding",
    "Split": "split",
    "cache_directory": "cache",
    "check_tiles": "tiles",
    "covered": "preparation",
    "decoded_ahead": "decoding_ahead",
    "data_directory": "datasets.named",
    "image_files": "listing",
    "mixed_counts": "mixture",
    "open_folder": "datasets.folders",
    "open_source": "sources",
    "path_groups": "splits",
    "positive": "checks",
    "read_arrays": "npz_archive",
    "tile_starts": "tiles",
}
__getattr__ = lazy_names(__name__, _SHARED)

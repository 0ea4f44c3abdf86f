"""Compression: an autoencoder's codes as files, by an entropy coder with integer tables.

Importing this package does not import Keras.
"""

from keras_ae._support.lazy import lazy_names

_WHERE = {
    "Codec": "codec",
    "Container": "container",
    "CompressedFile": "folders",
    "Read": "codec",
    "compress_folder": "folders",
    "decompress_folder": "folders",
    "HEADER_BYTES": "container",
    "SUFFIX": "container",
}
# For other packages of this library only.
_SHARED = {
    "check_compressed": "names",
    "check_decompressed": "names",
    "check_model": "networks",
    "compressed_files": "names",
    "read_codec_record": "record",
    "require_coder": "coder",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, {**_WHERE, **_SHARED})

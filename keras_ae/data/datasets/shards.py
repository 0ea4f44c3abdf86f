"""Images in tar files, as `write_shards` writes them."""

from pathlib import Path

from keras_ae._support.errors import InputError, absent
from keras_ae.data.collection import Collection
from keras_ae.data.datasets.manifest import open_manifest

INDEX = "index.csv"


def open_shards(path: str | Path) -> Collection:
    """Opens the images of a folder of tar files with an index.

    Raises:
        InputError: If there is no index, or a tar file is missing or truncated.
    """
    index = Path(path).expanduser() / INDEX
    if not index.is_file():
        action = "write them: keras-ae data shard SOURCE --out DIR"
        raise InputError(absent(index), "a folder that keras-ae data shard wrote", action)
    return open_manifest(index)

"""Images in object storage, copied once to the cache directory, and again if their sizes have changed."""

import hashlib
import os

from keras_ae._support.errors import InputError
from keras_ae._support.object_storage import copy_changed, is_storage
from keras_ae._support.schemes import address, check_local
from keras_ae.data.cache import cache_directory


def local_copy(path: str) -> str:
    """Returns a path unchanged, and for an address such as s3://bucket/photos the path of its local copy.

    Raises:
        InputError: If nothing is there, or it is not an address of reachable storage.
    """
    if not is_storage(path):
        check_local(path)
        return path
    url = address(path)
    name = url.rstrip("/").rpartition("/")[2]
    place = cache_directory(None) / "objects" / hashlib.sha256(url.encode()).hexdigest()[:16] / name
    if not copy_changed(url, place):
        raise InputError(f"{url}, where nothing is", "images", "correct the address")
    return os.fspath(place)

"""What tests have the processes of engines do."""

import os
import time

from keras_ae._support.errors import InputError

SEEN = ("CUDA_VISIBLE_DEVICES", "TF_FORCE_GPU_ALLOW_GROWTH", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def environment(_images, meet=None, count=1):
    """The variables that a process has been given; with `meet`, a directory, once so many processes are here."""
    if meet is not None:
        open(os.path.join(meet, str(os.getpid())), "w").close()
        limit = time.monotonic() + 120
        while len(os.listdir(meet)) < count and time.monotonic() < limit:
            time.sleep(0.1)
    return {name: os.environ.get(name) for name in SEEN}


def die(_images):
    """End with status 7, after a last word."""
    os.write(2, b"the last word\n")
    os._exit(7)


def count(_images, place, then):
    """Leave a file for each attempt, and then be refused, fail or end."""
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, f"{time.time_ns()}-{os.getpid()}"), "w"):
        pass
    if then == "die":
        os._exit(7)
    if then == "fail":
        raise RuntimeError("a mistake of the library")
    raise InputError("a", "b", "c")

"""Commands whose paths are addresses of object storage: they work on local copies, which are mirrored."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from keras_ae._support.object_storage import fetched, is_storage, mirrored
from keras_ae._support.schemes import check_local_fields

_READ = ("model", "run_directory")  # fields that name what is read


@contextmanager
def on_local_paths(command: Any) -> Iterator[Any]:
    """The command with local directories in the place of addresses, such as s3://bucket/run.

    What is at `--out` is copied here first, and what is written there is pushed every few seconds; other addresses
    are of what is read, and are copied here.

    Args:
        command: What was parsed.

    Raises:
        InputError: An address is of no storage that can be reached, or stands where it cannot be.
    """
    writes = getattr(command, "written", ("out",))
    with ExitStack() as copies:
        local = {}
        for item in fields(command):
            value = getattr(command, item.name)
            if isinstance(value, Path) and is_storage(value) and item.name in (*writes, *_READ):
                opened = mirrored(value) if item.name in writes else fetched(value)
                local[item.name] = copies.enter_context(opened)
        command = replace(command, **local) if local else command
        check_local_fields(command)
        yield command

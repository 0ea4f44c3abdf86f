"""Commands whose paths are addresses of object storage: they work on local copies, which are mirrored."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from keras_ae._support.object_storage import fetched, is_storage, mirrored
from keras_ae._support.schemes import check_local_fields

_READ = ("model", "run_directory")  # fields that name inputs


@contextmanager
def on_local_paths(command: Any) -> Iterator[Any]:
    """The command with local directories in place of addresses such as s3://bucket/run.

    The content of `--out` is copied here first, and what is written there is pushed every few seconds. Other
    addresses name inputs, which are copied here.

    Args:
        command: The parsed command.

    Raises:
        InputError: The storage of an address cannot be reached, or an option does not take addresses.
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

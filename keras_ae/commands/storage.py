"""Commands whose paths are addresses of object storage: they work on local copies, which are mirrored."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.object_storage import fetched, is_storage, mirrored
from keras_ae._support.schemes import address, check_local_fields
from keras_ae._support.streams import renamed, renaming

_READ = ("model", "run_directory")  # fields that name inputs


@contextmanager
def on_local_paths(command: Any) -> Iterator[Any]:
    """The command with local directories in place of addresses such as s3://bucket/run.

    The content of `--out` is copied here first, and what is written there is pushed every few seconds. Other
    addresses name inputs, which are copied here. Messages tell the addresses.

    Args:
        command: The parsed command.

    Raises:
        InputError: The storage of an address cannot be reached, or an option does not take addresses.
    """
    writes = getattr(command, "written", ("out",))
    with ExitStack() as copies:
        local: dict[str, Path] = {}
        names: dict[str, str] = {}  # what messages call the copies
        for item in fields(command):
            value = getattr(command, item.name)
            if isinstance(value, Path) and is_storage(value) and item.name in (*writes, *_READ):
                opened = mirrored(value) if item.name in writes else fetched(value)
                local[item.name] = copies.enter_context(opened)
                names[str(local[item.name])] = address(value)
        command = replace(command, **local) if local else command
        check_local_fields(command)
        with renaming(names), _renaming_refusals(names):
            yield command


@contextmanager
def _renaming_refusals(names: Mapping[str, str]) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(
            *(renamed(text, names) for text in (error.received, error.expected, error.action))
        ) from error
    except OSError as error:
        if isinstance(error.filename, str):
            error.filename = renamed(error.filename, names)
        raise

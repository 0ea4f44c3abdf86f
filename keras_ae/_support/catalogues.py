"""The base of all catalogues of parts: finds parts by name, and reads their keywords without importing them."""

import importlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import entry_points
from typing import Any

from keras_ae._support import signatures
from keras_ae._support.errors import InputError, unknown_name

_IMPORTABLE = "MODULE:FUNCTION that can be imported"


@dataclass(frozen=True)
class Place:
    """Where a part is defined, and what is known of it without importing it.

    Args:
        location: "module:attribute".
        code_rank: Axes of an architecture's code: 1 for vectors, 3 for maps; None if it takes either.
        check: "module:function" that refuses images that an architecture cannot encode, given their shape and the
            architecture's keywords; its module must not import Keras.
        cost: Time of an architecture's training step beside that of `convolutional`, roughly.
    """

    location: str
    code_rank: int | None = None
    check: str = ""
    cost: float = 1.0


class Catalogue(Mapping):
    """Parts of one kind: a mapping from name to class or function, each imported on first use.

    If other packages may add to a kind, "module:attribute" is itself a valid name for what it refers to.

    Args:
        kind: What to call such a part in messages.
        parts: Maps each name to "module:attribute", or to a `Place`, which says more.
        group: Entry point group in which other packages register theirs.
    """

    def __init__(self, kind: str, parts: Mapping[str, str | Place], group: str = ""):
        self.kind, self.group = kind, group
        self._places = {name: part if isinstance(part, Place) else Place(part) for name, part in parts.items()}
        self._own = {name: place.location for name, place in self._places.items()}

    @cached_property  # looking for entry points reads a file of each installed package
    def _parts(self) -> dict[str, str]:
        theirs = {point.name: point.value for point in entry_points(group=self.group)} if self.group else {}
        return {**theirs, **self._own}

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, name: str):
        module, _, attribute = self._location(name).partition(":")
        return getattr(importlib.import_module(module), attribute)

    def _location(self, name: str) -> str:
        parts = self._parts
        if isinstance(name, str) and name in parts:
            return parts[name]
        if not (isinstance(name, str) and self.group and ":" in name):
            raise unknown_name(self.kind, name, self)
        module, _, attribute = name.partition(":")
        if module == "__main__":  # another process has another one
            raise InputError(f"{self.kind} {name!r}", _IMPORTABLE, "put it into a module of its own")
        if signatures.origin(module, attribute) is None and not _can_be_imported(module, attribute):
            action = "correct it, or put the module's folder on PYTHONPATH"
            raise InputError(f"{self.kind} {name!r}", _IMPORTABLE, action)
        return name

    def place(self, name: str) -> Place:
        """The place of a part; for parts of other packages only its location."""
        return self._places.get(name) or Place(self._location(name))

    def keywords(self, name: str) -> tuple[str, ...]:
        """Keywords of the constructor or function, including those passed on to its base, read from the source."""
        module, _, attribute = self._location(name).partition(":")
        names = signatures.keywords(module, attribute)
        if names is None:  # the source does not show them: import it
            parameters = inspect.signature(self[name]).parameters.values()
            names = tuple(p.name for p in parameters if p.kind is not p.VAR_KEYWORD)
        return names

    def required(self, name: str) -> tuple[str, ...]:
        """Keywords without a default, if the source shows a function; otherwise none."""
        module, _, attribute = self._location(name).partition(":")
        return signatures.required(module, attribute)

    def check_options(self, name: str, options: Mapping[str, Any]) -> None:
        """Refuse options that the part named `name` does not take."""
        known = self.keywords(name)
        for option in options:
            if option not in known:
                raise InputError(
                    f"option {option!r} for {self.kind} {name!r}",
                    f"one of {', '.join(known)}",
                    "correct its name",
                )


def _can_be_imported(module: str, attribute: str) -> bool:
    """Whether a module has something callable of a name that its source does not show."""
    try:
        return callable(getattr(importlib.import_module(module), attribute, None))
    except (ImportError, TypeError, ValueError):  # the latter two: no name of a module
        return False

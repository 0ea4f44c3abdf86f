"""Makes dataclass fields match their annotations, whether from the command line, notebooks or records."""

import functools
import os
from collections.abc import Mapping
from dataclasses import MISSING, fields
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from keras_ae._support.errors import InputError, listed_names, unknown_name

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_WORDS: dict[Any, str] = {
    **{int: "a whole number", float: "a number", str: "a text", bool: "True or False"},
    **{Path: "a path", NoneType: "None"},
}


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


Record = TypeVar("Record", bound="DataclassInstance")


def read_fields(kind: type[Record], values: Any, name: str) -> Record:
    """Returns a dataclass made from values by name, as read from JSON.

    Args:
        kind: The dataclass, which settles its fields.
        values: The values read.
        name: What to call them in an error, such as "config.model".

    Raises:
        InputError: They are not a mapping, or a value is missing, unknown or of another type.
    """
    known = [field for field in fields(kind) if field.init]
    required = [f.name for f in known if f.default is f.default_factory is MISSING]
    if not isinstance(values, Mapping):
        raise InputError(f"{name} {_shortened(values)}", "values by name")
    unknown = [key for key in values if key not in {field.name for field in known}]
    missing = [key for key in required if key not in values]
    if unknown or missing:
        received = f"{name} with the unknown {unknown[0]}" if unknown else f"{name} without {missing[0]}"
        raise InputError(received, ", ".join(field.name for field in known))
    try:
        return kind(**values)
    except InputError as error:
        raise InputError(f"{name}.{error.received}", error.expected, error.action) from error


def _shortened(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def settle_fields(config: "DataclassInstance") -> None:
    """Convert the fields of a dataclass, which may be frozen, to their annotated types.

    NumPy's numbers become Python's, 1e4 becomes 10000, a list a tuple, one name a tuple of one, a text a path:
    equivalent configurations then compare equal, and can be written as JSON.

    Raises:
        InputError: A value is of another type, or not among the choices of a `Literal`.
    """
    for field in fields(config):
        hint, value = _hints(type(config))[field.name], getattr(config, field.name)
        try:
            object.__setattr__(config, field.name, _settled(value, hint))
        except (TypeError, ValueError, OverflowError):  # the last for integers too large for a float
            raise _refusal(field.name, value, hint) from None


def _settled(value, hint):
    """The value converted to its annotation; TypeError or ValueError if that is impossible."""
    kind, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if kind in (Union, UnionType):
        return _first_settled(value, parts)
    if kind in (Literal, Mapping, tuple):
        return {Literal: _choice, Mapping: _mapping, tuple: _tuple}[kind](value, parts)
    if hint in (int, float):
        return _number(value, hint)
    if hint is Path:
        return Path(value)
    if hint is str:
        value = os.fspath(value)
    if not isinstance(value, hint):
        raise TypeError
    return value


def _choice(value, choices):
    if isinstance(value, bool):  # otherwise True would match 1
        raise TypeError
    return choices[choices.index(value)]


def _mapping(value, _):
    if not isinstance(value, Mapping):
        raise TypeError
    return dict(value)


def _tuple(value, hints):
    listed = listed_names(value)
    hints = hints[:1] * len(listed) if hints[-1] is Ellipsis else hints
    return tuple(_settled(item, hint) for item, hint in zip(listed, hints, strict=True))


def _first_settled(value, hints):
    for hint in hints:
        try:
            return _settled(value, hint)
        except (TypeError, ValueError, OverflowError):
            continue
    raise TypeError


def _number(value, kind: type[int] | type[float]):
    whole = isinstance(value, Integral) or (isinstance(value, Real) and float(value).is_integer())
    if isinstance(value, bool) or not (whole if kind is int else isinstance(value, Real)):
        raise TypeError
    return kind(value)


def _refusal(name: str, value: Any, hint) -> InputError:
    if get_origin(hint) is Literal:
        return unknown_name(name, value, map(str, get_args(hint)))
    return InputError(f"{name} {_shortened(value)}", _in_words(hint), f"correct {name}")


def _in_words(hint) -> str:
    kind, parts = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return " or ".join(map(_in_words, parts))
    if kind is Literal:
        return " or ".join(map(repr, parts))
    if kind is Mapping:
        return "values by name"
    if kind is tuple:
        return f"{'a list' if parts[-1] is Ellipsis else f'{len(parts)} values'}, each {_in_words(parts[0])}"
    return _WORDS.get(hint) or f"a {hint.__name__}"

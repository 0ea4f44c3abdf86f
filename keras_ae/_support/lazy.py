"""Packages whose names are imported on first use: their heavy imports are paid for by who needs them."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, where: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose names are those of its modules.

    Args:
        package: Its `__name__`.
        where: From public name to the module that defines it: one of the package, or of another by its whole name.
    """

    def __getattr__(name: str):  # noqa: N807
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = where[name]
        module = module if module.startswith("keras_ae.") else f"{package}.{module}"
        value = getattr(importlib.import_module(module), name)
        setattr(sys.modules[package], name, value)  # A function may be named as its module: keep the function.
        return value

    return __getattr__

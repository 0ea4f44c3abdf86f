"""Packages whose names are imported on first use: only those who need heavy imports pay for them."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, where: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package that exports names of its modules; `dir` lists those in its `__all__`.

    Args:
        package: Its `__name__`.
        where: Maps each public name to its module: a module of the package, or another one by its full name.
    """

    def __dir__() -> list[str]:  # noqa: N807
        names = vars(sys.modules[package])
        return sorted({*names, *names.get("__all__", where)})

    def __getattr__(name: str):  # noqa: N807
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = where[name]
        module = module if module.startswith("keras_ae.") else f"{package}.{module}"
        value = getattr(importlib.import_module(module), name)
        setattr(sys.modules[package], name, value)  # a function may have its module's name: keep the function
        return value

    vars(sys.modules[package])["__dir__"] = __dir__
    return __getattr__

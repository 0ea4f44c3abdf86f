"""Find, train and ship the right autoencoder bottleneck for a set of images.

Importing the package is fast: nothing heavy is loaded until a name is used. The library's layers and models
are registered with Keras as soon as Keras itself has been imported, in whichever order that happens, so
`keras.saving.load_model` finds them.
"""

import importlib
import importlib.abc
import importlib.util
import sys

__version__ = "0.1.0"

_MODULES = (
    "architectures",
    "bottlenecks",
    "callbacks",
    "data",
    "density",
    "evaluation",
    "layers",
    "losses",
    "networks",
    "numerics",
    "objectives",
    "report",
    "schedules",
    "studies",
)
_NAMES = {
    "Autoencoder": "autoencoder",
    "InputError": "errors",
    "JointWeights": "objectives",
    "LocalObjective": "layers",
    "MultiObjective": "objectives",
    "load_model": "autoencoder",
}

__all__ = [*_MODULES, *_NAMES]


def __getattr__(name: str):
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])


def _register_parts() -> None:
    for module in ("schedules", "losses", "layers", "bottlenecks", "networks", "autoencoder", "objectives"):
        importlib.import_module(f"{__name__}.{module}")


class _AfterKeras(importlib.abc.MetaPathFinder):
    """Registers the parts once, at the end of `import keras`."""

    _asking = False

    def find_spec(self, name, path, target=None):
        if name != "keras" or self._asking:
            return None
        self._asking = True  # The others are asked; this may be a mere look whether Keras is there.
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asking = False
        if spec is not None:
            run = spec.loader.exec_module

            def exec_module(module):
                sys.meta_path.remove(self)
                run(module)
                _register_parts()

            spec.loader.exec_module = exec_module
        return spec


if "keras" in sys.modules:
    _register_parts()
else:
    sys.meta_path.insert(0, _AfterKeras())

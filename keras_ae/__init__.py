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
    "comparison",
    "compression",
    "data",
    "density",
    "detection",
    "evaluation",
    "explore",
    "export",
    "features",
    "layers",
    "losses",
    "networks",
    "numerics",
    "objectives",
    "optimizers",
    "report",
    "runs",
    "schedules",
    "studies",
)
_REGISTERED = (
    "schedules",
    "losses",
    "optimizers",
    "layers",
    "bottlenecks",
    "networks",
    "autoencoder",
    "features",
    "objectives",
)
_NAMES = {
    "AnomalyDetector": "detection",
    "Autoencoder": "autoencoder",
    "InputError": "_support.errors",
    "JointWeights": "objectives",
    "LocalObjective": "layers",
    "MultiObjective": "objectives",
    "load_detector": "detection",
    "load_model": "model_file",
    "load_pretrained": "runs",
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
    for module in _REGISTERED:
        importlib.import_module(f"{__name__}.{module}")


class _Registration(importlib.abc.MetaPathFinder):
    """Registers the parts once Keras is there: at the end of `import keras`.

    Where that is within the import of one of the library's own modules, at the end of the outermost of these: the
    parts import each other, which a module that has only begun would not bear.
    """

    _asking = False
    _own = 0  # modules of the library that are being imported

    def find_spec(self, name, path, target=None):
        if self._asking or not (name == "keras" or name.startswith(f"{__name__}.")):
            return None
        self._asking = True  # The others are asked; this may be a mere look whether it is there.
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            registering = self._then_register(spec.loader.exec_module, own=name != "keras")
            spec.loader.exec_module = registering  # type: ignore[method-assign]  # wraps a loader of any kind
        return spec

    def _then_register(self, run, own: bool):
        def exec_module(module):
            self._own += own
            try:
                run(module)
            finally:
                self._own -= own
            # While Keras itself is being imported it is among the modules, but not yet whole.
            keras = sys.modules.get("keras")
            if self in sys.meta_path and not self._own and keras and not _is_being_imported(keras, module):
                sys.meta_path.remove(self)
                _register_parts()

        return exec_module


def _is_being_imported(module, just_run) -> bool:
    return module is not just_run and getattr(module.__spec__, "_initializing", False)


if "keras" in sys.modules:
    _register_parts()
else:
    sys.meta_path.insert(0, _Registration())

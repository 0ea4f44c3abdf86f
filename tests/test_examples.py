"""The examples in docstrings run, and say what comes out."""

import doctest
import importlib
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_ae as kae

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
NAMES = {"kae": kae, "keras": keras, "np": np, "ops": keras.ops}  # what every example may use
CORE = ("architectures", "autoencoder", "bottlenecks", "layers", "losses", "networks", "numerics", "schedules")
ROOT = Path(kae.__file__).parent


def _modules():
    """Modules with examples; those outside the core need TensorFlow."""
    for path in sorted(ROOT.rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            marks = [] if parts[0] in CORE else [pytest.mark.tensorflow]
            yield pytest.param(".".join(("keras_ae", *parts)).removesuffix(".__init__"), marks=marks)


@pytest.mark.thorough
@pytest.mark.parametrize("name", list(_modules()))
def test_the_examples_of_a_module_give_what_they_say(name, tmp_path, monkeypatch):
    module = importlib.import_module(name)
    monkeypatch.chdir(tmp_path)  # examples may write files
    keras.utils.set_random_seed(0)
    lines: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in doctest.DocTestFinder().find(module, globs=vars(module) | NAMES):
        runner.run(test, out=lines.append)
    assert runner.tries > 0
    assert runner.failures == 0, "".join(lines)


# Share of each package's public classes and functions that have an example.
FLOORS = {
    "architectures": 1.0,
    "bottlenecks": 1.0,
    "callbacks": 1.0,
    "comparison": 1.0,
    "compression": 1.0,
    "data": 1.0,
    "density": 1.0,
    "detection": 1.0,
    "evaluation": 1.0,
    "explore": 1.0,
    "export": 1.0,
    "layers": 1.0,
    "losses": 1.0,
    "networks": 1.0,
    "numerics": 1.0,
    "objectives": 1.0,
    "optimizers": 1.0,
    "runs": 1.0,
    "schedules": 1.0,
    "studies": 1.0,
}


def _public(module) -> list:
    """Exported classes and functions of a package, or those without an underscore that a module defines."""
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
    names = getattr(module, "__all__", own)
    values = [getattr(module, name) for name in names if not name.startswith("_")]
    return [value for value in values if callable(value)]


@pytest.mark.parametrize("package", FLOORS)
@pytest.mark.tensorflow
def test_public_names_have_examples(package):
    public = _public(importlib.import_module(f"keras_ae.{package}"))
    missing = [value.__name__ for value in public if ">>> " not in (value.__doc__ or "")]
    assert public
    assert 1 - len(missing) / len(public) >= FLOORS[package], missing

"""Who may import whom: each module from its left in one order, and from other packages only what they export."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import keras_ae
from keras_ae import catalogue

ORDER = [
    *("_support", "catalogue", "code_shapes"),
    *("numerics", "schedules", "losses", "optimizers"),
    *("layers", "bottlenecks", "networks", "autoencoder", "model_file", "features", "objectives", "architectures"),
    *("data", "density", "evaluation", "callbacks", "export", "detection", "compression", "runs", "report"),
    *("comparison", "studies", "explore", "commands", "cli", "__main__"),
]
ROOT = Path(keras_ae.__file__).parent


def _imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [alias.name for alias in node.names]
            yield node.module
            yield from (f"{node.module}.{name}" for name in names)
            if node.module == "keras_ae.catalogue":  # What is found through a catalogue is imported, too.
                yield from (place.partition(":")[0] for name in names for place in _places(name))


def _places(name: str) -> list[str]:
    """The places, "module:attribute", of a catalogue's own parts; none if it is no catalogue."""
    value = getattr(catalogue, name)
    return list(value._own.values()) if isinstance(value, catalogue.Catalogue) else []


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_come_from_the_left(path):
    here = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if here == "__init__":
        return
    for name in _imports(path):
        parts = name.split(".")
        assert parts[0] not in ("tests", "experiments", "notebooks")
        if parts[0] == "keras_ae" and len(parts) > 1 and parts[1] in ORDER:
            assert ORDER.index(parts[1]) <= ORDER.index(here), f"{path.name} imports {name}"


def _from_other_packages(path: Path):
    """Package and name of all that a file imports from another package of the library."""
    here = path.relative_to(ROOT).parts[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("keras_ae."):
            package = node.module.split(".")[1]
            if package not in (here, "_support") and (ROOT / package).is_dir():
                yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_other_packages_give_what_they_export(path):
    for name, attribute in _from_other_packages(path):
        package = importlib.import_module(name)
        assert hasattr(package, "__path__"), f"{path.name} imports from {name}, which is a module of a package"
        shared = getattr(package, "_SHARED", {})
        assert attribute in package.__all__ or attribute in shared, f"{name} does not export {attribute}"


def test_what_is_found_through_a_catalogue_counts_as_imported():
    imported = set(_imports(ROOT / "bottlenecks" / "by_name.py"))
    assert "keras_ae.bottlenecks.dense" in imported


def test_every_module_has_its_place_in_the_order():
    modules = {path.name.removesuffix(".py") for path in ROOT.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert modules - {"__init__", "__pycache__"} <= set(ORDER)


CORE = ["layers", "bottlenecks", "networks", "autoencoder", "architectures", "losses", "numerics", "schedules"]


@pytest.mark.parametrize("module", CORE)
def test_the_core_does_not_import_tensorflow(module):
    files = [ROOT / f"{module}.py"] if (ROOT / f"{module}.py").exists() else (ROOT / module).rglob("*.py")
    for path in files:
        assert not any(name.split(".")[0] in ("tensorflow", "jax") for name in _imports(path)), path


@pytest.mark.parametrize(
    "package", ["comparison", "compression", "data", "detection", "evaluation", "runs", "studies"]
)
def test_a_package_lists_its_names_before_they_are_used(package):
    code = f"import keras_ae.{package} as p; assert set(p.__all__) <= set(dir(p)), set(p.__all__) - set(dir(p))"
    subprocess.run([sys.executable, "-c", code], check=True)

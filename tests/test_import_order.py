"""Each module imports only from its left in one order; nothing imports experiments, notebooks or tests."""

import ast
from pathlib import Path

import pytest

import keras_ae

ORDER = [
    *("_lazy", "_keras", "errors", "fields", "signatures", "catalogue"),
    *(
        "code_shapes",
        "execution",
        "files",
        "reading",
        "directories",
        "written_files",
        "output_paths",
        "pictures",
        "pixels",
        "progress",
        "streams",
    ),
    *(
        "numerics",
        "schedules",
        "losses",
        "optimizers",
        "layers",
        "bottlenecks",
        "networks",
        "autoencoder",
        "model_file",
        "features",
        "objectives",
        "architectures",
    ),
    *("data", "density", "evaluation", "callbacks", "export", "detection", "studies"),
    *("report", "comparison", "explore", "commands", "cli", "__main__"),
]
ROOT = Path(keras_ae.__file__).parent


def _imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


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


def test_every_module_has_its_place_in_the_order():
    modules = {path.name.removesuffix(".py") for path in ROOT.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert modules - {"__init__", "__pycache__"} <= set(ORDER)


CORE = [
    *("layers", "bottlenecks", "networks", "autoencoder", "features", "architectures"),
    *("losses", "numerics", "schedules"),
]


@pytest.mark.parametrize("module", CORE)
def test_the_core_does_not_import_tensorflow(module):
    files = [ROOT / f"{module}.py"] if (ROOT / f"{module}.py").exists() else (ROOT / module).rglob("*.py")
    for path in files:
        assert not any(name.split(".")[0] in ("tensorflow", "jax") for name in _imports(path)), path

"""Arguments of functions and classes, read from their source: without imports, mistakes are refused fast."""

import ast
import importlib.util
from functools import cache
from pathlib import Path


@cache
def keywords(module: str, name: str) -> tuple[str, ...] | None:
    """Names of a function's or a class's arguments; None if the source does not show them.

    A constructor that passes its **kwargs on also takes the base classes' arguments, except those that it sets
    itself in that call. Keras's own classes are left out: what every layer takes is not an option of a part.
    """
    home = origin(module, name)
    if home is None:
        return None
    module, name = home
    node = definition(module, name)
    if isinstance(node, ast.ClassDef):
        functions = (n for n in node.body if isinstance(n, ast.FunctionDef))
        init = next((n for n in functions if n.name == "__init__"), None)
        return _inherited(module, node) if init is None else _of_constructor(module, node, init)
    return _arguments(node) if node else None


@cache
def required(module: str, name: str) -> tuple[str, ...]:
    """Names of a function's arguments without a default; empty if the source shows no function."""
    home = origin(module, name)
    node = definition(*home) if home else None
    if not isinstance(node, ast.FunctionDef):
        return ()
    ordered = node.args.args[: len(node.args.args) - len(node.args.defaults)]
    keyword = [
        a for a, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if default is None
    ]
    return tuple(argument.arg for argument in (*ordered, *keyword))


@cache
def origin(module: str, name: str) -> tuple[str, str] | None:
    """The module in which a class or function is defined, and its name there; None if no source shows it.

    Args:
        module: A module that defines it, or imports it from another.
        name: Its name in that module.
    """
    place: tuple[str, str] | None = (module, name)
    seen = set()
    while place and place not in seen and definition(*place) is None:
        seen.add(place)
        place = _imported_from(*place, None)
    return None if place in seen else place


@cache
def definition(module: str, name: str) -> ast.ClassDef | ast.FunctionDef | None:
    """The definition of a class or function in a module's source; None without such a module or definition."""
    definitions = (node for node in _statements(module) if isinstance(node, ast.ClassDef | ast.FunctionDef))
    return next((node for node in definitions if node.name == name), None)


def _arguments(node: ast.FunctionDef) -> tuple[str, ...]:
    return tuple(a.arg for a in (*node.args.args, *node.args.kwonlyargs) if a.arg != "self")


def _of_constructor(module: str, node: ast.ClassDef, init: ast.FunctionDef) -> tuple[str, ...]:
    own = _arguments(init)
    if init.args.kwarg is None:
        return own
    calls = [call for call in ast.walk(init) if isinstance(call, ast.Call)]
    on = [call for call in calls if any(_is_rest(keyword, init.args.kwarg.arg) for keyword in call.keywords)]
    decided = {keyword.arg for call in on for keyword in call.keywords}
    return (*own, *(name for name in _inherited(module, node) or () if name not in {*own, *decided}))


def _is_rest(keyword: ast.keyword, rest: str) -> bool:
    return keyword.arg is None and isinstance(keyword.value, ast.Name) and keyword.value.id == rest


def _inherited(module: str, node: ast.ClassDef) -> tuple[str, ...] | None:
    """Names of the arguments of the base classes' constructors; None if no source shows them."""
    homes = [_imported_from(module, ast.unparse(base), node) for base in node.bases]
    inherited = [names for home in homes if home and (names := keywords(*home)) is not None]
    return tuple(dict.fromkeys(name for names in inherited for name in names)) if inherited else None


def _imported_from(module: str, dotted: str, user: ast.ClassDef | None) -> tuple[str, str] | None:
    """Origin (module and name) of "name" or "package.name" in a module, as of the class `user` or of its end."""
    first, _, rest = dotted.partition(".")
    meant = None
    for node in _statements(module):
        if node is user:  # a class may have the name of its base
            break
        if isinstance(node, ast.ClassDef) and node.name == dotted:
            meant = f"{module}.{dotted}"
        elif isinstance(node, ast.ImportFrom | ast.Import):
            for alias in node.names:
                if (alias.asname or alias.name.partition(".")[0]) == first:
                    meant = ".".join(filter(None, (_target(module, node, alias), rest)))
    home, _, name = (meant or "").rpartition(".")
    return (home, name) if home and home.partition(".")[0] != "keras" else None


def _target(module: str, node: ast.ImportFrom | ast.Import, alias: ast.alias) -> str:
    """The full name of what an import binds."""
    if isinstance(node, ast.Import):
        return alias.name if alias.asname else alias.name.partition(".")[0]
    if not node.level:
        return f"{node.module}.{alias.name}"
    path = _path(module)
    packages = module.split(".") if path and path.name == "__init__.py" else module.split(".")[:-1]
    packages = packages[: len(packages) - node.level + 1]
    return ".".join([*packages, *filter(None, [node.module]), alias.name])


@cache
def _statements(module: str) -> list[ast.stmt]:
    """Statements of a module's source; empty if there is no source."""
    path = _path(module)
    return ast.parse(path.read_text(encoding="utf-8")).body if path else []


def _path(module: str) -> Path | None:
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first) if all(name.isidentifier() for name in (first, *rest)) else None
    except ValueError:  # a module without one, such as __main__
        spec = None
    if spec is None:
        return None
    paths = [Path(spec.origin or "")]
    if rest and spec.submodule_search_locations:  # several for a namespace package
        places = [Path(place, *rest) for place in spec.submodule_search_locations]
        paths = [path / "__init__.py" if path.is_dir() else path.with_suffix(".py") for path in places]
    return next((path for path in paths if path.suffix == ".py" and path.is_file()), None)

"""The API reference, made from the docstrings: `python docs/reference/build.py`, to runs/reference by default."""

import importlib
import sys
from inspect import ismodule
from pathlib import Path

import pdoc

import keras_ae

TEMPLATE = Path(__file__).parent / "template"


def build(directory: Path) -> Path:
    """Write a page for the package and for each of its public modules; returns the first page."""
    public = [name for name in keras_ae.__all__ if ismodule(getattr(keras_ae, name))]
    for module in (keras_ae, *(importlib.import_module(f"keras_ae.{name}") for name in public)):
        for name in getattr(module, "__all__", ()):
            setattr(module, name, getattr(module, name))  # pdoc sees what is there, not what is made on demand
    pdoc.render.configure(
        docformat="google", template_directory=TEMPLATE, show_source=False, include_undocumented=False
    )
    pdoc.pdoc("keras_ae", rf"!keras_ae\.(?!({'|'.join(public)})$)", output_directory=directory)
    return directory / "index.html"


if __name__ == "__main__":
    print(build(Path(*sys.argv[1:] or ["runs/reference"])))

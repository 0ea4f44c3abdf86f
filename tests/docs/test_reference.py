"""The API reference: a page for each public module, on it every public name with what its docstring says."""

import importlib
import inspect
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import keras_ae as kae

BUILD = Path(__file__).parents[2] / "docs" / "reference" / "build.py"
pytestmark = pytest.mark.tensorflow


class Text(HTMLParser):
    """The text of a page, without its white space, and the ids on it."""

    def __init__(self, page: Path):
        super().__init__()
        self.text, self.ids = "", set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.ids.add(dict(attrs).get("id"))

    def handle_data(self, data):
        self.text += "".join(data.split())


def public_names(module) -> list[str]:
    """Its `__all__`; of a module without, what it defines itself."""
    own = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__ and n[0] != "_"]
    return list(getattr(module, "__all__", own))


@pytest.mark.slow
def test_every_public_name_is_in_the_reference(tmp_path):
    subprocess.run([sys.executable, BUILD, tmp_path], check=True, capture_output=True)
    modules = {f"keras_ae/{name}": importlib.import_module(f"keras_ae.{name}") for name in kae._MODULES}
    pages = {"keras_ae": kae, **modules}
    written = {path.relative_to(tmp_path).with_suffix("").as_posix() for path in tmp_path.rglob("*.html")}
    assert written == {"index", *pages}
    for path, module in pages.items():
        page = Text(tmp_path / f"{path}.html")
        for name in public_names(module):
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                assert name in page.ids, (path, name)
                first_line = inspect.getdoc(value).splitlines()[0]
                words = "".join(first_line.split()).replace("`", "").replace("*", "")
                assert words in page.text, (path, name, first_line)

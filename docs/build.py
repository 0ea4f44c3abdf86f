"""The documentation as a static site: `python docs/build.py`, to runs/site by default.

The site has the README, the pages of docs/, CONTRIBUTING and CHANGELOG as HTML, the API reference in `reference/`
and the gallery of experiments in `gallery/`. It loads nothing from elsewhere.
"""

import re
import shutil
import subprocess
import sys
from html import escape
from pathlib import Path
from string import Template

from keras_ae._support.directories import write_directory
from keras_ae._support.files import write_atomically, write_text
from keras_ae.report.pages import MarkdownPage, markdown_page, resource
from keras_ae.studies import write_gallery

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/*.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="stylesheet" href="site.css">
<nav aria-label="Pages">$navigation</nav>
<main><h1>$title</h1><article>$body</article></main>
</html>
""")
_EXTERNAL = re.compile(r"(https?|mailto):|#")


def build(site: Path) -> Path:
    """Write the site, in the place of an earlier one and of nothing else; returns its first page."""
    write_directory(site, _fill)
    return site / "index.html"


def _fill(site: Path) -> None:
    sources = [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    pages = {source: _page(source, set(sources), site) for source in sources}
    write_text(site / "site.css", resource("base.css") + resource("gallery.css"))
    for source, page in pages.items():
        html = PAGE.substitute(title=escape(page.title), navigation=_navigation(pages, source), body=page.body)
        write_text(site / _name(source), html)
    write_gallery(ROOT / "experiments", site / "gallery")
    subprocess.run([sys.executable, ROOT / "docs" / "reference" / "build.py", site / "reference"], check=True)


def _name(source: Path) -> str:
    return "index.html" if source.name == "README.md" else f"{source.stem.lower()}.html"


def _page(source: Path, sources: set[Path], site: Path) -> MarkdownPage:
    """A page whose pictures are copied beside it, and whose links lead to other pages of the site."""

    def image(target: str) -> str | None:
        path = (source.parent / target).resolve()
        if not path.is_file():
            return None
        write_atomically(site / path.name, lambda copy: shutil.copyfile(path, copy))
        return path.name

    def link(target: str) -> str | None:
        if _EXTERNAL.match(target):
            return target
        name, hash_, part = target.partition("#")
        path = (source.parent / name).resolve()
        if path in sources:
            return _name(path) + hash_ + part
        if path.name == "README.md" and path.parent.parent == ROOT / "experiments":
            return f"gallery/{path.parent.name}/index.html"
        return None

    return markdown_page(source.read_text(encoding="utf-8"), image, link)


def _navigation(pages: dict[Path, MarkdownPage], current: Path) -> str:
    links = [(_name(source), page.title.partition(":")[0], source == current) for source, page in pages.items()]
    links += [("reference/keras_ae.html", "API reference", False), ("gallery/index.html", "Experiments", False)]
    return "".join(
        f"<a href='{target}'{' aria-current=page' if here else ''}>{escape(text)}</a>"
        for target, text, here in links
    )


if __name__ == "__main__":
    print(build(Path(*sys.argv[1:] or ["runs/site"])))

"""The gallery: one static site of all experiments, made from READMEs and kept results."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

import pandas

from keras_ae._support.directories import write_directory
from keras_ae._support.files import write_atomically, write_text
from keras_ae.report import MarkdownPage, markdown_page, resource
from keras_ae.studies.claims import counts, tally
from keras_ae.studies.discovery import find_studies, load_study
from keras_ae.studies.study import FINISHED, Study

PENDING = "<p class='pending'>Not run yet</p>"
_EXTERNAL = re.compile(r"(https?|mailto):")


@dataclass(frozen=True)
class _Chapter:
    """A study in the gallery: the study, its folder, and its README as a page."""

    study: Study
    folder: Path
    page: MarkdownPage

    @property
    def tables(self) -> list[Path]:
        return sorted((self.folder / "results").glob("*.csv"))

    @property
    def has_results(self) -> bool:
        return bool(self.page.images or self.tables)

    @cached_property
    def finished(self) -> dict[str, pandas.DataFrame]:
        """Finished runs of each preset with a kept table."""
        paths = {preset: self.folder / "results" / f"{preset}.csv" for preset in self.study.presets}
        tables = {preset: pandas.read_csv(path) for preset, path in paths.items() if path.exists()}
        return {preset: table[table["status"] == FINISHED] for preset, table in tables.items()}


def write_gallery(experiments, site) -> Path:
    """Write a static site: a page for each study, and one that links to them.

    A study's page is its README, with its figures and with the verdicts on its claims marked and counted, followed
    by how to repeat each preset, what that took, and the tables as CSV. Nothing is loaded from elsewhere.

    Args:
        experiments: Directory with a folder for each study, as for `keras-ae study`.
        site: Directory to write; an earlier gallery there is replaced as a whole, anything else is refused.

    Returns:
        Path of the first page, `index.html`.

    Raises:
        InputError: There is no study, or `site` holds anything but a gallery of this library.

    Example:
        >>> folder = Path("studies_to_show/rates")
        >>> folder.mkdir(parents=True)
        >>> code = "from keras_ae.studies import Study; STUDY = Study('rates', 'Learning rates', {'quick': list})"
        >>> _ = (folder / "study.py").write_text(code)
        >>> kae.studies.write_gallery("studies_to_show", "site").as_posix()
        'site/index.html'
    """
    experiments, site = Path(experiments), Path(site)
    chapters = [
        _Chapter(load_study(name, experiments), folder, _page(folder))
        for name, folder in find_studies(experiments).items()
    ]
    chapters.sort(key=lambda chapter: not chapter.has_results)
    write_directory(site, lambda written: _fill(chapters, written))
    return site / "index.html"


def _fill(chapters: Sequence[_Chapter], site: Path) -> None:
    write_text(site / "gallery.css", resource("base.css") + resource("gallery.css", "keras_ae.studies"))
    for chapter in chapters:
        _write_chapter(chapter, chapters, site)
    page = Template(resource("gallery.html", "keras_ae.studies")).substitute(
        navigation=_navigation(chapters, None),
        cards="".join(map(_card, chapters)),
        images=sum(len(chapter.page.images) for chapter in chapters),
        runs=f"{sum(len(runs) for chapter in chapters for runs in chapter.finished.values()):,}",
    )
    write_text(site / "index.html", page)


def _page(folder: Path) -> MarkdownPage:
    """A study's README, for a page with the pictures of its results beside it.

    Only links to other studies and to other sites are kept.
    """
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else f"# {folder.name}\n"

    def image(source: str) -> str | None:
        path = folder / source
        return path.name if path.parent == folder / "results" and path.is_file() else None

    def link(target: str) -> str | None:
        other = re.fullmatch(r"\.\./(\w+)/README\.md", target)
        if other:
            return f"../{other[1]}/index.html"
        return target if _EXTERNAL.match(target) or target.startswith("#") else None

    return markdown_page(text, image, link)


def _write_chapter(chapter: _Chapter, chapters: Sequence[_Chapter], site: Path) -> None:
    study, page = chapter.study, chapter.page
    directory = site / study.name
    for source in [*_pictures(chapter), *chapter.tables]:
        write_atomically(directory / source.name, partial(shutil.copyfile, source))
    downloads = [f"<a href='{_address(table.name)}'>{escape(table.name)}</a>" for table in chapter.tables]
    html = Template(resource("gallery_study.html", "keras_ae.studies")).substitute(
        title=escape(page.title),
        navigation=_navigation(chapters, chapter),
        contents="".join(f"<li><a href='#{name}'>{escape(text)}</a></li>" for name, text in page.headings),
        tally=_tally(page),
        body=page.body if chapter.has_results else PENDING + page.body,
        name=escape(study.name),
        presets="".join(_preset(chapter, preset) for preset in study.presets),
        downloads=", ".join(downloads) or "none yet",
    )
    write_text(directory / "index.html", html)


def _pictures(chapter: _Chapter) -> list[Path]:
    return [chapter.folder / "results" / name for name in dict.fromkeys(chapter.page.images)]


def _preset(chapter: _Chapter, preset: str) -> str:
    """A row for the table of presets: runs, what they took on the machine that ran them, and the command."""
    done = chapter.finished.get(preset, ())
    took = f"{done['training_seconds'].sum() / 3600:.1f} h" if len(done) else ""
    return (
        f"<tr><td>{escape(preset)}</td><td class='number'>{len(chapter.study.runs(preset))}</td>"
        f"<td class='number'>{len(done) or ''}</td><td class='number'>{took}</td>"
        f"<td><code>keras-ae study run {escape(chapter.study.name)} --preset {escape(preset)}</code></td></tr>"
    )


def _tally(page: MarkdownPage) -> str:
    """Number of claims with each verdict, as a bar and in words; empty without claims."""
    number = counts(page.verdicts)
    if not page.verdicts:
        return ""
    parts = "".join(
        f"<span class='{verdict.replace(' ', '-')}' style='flex: {count}'></span>"
        for verdict, count in number.items()
        if count
    )
    return f"<p class='tally'><span class='bar' aria-hidden='true'>{parts}</span>{tally(page.verdicts)}</p>"


def _navigation(chapters: Sequence[_Chapter], current: _Chapter | None) -> str:
    """Links to all pages; the pages of studies are one folder deeper than the first."""
    root = "" if current is None else "../"
    links = [("index.html", "All experiments", current is None)]
    links += [(f"{_address(c.study.name)}/index.html", c.page.title, c is current) for c in chapters]
    return "".join(
        f"<a href='{root}{target}'{' aria-current=page' if here else ''}>{escape(text)}</a>"
        for target, text, here in links
    )


def _card(chapter: _Chapter) -> str:
    name, page = chapter.study.name, chapter.page
    picture = PENDING
    if page.images:
        picture = f"<img src='{_address(name)}/{_address(page.images[0])}' alt='' loading='lazy'>"
    elif chapter.has_results:
        picture = ""
    return (
        f"<a class='card' href='{_address(name)}/index.html'><div class='frame'>{picture}</div>"
        f"<h2>{escape(page.title)}</h2><p>{_plain(page.summary)}</p>{_tally(page)}</a>"
    )


def _address(name: str) -> str:
    """A file's name as part of a URL in an attribute."""
    return quote(name)


def _plain(html: str) -> str:
    """Removes links: a card is a link itself and cannot hold any."""
    return re.sub(r"</?a\b[^>]*>", "", html)

"""What the library's HTML pages share: their files, and Markdown as HTML."""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from string import Template

from markdown_it import MarkdownIt
from markdown_it.token import Token

VERDICT = "verdict"  # heading of the column with the verdict on a claim: yes, no, undecided or not tested
_COMMENT = re.compile(r"<!--.*?-->\n?", flags=re.DOTALL)
_NUMBER = re.compile(r"[-+−±]?\d[\d,.  e+\-−×%]*(±.*)?|")


def resource(name: str, package: str = "keras_ae.report") -> str:
    """The text of a file beside the modules of a package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def page(title: str, body: str, style: str) -> str:
    """A self-contained HTML page, which loads no other files, from its title (text), body (HTML) and style."""
    return Template(resource("page.html")).substitute(title=escape(title), body=body, style=style)


@dataclass
class MarkdownPage:
    """A Markdown text as HTML.

    Attributes:
        title: The first heading of level 1, which is left out of the body.
        summary: The first paragraph (HTML), which is also in the body.
        body: All but the title (HTML): tables scroll, figures link to their files.
        headings: (id, text) of each heading of level 2.
        images: Results of `image` for each picture, in order.
        verdicts: "yes", "no", "undecided" or "not tested" for each row of the tables of claims.
    """

    title: str = ""
    summary: str = ""
    body: str = ""
    headings: list[tuple[str, str]] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)


def markdown_page(
    text: str, image: Callable[[str], str | None] = str, link: Callable[[str], str | None] = str
) -> MarkdownPage:
    """Converts Markdown to parts of an HTML page.

    Args:
        text: CommonMark with tables. HTML in it is shown as text, but comments are left out.
        image: Maps a picture's source in the text to that on the page; None leaves the picture out.
        link: The same for links; None leaves the text without a link.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", lambda *_: '<div class="scroll"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    parser.add_render_rule("image", _figure)
    tokens = parser.parse(_COMMENT.sub("", text))
    page = MarkdownPage()
    for token in tokens:
        token.children = _resolved(token.children, page, image, link)
    _name_headings(tokens, page)
    _class_cells(tokens, page)
    page.body = parser.renderer.render(_opening(tokens, page, parser), parser.options, {})
    return page


def _figure(renderer, tokens: Sequence[Token], index: int, options, environment) -> str:
    source, text = escape(str(tokens[index].attrs["src"])), escape(tokens[index].content)
    return f'<a class="picture" href="{source}"><img src="{source}" alt="{text}" loading="lazy"></a>'


def _resolved(children, page: MarkdownPage, image, link) -> list[Token]:
    """The parts of a line, with the sources of pictures and links mapped to those on the page."""
    kept: list[Token] = []
    linked = True
    for child in children or []:
        if child.type == "image":
            child.attrs["src"] = image(str(child.attrs["src"]))
            if child.attrs["src"] is None:
                continue
            page.images.append(child.attrs["src"])
        elif child.type == "link_open":
            child.attrs["href"] = link(str(child.attrs["href"]))
            linked = child.attrs["href"] is not None
        if linked or not child.type.startswith("link_"):
            kept.append(child)
        if child.type == "link_close":
            linked = True
    return kept


def _name_headings(tokens: Sequence[Token], page: MarkdownPage) -> None:
    for opening, content in itertools.pairwise(tokens):
        if opening.type == "heading_open" and opening.tag == "h2":
            identity = re.sub(r"\W+", "-", content.content.lower()).strip("-")
            opening.attrs["id"] = identity
            page.headings.append((identity, content.content))


def _class_cells(tokens: Sequence[Token], page: MarkdownPage) -> None:
    """Gives numbers and the headings above them the class "number", verdicts their own, such as "not-tested"."""
    headings: list[tuple[Token, str]] = []
    column = 0
    for opening, content in itertools.pairwise(tokens):
        if opening.type == "table_open":
            headings = []
        elif opening.type == "tr_open":
            column = 0
        elif opening.type == "th_open":
            headings.append((opening, content.content))
        elif opening.type == "td_open":
            heading, name = headings[column]
            if name == VERDICT:
                page.verdicts.append(content.content)
                opening.attrs["class"] = content.content.replace(" ", "-")
            elif content.content and _NUMBER.fullmatch(content.content):
                opening.attrs["class"] = heading.attrs["class"] = "number"
            column += 1


def _opening(tokens: list[Token], page: MarkdownPage, parser: MarkdownIt) -> list[Token]:
    """Stores the title and the first paragraph in the page; returns the tokens after the title."""
    if tokens and tokens[0].tag == "h1":
        page.title, tokens = tokens[1].content, tokens[3:]
    if tokens and tokens[0].type == "paragraph_open":
        tokens[0].attrs["class"] = "lead"
        page.summary = parser.renderer.render(tokens[1:2], parser.options, {})
    return tokens

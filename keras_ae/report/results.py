"""What every experiment's report writes: tables as Markdown, figures as PNG, a README with the tables in it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas
from matplotlib.figure import Figure

from keras_ae._support.files import write_atomically, write_text

_PLACE = re.compile(r"<!-- (\w+\.md) -->\n.*?<!-- end -->", flags=re.DOTALL)


def markdown(table: pandas.DataFrame) -> str:
    """A table as Markdown, numbers with four significant digits; NaN is left empty."""
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    for row in table.itertuples(index=False):
        lines.append("| " + " | ".join(map(_cell, row)) + " |")
    return "\n".join(lines) + "\n"


def listed(values: Mapping[str, float], form: str = "{:.3g}") -> str:
    """Numbers by name (a dict, or a pandas series) as text: "fc 1.2, conv 0.8"."""
    return ", ".join(f"{name} {form.format(value)}" for name, value in values.items())


def listed_means(parts: Mapping[str, Sequence[float]], form: str = "{:.3g}") -> str:
    """Means by name as text; parts without values are left out."""
    return listed({name: sum(values) / len(values) for name, values in parts.items() if len(values)}, form)


def write_table(table: pandas.DataFrame, path: Path) -> Path:
    """Write a table as Markdown; returns the path."""
    write_text(path, markdown(table))
    return path


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG; returns the path."""
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=110, format="png"))
    return path


def write_results(
    results: Path,
    tables: Mapping[str, pandas.DataFrame | None],
    figures: Mapping[str, Figure | None],
    prefix: str = "",
) -> list[Path]:
    """Write tables as PREFIX{NAME}.md and figures as PREFIX{NAME}.png; None and empty ones are left out.

    Files of those left out are removed, so none of an earlier report stays.

    Returns:
        The paths of the files written.
    """
    written = []
    for parts, ending, write in ((tables, "md", write_table), (figures, "png", save_figure)):
        for name, part in parts.items():
            path = results / f"{prefix}{name}.{ending}"
            if part is None or (isinstance(part, pandas.DataFrame) and part.empty):
                path.unlink(missing_ok=True)
            else:
                written.append(write(part, path))
    return written


def write_report(
    results: Path, presets: Iterable[str], kept: str, write: Callable[[str, str], list[Path]]
) -> list[Path]:
    """Write all that the saved results of presets allow, and put the tables into the study's README.

    Args:
        results: Directory of the saved results.
        presets: Names; the files of "cpu" have no prefix, those of others begin with the preset's name.
        kept: Ending of the file that shows that a preset has saved results, such as "_measures.json".
        write: Function that is given a preset and the prefix of its files, and returns the paths that it wrote.

    Returns:
        The paths that `write` returned, for all presets.
    """
    there = [preset for preset in presets if (results / f"{preset}{kept}").exists()]
    written = [path for p in there for path in write(p, "" if p == "cpu" else f"{p}_")]
    fill_page(results)
    return written


def fill_page(results: Path) -> None:
    """Put the tables of `results` into the README.md and DETAILS.md of their study, if these exist."""
    for page in ("README.md", "DETAILS.md"):
        if (results.parent / page).exists():
            fill(results.parent / page, results)


def fill(readme: Path, results: Path) -> None:
    """Replace the text between `<!-- NAME.md -->` and `<!-- end -->` with the tables of `results`."""

    def filled(match: re.Match) -> str:
        table = results / match[1]
        if not table.exists():
            return match[0]
        return f"<!-- {match[1]} -->\n\n{table.read_text(encoding='utf-8')}\n<!-- end -->"

    write_text(readme, _PLACE.sub(filled, readme.read_text(encoding="utf-8")))


def _cell(value) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if np.isfinite(value) else ""
    return str(value)

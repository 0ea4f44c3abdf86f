"""Pictures of candidates in the report, embedded."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from keras_ae._support.errors import InputError
from keras_ae.comparison.parts import Drawing, Pictures
from keras_ae.comparison.paths import run_path
from keras_ae.comparison.records import TrainedCandidate
from keras_ae.comparison.results import Comparison

SHOWN_SIDE = 64  # minimum side of a displayed image, in screen pixels


def section_of_pictures(section: Pictures, path: Path, comparison: Comparison, height: int) -> str:
    """A purpose's section with a picture of each candidate, or with the recommended one's pictures."""
    if section.caption is None:
        chosen = comparison[comparison.recommended]
        height = SHOWN_SIDE if section.enlarged else height
        return _section(section.title, section.text, "cases", cases(path, chosen, height, section.files))
    pictures = [
        (one.name, section.caption(one), figure(path, one, file))
        for one in comparison.ranked()
        for file in section.files
    ]
    return section_of_grids(section.title, section.text, pictures, comparison.recommended, height)


def section_of_grids(
    title: str, text: str, pictures: Sequence[tuple[str, str, Path]], recommended: str, height: int
) -> str:
    """A section with pictures below one another, as `grids` takes them; "" without pictures."""
    if not pictures:
        return ""
    inner = f"<div class='grids'>{grids(pictures, recommended, height)}</div>"
    return _section(title, text, "scroll", inner)


def section_of_drawing(drawing: Drawing) -> str:
    """A purpose's section with a figure of all candidates."""
    return _section(drawing.title, drawing.text, "scroll", drawing.svg)


def section_of_cases(path: Path, recommended: TrainedCandidate, height: int) -> str:
    """A section with the test images that the recommended candidate reconstructs best and worst."""
    text = "The test images with the lowest and the highest error: the image above, its reconstruction below."
    inner = cases(path, recommended, height, {"best": "best cases", "worst": "worst cases"})
    return _section(f"Best and worst cases of {recommended.name}", text, "cases", inner)


def _section(title: str, text: str, kind: str, inner: str) -> str:
    said = f"<p>{escape(text)}</p>" if text else ""
    return f"<section><h2>{escape(title)}</h2>{said}<div class='{kind}'>{inner}</div></section>"


def cases(path: Path, chosen: TrainedCandidate, height: int, names: Mapping[str, str]) -> str:
    """Pictures of one candidate; `names` maps the name of each file to its text."""
    return "".join(
        f"<figure>{_image(figure(path, chosen, name), height, text)}<figcaption>{escape(text)}</figcaption>"
        "</figure>"
        for name, text in names.items()
    )


def caption(candidate: TrainedCandidate) -> str:
    """Size and test error of a candidate."""
    error = f", MSE {candidate.test.mse:.5f}" if candidate.test else ""
    return f"{candidate.code_values:,} values{error}"


def figure(path: Path, candidate: TrainedCandidate, name: str) -> Path:
    """The file of a candidate's picture."""
    return run_path(path, candidate.name) / "figures" / f"{name}.png"


def grids(pictures: Sequence[tuple[str, str, Path]], recommended: str, height: int) -> str:
    """Pictures below one another, each given as (name, caption, file)."""
    return "".join(
        f"<span{' class=recommended' if name == recommended else ''}>{escape(name)}"
        f"<small>{escape(caption)}</small></span>{_image(picture, height, f'{name}: {caption}')}"
        for name, caption, picture in pictures
    )


def _image(picture: Path, image_height: int, description: str) -> str:
    """The picture embedded, enlarged by a whole factor so that small images can be seen."""
    try:
        with Image.open(picture) as opened:
            width, height = opened.size
    except UnidentifiedImageError:
        action = "remove results.json and run the comparison again: what is trained is kept"
        raise InputError(f"{picture}, which is damaged", "a picture that keras-ae compare left", action) from None
    factor = max(1, -(-SHOWN_SIDE // image_height))
    data = base64.b64encode(picture.read_bytes()).decode()
    return (
        f"<img src='data:image/png;base64,{data}' width='{width * factor}' height='{height * factor}' "
        f"alt='{escape(description, quote=True)}'>"
    )

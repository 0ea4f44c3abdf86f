"""Pictures of candidates in the report, embedded."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from keras_ae._support.errors import InputError
from keras_ae.comparison.purpose import Pictures
from keras_ae.comparison.records import TrainedCandidate
from keras_ae.comparison.results import Comparison

SHOWN_SIDE = 64  # least side in screen pixels at which an image is shown


def section_of_pictures(section: Pictures, path: Path, comparison: Comparison, height: int) -> str:
    """A section of a purpose: a picture of each candidate, or the pictures of the recommended one."""
    if section.caption is None:
        chosen = comparison[comparison.recommended]
        height = SHOWN_SIDE if section.enlarged else height
        shown = f"<div class='cases'>{cases(path, chosen, height, section.files)}</div>"
    else:
        pictures = [
            (one.name, section.caption(one), figure(path, one, file))
            for one in comparison.ranked()
            for file in section.files
        ]
        inner = grids(pictures, comparison.recommended, height)
        shown = f"<div class='scroll'><div class='grids'>{inner}</div></div>"
    return f"<section><h2>{escape(section.title)}</h2><p>{escape(section.text)}</p>{shown}</section>"


def cases(path: Path, chosen: TrainedCandidate, height: int, names: Mapping[str, str]) -> str:
    """Pictures of one candidate by the names of their files, each with its text."""
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
    return path / "candidates" / candidate.name / "figures" / f"{name}.png"


def grids(pictures: Sequence[tuple[str, str, Path]], recommended: str, height: int) -> str:
    """Pictures one below the other: (name, caption, file) each."""
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

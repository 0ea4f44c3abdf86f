"""The code on the page about the explorer runs as it stands, and its numbers are the code's."""

import re
from pathlib import Path

import pytest

pytest.importorskip("dash", reason="no package dash: no explorer")

from keras_ae.explore import code_variables, images, opening, scoring
from keras_ae.explore.pages import decode

pytestmark = pytest.mark.tensorflow
PAGE = Path(__file__).parents[2] / "docs" / "explore.md"


def test_the_code_runs():
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(block, names)
    assert len(names["used"]) == 7
    assert names["images"].shape == (11, 8, 8, 1)
    assert names["seen"].mse < 0.05


def test_the_numbers_are_those_of_the_code():
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    for said in (
        f"up to {images.SHOWN:,} test images",
        f"up to {images.TRAINING:,} training images",
        f"a mixture up to {opening.LONGEST_OF_MIXTURES} code values, a Gaussian up to {opening.LONGEST:,}",
        f"The {decode.MOST} that vary most",
        f"less than {code_variables.ACTIVE:.0%} of the largest variance".replace("1%", "1 %"),
        f"for {scoring.RATE * 100:.0f} % false alarms",
    ):
        assert said in page
    for picture in re.findall(r"\]\((\w+\.png)\)", page):
        assert (PAGE.parent / picture).stat().st_size < 150_000

"""The models in saved_models/: their files and outputs are what their cards say."""

import json
from pathlib import Path

import pytest

from keras_ae.runs import check_shared

SAVED = Path(__file__).parents[1] / "saved_models"
FOLDERS = sorted(path.parent for path in SAVED.rglob("check.json"))


def test_there_are_some():
    assert FOLDERS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(SAVED)))
def test_a_saved_model_is_what_its_card_says(folder):
    model = check_shared(folder)
    card = (folder / "README.md").read_text(encoding="utf-8")
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert json.loads((folder / "check.json").read_text(encoding="utf-8"))["sha256"] in card
    assert f"{model.count_params():,} parameters" in card
    assert model.count_params() == metrics["parameters"]
    if "code_shape" in metrics:  # a classifier has none
        assert list(model.code_shape) == metrics["code_shape"]
    assert (folder / "model.keras").stat().st_size < 2_000_000

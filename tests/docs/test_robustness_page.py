"""The code on the page about attacks runs as it stands."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow
PAGE = Path(__file__).parents[2] / "docs" / "robustness.md"


def test_the_code_blocks_run_and_the_classifier_is_fooled(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    names = {}
    exec("\n".join(blocks), names)
    assert names["classifier"].history.history["accuracy"][-1] > 0.8
    found = names["robustness"].summary()
    assert found["deep_fool"]["success_rate"] == 1
    assert found["deep_fool"]["mse"] < 0.02
    assert re.search(r"deep_fool: 100% of \d+ images", capsys.readouterr().out)
    assert (tmp_path / "attacked.csv").exists()
    harder = names["harder"].summary()
    assert harder["deep_fool"]["mse"] < found["deep_fool"]["mse"] * 2
    assert names["success"].numpy().any()


def test_all_attacks_are_named():
    from keras_ae.evaluation.attacks import ATTACKS

    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in ATTACKS)

"""The code on the page about LEAs runs as it stands."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow
PAGE = Path(__file__).parents[2] / "docs" / "locally_embedded.md"


@pytest.mark.slow
def test_the_code_blocks_run_and_the_classifier_learns(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 8
    statements = [line for line in blocks[0].splitlines() if line and not line.startswith("import")]
    assert len(statements) <= 10
    names = {}
    exec(blocks[0], names)
    names["trained"] = names["model"]
    exec("\n".join(blocks[1:]), names)
    assert (tmp_path / "exported" / "saved_model.pb").is_file()
    logs = names["trained"].history.history
    assert logs["accuracy"][-1] > 0.7
    assert names["scores"].normalized_loss < 0.01
    assert len(logs["lea_loss"]) == 10
    assert names["pictures"].code_maps.shape == (8, 4, 4, 5)
    assert "normalized_reconstruction_loss" in capsys.readouterr().out
    told = names["found"].set_index("layer")["test"]
    assert told["lea"] > 0.5
    assert "flatten" not in told.index

"""The code on the page about anomaly detection runs as it stands."""

import re
from pathlib import Path

import numpy as np
import pytest

import keras_ae as kae

pytestmark = pytest.mark.tensorflow
PAGE = Path(__file__).parents[2] / "docs" / "anomaly_detection.md"


def test_the_code_blocks_run_and_the_detector_detects(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3  # the last one needs a server: tests/export/test_export_serving.py
    names = {}
    exec("\n".join(blocks[:2]), names)
    detector, others = names["detector"], names["others"]
    assert np.mean(detector.predict(others) == -1) > 0.9
    assert names["found"]["anomalies"].shape == (5,)
    np.testing.assert_allclose(names["scores"], detector.anomaly_scores(others[:5]), rtol=0.05)


def test_every_score_is_on_the_page_and_what_is_said_of_99_images_holds():
    page = PAGE.read_text(encoding="utf-8")
    table = "".join(line for line in page.splitlines() if line.startswith("| `"))
    assert {name for name in kae.detection.SCORES if f"`{name}`" not in table} == set()
    low, high = kae.detection.Calibration(np.arange(99.0), 0.01).rate_interval()
    assert f"between {low:.4f} and {high:.3f}" in page

"""The code on the page about anomaly detection runs as it stands."""

import inspect
import json
import re
from pathlib import Path

import numpy as np
import pandas
import pytest

import keras_ae as kae

pytestmark = pytest.mark.tensorflow
ROOT = Path(__file__).parents[2]
PAGE, STUDY = ROOT / "docs" / "anomaly_detection.md", ROOT / "experiments" / "anomaly_detection"


@pytest.mark.slow
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
    request = json.loads((tmp_path / "request.json").read_text())
    assert np.shape(request["inputs"]["images"]) == (5, *detector.image_shape)


def test_every_score_is_on_the_page_and_what_is_said_of_99_images_holds():
    page = PAGE.read_text(encoding="utf-8")
    table = "".join(line for line in page.splitlines() if line.startswith("| `"))
    assert {name for name in kae.detection.SCORES if f"`{name}`" not in table} == set()
    low, high = kae.detection.Calibration(np.arange(99.0), 0.01).rate_interval()
    assert f"between {low:.4f} and {high:.3f}" in page


def test_the_default_is_what_the_page_says_and_has_the_areas_that_the_study_has():
    page = PAGE.read_text(encoding="utf-8")
    default = inspect.signature(kae.studies.train_detector).parameters
    assert f"`{default['score'].default}`. [The study]" in " ".join(page.split())
    assert f"rate of false alarms, {default['false_positive_rate'].default}, takes 19" in page
    rows = pandas.read_csv(STUDY / "results" / "cpu_measures.csv")
    areas = rows[rows["model"] != "pixels"].pivot_table("roc_auc", ["data", "model", "run"], "score")
    found = areas.loc[("mnist", "strided-16")].mean()
    for name, text in {"mse+nearest_codes": "0.968", "ssim+nearest_codes": "0.979"}.items():
        assert f"{found[name]:.3f}" == text
        assert text in page
    best = "ssim+mixture+nearest_codes"
    assert f"`{best}` {found[best]:.3f}" in page
    for name in (best, "ssim+nearest_codes"):
        assert (areas[name] > areas["mse+nearest_codes"]).sum() == len(areas) == 37

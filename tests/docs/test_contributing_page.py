"""The examples of CONTRIBUTING.md do what the page says of them."""

import re
import sys
from pathlib import Path

import keras
import numpy as np
import pandas
import pytest

from keras_ae import cli

pytestmark = pytest.mark.tensorflow
PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_each_example_is_short():
    assert len(BLOCKS) == 4
    assert all(len(block.splitlines()) < 30 for block in BLOCKS)


def test_the_bottleneck_penalises_what_it_says_and_comes_back_from_its_configuration():
    names = {}
    exec(BLOCKS[0], names)
    kind = names["L1Code"]
    for example in kind.examples():
        layer = example.build(kind)
        features = np.random.default_rng(0).normal(size=(5, *example.input_shape)).astype("float32")
        code = keras.ops.convert_to_numpy(layer(features))
        expected = layer.weight * np.abs(code).reshape(5, -1).sum(axis=1).mean()
        assert float(layer.losses[0]) == pytest.approx(expected, rel=1e-5)
        assert kind.from_config(layer.get_config()).weight == layer.weight
    keras.saving.get_custom_objects().pop("keras_ae>L1Code")


def test_the_architecture_is_trained_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(BLOCKS[1], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    flags = ["--architecture", "mine:shallow", "--code", "3", "--options", "filters=4"]
    flags += ["--steps", "2", "--evaluations", "1"]
    assert cli.main(["train", "--data", "digits", "--limit", "60", "--out", "run", *flags, "--json"]) == 0
    assert (tmp_path / "run" / "model.keras").exists()
    sys.modules.pop("mine")


@pytest.mark.slow
def test_the_study_is_run_and_reported(tmp_path, monkeypatch):
    folder = tmp_path / "experiments" / "code_length"
    folder.mkdir(parents=True)
    (folder / "study.py").write_text(BLOCKS[2], encoding="utf-8")
    (folder / "figures.py").write_text(BLOCKS[3], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["study", "run", "code_length", "--preset", "quick", "--json"]) == 0
    assert cli.main(["study", "report", "code_length", "--json"]) == 0
    runs = pandas.read_csv(folder / "results" / "quick.csv")
    assert len(runs) == 4
    errors = (folder / "results" / "errors.md").read_text(encoding="utf-8")
    assert f"{runs[runs['code'] == 8]['test.mse'].mean():.3g}"[:5] in errors

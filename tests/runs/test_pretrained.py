"""Models that come with the library: found, checked and refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.runs import pretrained_models

pytestmark = pytest.mark.tensorflow


def test_every_model_of_the_repository_loads_as_its_card_says():
    found = pretrained_models()
    assert {"variational_digits", "bottleneck_shape/2x2x16"} < set(found)
    for name, path in found.items():
        assert name.split("/")[-1] in (path / "README.md").read_text()
        assert (path / "model.keras").stat().st_size < 2_000_000
    model = kae.load_pretrained(Path("variational_digits"))
    images = kae.data.load("digits").images("test", 100)
    assert np.mean((np.asarray(model.reconstruct(images)) - images) ** 2) < 0.05


def test_other_directories_names_and_damaged_files(tmp_path, monkeypatch):
    shutil.copytree(pretrained_models()["variational_digits"], tmp_path / "mine" / "small")
    monkeypatch.setenv("KERAS_AE_MODELS", str(tmp_path))
    assert list(pretrained_models()) == ["mine/small"]
    with pytest.raises(InputError, match="did you mean 'mine/small'"):
        kae.load_pretrained("small")
    with (tmp_path / "mine" / "small" / "model.keras").open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match="another checksum"):
        kae.load_pretrained("mine/small")
    with pytest.raises(InputError, match="KERAS_AE_MODELS"):
        pretrained_models(tmp_path / "nothing")

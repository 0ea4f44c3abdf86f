"""A saved detector with a damaged part is refused in one line when it is loaded."""

import json
import re
import shutil

import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "detector"
    images = np.random.default_rng(0).random((20, 4, 4, 1)).astype(np.float32)
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(4,))
    kae.AnomalyDetector(model, "mse+nearest_codes", 0.25).fit(images).save(path)
    return path


@pytest.fixture
def detector(saved, tmp_path):
    """One without checksums, as early versions wrote them."""
    path = shutil.copytree(saved, tmp_path / "detector")
    (path / "checksums.json").unlink()
    settings = json.loads((path / "detector.json").read_text())
    del settings["checksums"]
    (path / "detector.json").write_text(json.dumps(settings))
    return path


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"\xff", b"{}", b"[" * 100_000, b'{"format": 99}'])
def test_settings_that_are_none_are_refused(detector, content):
    (detector / "detector.json").write_bytes(content)
    with pytest.raises(InputError, match=r"a detector that was saved|format 1"):
        kae.load_detector(detector)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("format", value) for value in (99, True, "1", None, ...)),
        *(("score", value) for value in (None, [], "mse", {}, {"name": "nothing"}, ...)),
        ("score", {"name": "nearest_codes", "k": 0}),
        *(("rate", value) for value in (0, 2, "0.1", None, True, ...)),
        *(("threshold", value) for value in ("0.1", None, [], 1e999, ...)),
    ],
)
def test_settings_of_another_kind_or_range_are_refused(detector, name, value):
    file = detector / "detector.json"
    settings = json.loads(file.read_text())
    if value is ...:
        del settings[name]
    else:
        settings[name] = value
    file.write_text(json.dumps(settings))
    with pytest.raises(InputError):
        kae.load_detector(detector)


@pytest.mark.parametrize("damage", ["gone", "cut", "text", "other shapes", "fewer", "NaN", "objects"])
def test_damaged_arrays_are_refused(detector, damage):
    file = detector / "detector.npz"
    content = file.read_bytes()
    with np.load(file) as archive:
        arrays = dict(archive)
    kept = next(name for name in arrays if name.endswith("kept"))
    if damage == "gone":
        file.unlink()
    elif damage in ("cut", "text"):
        file.write_bytes(content[: len(content) // 2] if damage == "cut" else b"nothing")
    elif damage == "fewer":
        del arrays[kept]
        np.savez(file, **arrays)
    else:
        wrong = {
            "other shapes": np.zeros((9, 7), np.float32),
            "NaN": arrays[kept] * np.nan,
            "objects": np.array([{}], object),
        }
        np.savez(file, **arrays | {kept: wrong[damage]}, allow_pickle=True)
    with pytest.raises(InputError, match=r"detector"):
        kae.load_detector(detector)


def test_a_damaged_model_is_refused(detector):
    (detector / "autoencoder.keras").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"autoencoder\.keras"):
        kae.load_detector(detector)


def test_what_to_load_instead_of_an_export_is_said(tmp_path):
    (tmp_path / "run" / "detector").mkdir(parents=True)
    (tmp_path / "run" / "detector" / "saved_model.pb").touch()
    with pytest.raises(InputError, match=r"without detector.json.*ExportedDetector"):
        kae.detection.load_detector(tmp_path / "run" / "detector")
    saved = tmp_path / "run" / "detector_keras"
    saved.mkdir()
    (saved / "detector.json").touch()
    for path in (tmp_path / "run", tmp_path / "run" / "detector"):
        with pytest.raises(InputError, match=f"load {re.escape(str(saved))}"):
            kae.detection.load_detector(path)
    with pytest.raises(InputError, match="correct the path"):
        kae.detection.load_detector(tmp_path / "nothing")

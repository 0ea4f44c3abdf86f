"""The probe of a comparison: which labels it needs, and that it tells what is in the codes."""

from types import SimpleNamespace

import numpy as np
import pytest

from keras_ae import data
from keras_ae.comparison import probe
from keras_ae.comparison.probe import probe_codes
from keras_ae.comparison.tables import probe_columns

pytestmark = pytest.mark.tensorflow


class Pixels:
    """An autoencoder whose codes are the images."""

    def encode(self, images):
        return images


def _load(tmp_path, labels, n=300):
    images = np.random.default_rng(0).random((n, 4, 4, 1)).astype("float32")
    if labels is not None:
        images[:, 0, 0, 0] = labels.reshape(n, -1)[:, 0]
    np.savez(tmp_path / "images.npz", x=images, **({} if labels is None else {"y": labels}))
    return data.load(f"npz:{tmp_path / 'images.npz'}", validation_fraction=0.2, test_fraction=0.2, progress=False)


def test_classes_that_the_codes_hold_are_told(tmp_path):
    summary = probe_codes(Pixels(), _load(tmp_path, np.arange(300) % 2))
    assert summary.accuracy > 0.95
    assert summary.macro_f1 > 0.95


def test_attributes_have_an_area(tmp_path):
    labels = np.stack([np.arange(300) % 2, np.arange(300) % 3 > 0], axis=1).astype(int)
    summary = probe_codes(Pixels(), _load(tmp_path, labels))
    assert summary.per_class[0] > 0.95
    columns = probe_columns([SimpleNamespace(probe=summary)])
    assert [column.heading for column in columns] == ["probe accuracy", "probe AUC"]


@pytest.mark.parametrize("labels", [None, np.zeros(300, int)])
def test_without_labels_to_tell_there_is_no_probe(tmp_path, labels):
    assert probe_codes(Pixels(), _load(tmp_path, labels)) is None
    assert probe_columns([SimpleNamespace(probe=None)]) == []


def test_only_some_images_are_taken_and_each_with_its_label(tmp_path, monkeypatch):
    monkeypatch.setattr(probe, "MOST", 20)
    taken = {}

    def keep(codes, labels, splits, **_):
        taken.update(codes=codes, labels=labels, splits=splits)
        raise KeyboardInterrupt

    monkeypatch.setattr(probe, "linear_probe", keep)
    with pytest.raises(KeyboardInterrupt):
        probe_codes(Pixels(), _load(tmp_path, np.arange(300) % 2))
    assert [len(rows) for rows in taken["splits"]] == [20, 20, 20]
    np.testing.assert_array_equal(taken["codes"][:, 0, 0, 0], taken["labels"])

"""Codecs of made-up images: parts to train on, models that stay, and the table beside the standard formats."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from experiments.rate_distortion import codecs

pytestmark = pytest.mark.tensorflow


def _images(count: int) -> np.ndarray:
    """Waves, uint8 [count, 40, 48, 3]."""
    rows, columns = np.mgrid[:40, :48]
    phases = np.random.default_rng(0).random((count, 1, 1)) * 6
    waves = np.sin(rows / 5 + phases) + np.sin(columns / 7 + 2 * phases)
    return np.uint8(127 + 50 * np.stack([waves, 0.8 * waves, 0.5 * waves], axis=-1))


def test_parts_are_of_the_images_turned_and_the_same_for_a_seed():
    images = _images(3)
    first, again = (next(iter(codecs.parts(images, 32, seed=1)))[0].numpy() for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (codecs.BATCH, 32, 32, 3)
    windows = np.lib.stride_tricks.sliding_window_view(images[..., 0], (32, 32), axis=(1, 2)).reshape(-1, 32, 32)
    turned = [np.rot90(part, turns) for part in (first[0, ..., 0], first[0, ::-1, :, 0]) for turns in range(4)]
    assert any((np.round(255 * each) == windows).all(axis=(1, 2)).any() for each in turned)


@pytest.mark.thorough
def test_a_model_for_each_weight_is_trained_once_and_has_its_rows(tmp_path):
    kind = codecs.Kind(lambda data, seed: (_images(6), _images(2)), 32, 8, 96)
    arguments = kind, _images(6), tmp_path, "scale_hyperprior", 40, 0, (1e-3, 4e-3)
    paths = codecs.train(*arguments)
    written = [path.stat().st_mtime_ns for path in paths.values()]
    assert [path.stat().st_mtime_ns for path in codecs.train(*arguments).values()] == written
    table = codecs.as_table(codecs.curves(paths, np.stack(_images(2)), "ours"))
    ours = table[table["codec"] == "ours"].set_index("setting")
    assert ours.loc[1e-3, "psnr"] > ours.loc[4e-3, "psnr"] > 25
    assert ours.loc[1e-3, "bits_per_pixel"] > ours.loc[4e-3, "bits_per_pixel"]
    assert {"JPEG", "WebP", "PNG"} <= set(table["codec"])
    assert codecs.figure(table).axes[0].get_xscale() == "log"

"""Figures of reports: what is drawn in them."""

import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.report import figures


@pytest.fixture
def drawn(monkeypatch):
    """The figures, instead of their text."""
    monkeypatch.setattr(figures, "as_svg", lambda figure: figure)


def _points(axes):
    return [np.asarray(collection.get_offsets()) for collection in axes.collections]


def test_a_scatter_shows_pairs_of_different_dimensions_of_every_model(drawn):
    first = np.arange(5)[None] * 100 + np.arange(30)[:, None] * 0.1  # dimension i is within [100 i, 100 i + 3)
    second = first.reshape(30, 5, 1) + 50
    figure = figures.latent_scatter({"first": first, "second": second}, pairs=4, most=20)
    panels = [axes for axes in figure.axes if axes.axison]
    assert len(panels) == 4
    for axes in panels:
        ours, others = _points(axes)
        assert ours.shape == others.shape == (20, 2)
        i, j = ours.astype(int).min(axis=0) // 100
        assert i != j
        assert (axes.get_xlabel(), axes.get_ylabel()) == (f"$z_{{{i + 1}}}$", f"$z_{{{j + 1}}}$")
        assert {tuple(point) for point in ours.round(3)} <= {tuple(p) for p in first[:, [i, j]].round(3)}
        assert np.all(others.astype(int) // 100 == [i, j])
        assert others.min() % 100 >= 49
    assert figure.axes[0].get_legend() is not None


def test_a_scatter_is_text_and_repeats():
    codes = {"one": np.random.default_rng(0).normal(size=(10, 3))}
    text = figures.latent_scatter(codes, pairs=1)
    assert text.startswith("<svg")
    assert "<image" in text
    assert figures.latent_scatter(codes, pairs=1, seed=1) != text


def test_codes_of_one_value_have_no_pairs():
    with pytest.raises(InputError, match="1 dimensions"):
        figures.latent_scatter({"one": np.zeros((5, 1))})

"""The figure of spatial information: what stands where."""

import pandas
import pytest

from keras_ae.report.spatial_information import spatial_information_figure

LAYERS = {"Classic": ("image", "pool1", "logits"), "CNN-LEA": ("image", "lea1", "logits")}


def _table(seeds=(0, 1)):
    rows = [
        {
            "model": m,
            "seed": s,
            "layer": layer,
            "factor": f,
            "train": 1.0,
            "test": 0.1 * i + 0.2 * s,
            "chance": 0.25,
        }
        for s in seeds
        for m in LAYERS
        for i, layer in enumerate(LAYERS[m])
        for f in ("x", "scale")
    ]
    return pandas.DataFrame(rows)


def test_a_panel_a_factor_with_a_line_a_model():
    figure = spatial_information_figure(_table())
    assert [axes.get_title() for axes in figure.axes] == ["x", "scale"]
    for axes in figure.axes:
        *lines, chance = axes.lines
        assert [line.get_label() for line in lines] == list(LAYERS)
        for line in lines:
            assert line.get_xdata().tolist() == [0, 1, 2]
            assert line.get_ydata() == pytest.approx([0.1, 0.2, 0.3])  # half way between the two seeds
        assert set(chance.get_ydata()) == {0.25}
        labels = [tick.get_text() for tick in axes.get_xticklabels()]
        assert labels == ["image", "pool1 / lea1", "logits"]


def test_models_of_one_seed_need_no_column_for_it():
    figure = spatial_information_figure(_table((0,)).drop(columns="seed"), part="train")
    assert figure.axes[0].lines[0].get_ydata().tolist() == [1.0] * 3
    assert figure.axes[0].get_ylabel() == "accuracy, train images"

"""The heatmap of robustness: what its circles say."""

import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.report.robustness import normalized_around, robustness_heatmap


def _row(rate, distance):
    return {"success_rate": rate, "mse": distance}


SUMMARIES = {
    "Classic": {"single_pixel": _row(0.5, 0.02), "deep_fool": _row(1.0, 0.1), "mine": _row(0.0, None)},
    "strong": {"single_pixel": _row(0.25, 0.03), "deep_fool": _row(1.0, 0.1), "mine": _row(0.0, None)},
    "weak": {"single_pixel": _row(0.75, 0.01), "deep_fool": _row(1.0, 0.05)},
}


def _circles(figure):
    """Sizes and colours' values by (attack, model), from what is drawn."""
    figure.draw_without_rendering()
    axes = figure.axes[0]
    attacks, models = (
        [label.get_text() for label in ticks()] for ticks in (axes.get_xticklabels, axes.get_yticklabels)
    )
    found = {}
    for collection in axes.collections:
        values = collection.get_array()
        for i, (x, y) in enumerate(collection.get_offsets()):
            found[attacks[int(x)], models[int(y)]] = (
                collection.get_sizes()[i],
                None if values is None else float(values[i]),
                collection.get_facecolors()[i] if len(collection.get_facecolors()) else None,
            )
    return found


def test_values_are_normalized_around_the_baseline():
    rates = normalized_around(SUMMARIES, "Classic", "success_rate")
    assert rates["Classic"] == {"single_pixel": 0, "deep_fool": 0, "mine": 0}
    assert rates["strong"] == {"single_pixel": -1, "deep_fool": 0, "mine": 0}
    assert rates["weak"] == {"single_pixel": 1, "deep_fool": 0}
    distances = normalized_around(SUMMARIES, "Classic", "mse")
    assert distances["strong"]["single_pixel"] == pytest.approx(1)
    # Of 0 and −0.05 around 0 the root mean square is 0.05 / √2.
    assert distances["weak"] == pytest.approx({"single_pixel": -1, "deep_fool": -np.sqrt(2)})
    assert np.isnan(distances["strong"]["mine"])
    never = {"a": {"x": _row(0.0, None)}, "b": {"x": _row(0.3, 1.0)}, "c": {"x": _row(0.4, None)}}
    beside = normalized_around(never, "a", "success_rate")  # a baseline of 0 hides nothing
    assert [beside[model]["x"] for model in "bc"] == pytest.approx([0.3 / 0.125**0.5, 0.4 / 0.125**0.5])
    with pytest.raises(InputError, match="did you mean 'Classic'"):
        normalized_around(SUMMARIES, "classic", "mse")


def test_raw_circles_grow_with_the_success_and_darken_with_the_distance():
    figure = robustness_heatmap(SUMMARIES)
    circles = _circles(figure)
    assert {model for _, model in circles} == set(SUMMARIES)
    assert list(dict.fromkeys(attack for attack, _ in sorted(circles))) == ["Deep Fool", "Single Pixel", "mine"]
    sizes = [circles["Single Pixel", model][0] for model in ("strong", "Classic", "weak")]
    assert sizes == sorted(sizes)
    assert np.diff(sizes)[0] == pytest.approx(np.diff(sizes)[1])  # areas are proportional
    assert circles["Deep Fool", "Classic"][1] == 0.1
    darkness = [circles[cell][2][:3].sum() for cell in (("Deep Fool", "Classic"), ("Single Pixel", "weak"))]
    assert darkness[0] < darkness[1]
    assert circles["mine", "strong"][1] is None  # hollow: no distance
    assert ("mine", "weak") not in circles  # not measured


def test_beside_a_baseline_smaller_and_blue_is_better():
    circles = _circles(robustness_heatmap(SUMMARIES, "Classic"))
    assert {model for _, model in circles} == {"strong", "weak"}
    strong, weak, same = (
        circles[cell] for cell in (("Single Pixel", "strong"), ("Single Pixel", "weak"), ("Deep Fool", "strong"))
    )
    assert strong[0] < same[0] < weak[0]
    assert strong[1] == pytest.approx(1)
    assert weak[1] == pytest.approx(-1)
    assert strong[2][2] > strong[2][0]  # blue
    assert weak[2][0] > weak[2][2]  # red
    assert np.ptp(same[2][:3]) < 0.05  # grey
    axes = robustness_heatmap(SUMMARIES, "Classic").axes
    assert axes[0].get_legend().get_title().get_text() == "success rate, Classic = 0, standardised"
    assert "Classic = 0" in axes[1].get_ylabel()


def test_nothing_to_draw_is_refused():
    with pytest.raises(InputError, match="0 models"):
        robustness_heatmap({"Classic": SUMMARIES["Classic"]}, "Classic")
    with pytest.raises(InputError, match="0 attacks"):
        robustness_heatmap({"Classic": {}})

"""Claims about training and test errors (sections 3.1 and 3.3, Figures 1 and 4), each of one data set."""

from itertools import pairwise

import numpy as np
import pandas

from keras_ae.report.results import listed
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate
from keras_ae.studies.gates import flattened
from keras_ae.studies.kept import Kept, chosen, last
from keras_ae.studies.paired import paired

PAPER = "keras-ae study run bottleneck_shape --preset paper"
COPYING = "keras-ae study run bottleneck_shape --preset copying"
SCALING = "keras-ae study run bottleneck_shape --preset scaling"
EARLY = 0.25  # part of the training after which its speed is compared
ANY = Bound("the paper gives no margin: any difference counts", low=0)
PLATEAU = Bound("a rise of 2 %: neighbouring evaluations differ by as much without any trend", low=0.02)


def similar_training_errors(kept: Kept, data: str) -> Claim:
    curves = dynamics(kept, data)
    ends = last(curves).groupby(["seed", "size", "channels"])[["train", "test"]].mean()
    spread = np.log(ends.groupby("seed").max() / ends.groupby("seed").min())
    train, test = _times(spread["train"]), _times(spread["test"])
    measured = f"highest over lowest of all codes: {train} in training, {test} in test"
    gaps = (spread["train"] - 0.5 * spread["test"]).tolist()
    bound = Bound(
        "similar: the training errors spread (in logarithms) less than half as far as the test errors", high=0
    )
    return Claim(
        "Training errors of all codes converge to similar values",
        "3.1, Fig. 1",
        flattened(curves, "train", PAPER),
        Evidence(measured, {"": gaps}, bound),
    )


def _times(logarithms: pandas.Series) -> str:
    return f"{np.exp(logarithms.mean()):.2f}" if len(logarithms) else "unknown"


def normalization_limits_training(kept: Kept, data: str) -> Claim:
    floor = kept.measures["floors"].get(data)
    errors = last(dynamics(kept, data)).groupby(["seed", "code"])["train"].mean().groupby("seed").min()
    measured = (
        "" if floor is None else f"a perfect code would leave {floor:.4f}; lowest training MSE {errors.mean():.4f}"
    )
    gaps = [] if floor is None else (errors / floor - 1).tolist()
    bound = Bound("a quarter above the floor, which a network that it limits comes near", high=0.25)
    reason = "errors above the floor do not show what limits them: the same networks without it are missing"
    gate = Gate(False, reason, COPYING)
    return Claim(
        "The last layer's instance normalisation limits the training errors",
        "ours",
        gate,
        Evidence(measured, {"": gaps}, bound),
    )


def larger_maps_train_faster(kept: Kept, data: str) -> Claim:
    curves = dynamics(kept, data)
    early = last(curves[curves["step"] <= EARLY * curves["step"].max()])
    measured = (
        f"training MSE after a quarter of the steps: {_by_size(early['train'].groupby(early['size']).mean())}"
    )
    evidence = Evidence(measured, falls_with_size(early, "train"), ANY)
    return Claim("Larger maps train faster", "3.1, Fig. 1", Gate(command=PAPER), evidence)


def larger_maps_generalise_better(kept: Kept, data: str) -> Claim:
    ends = last(dynamics(kept, data))
    measured = f"test MSE at equal numbers of code values: {_by_size(ends['test'].groupby(ends['size']).mean())}"
    evidence = Evidence(measured, falls_with_size(ends, "test"), ANY)
    return Claim("Larger maps generalise better", "3.1, Fig. 1", Gate(command=PAPER), evidence)


def falls_with_size(rows: pandas.DataFrame, value: str) -> dict[str, list[float]]:
    """By how much (relative) the value falls from each size to the next; means over the compressions, by seed."""
    return {
        f"{small}×{small} to {large}×{large}": paired(
            rows, value, "size", small, large, ["compression"], relative=True
        )
        for small, large in pairwise(sorted(rows["size"].unique()))
    }


def channels_matter_less(kept: Kept, data: str) -> Claim:
    ends = last(dynamics(kept, data))
    by_size = _effect(ends, "size", "compression")
    by_channels = np.abs(_effect(ends, "compression", "size"))
    measured = (
        f"test MSE of the smallest over the largest maps {1 + by_size.mean():.2f}, of the fewest over the most "
        f"channels {1 + by_channels.mean():.2f}"
        if len(by_size)
        else ""
    )
    evidence = Evidence(measured, {"": (by_size - by_channels).tolist()}, ANY)
    return Claim("Channels matter less than size", "3.1, Fig. 1", Gate(command=PAPER), evidence)


def _effect(rows: pandas.DataFrame, column: str, other: str) -> np.ndarray:
    """Relative difference of the test errors between the least and the most of a choice, by seed."""
    if not len(rows):
        return np.array([])
    least, most = rows[column].min(), rows[column].max()
    return np.array(paired(rows, "test", column, least, most, [other], relative=True))


def small_maps_overfit(kept: Kept, data: str) -> Claim:
    curves = dynamics(kept, data).sort_values("step")
    rises = curves.groupby(["seed", "size", "channels"])["test"].agg(lambda e: e.iloc[-1] / e.min() - 1)
    by_size = rises.groupby(["seed", "size"]).mean().unstack()
    measured = "rise of the test MSE above its minimum: " + _by_size(by_size.mean(), "{:.1%}")
    parts = {}
    if by_size.shape[1] > 1:
        smallest = by_size.iloc[:, 0]
        parts = {"smallest": smallest.tolist(), "smallest − largest": (smallest - by_size.iloc[:, -1]).tolist()}
    gate = flattened(curves, "train", PAPER)
    return Claim("Small maps overfit, large ones plateau", "3.1, Fig. 1", gate, Evidence(measured, parts, PLATEAU))


def more_data_closes_the_gap(kept: Kept, data: str) -> Claim:
    ends = _scaling(kept, data)
    ends = ends.assign(gap=ends["test"] / ends["train"] - 1)
    measured = "test over training MSE, less 1: " + _by_amount(ends["gap"].groupby(ends["images"]).mean())
    evidence = Evidence(measured, {"": _least_to_most(ends, "gap")}, ANY)
    return Claim("More data closes the gap", "3.3, Fig. 4", Gate(command=SCALING), evidence)


def _least_to_most(rows: pandas.DataFrame, value: str) -> list[float]:
    amounts = sorted(rows["images"].unique())
    return paired(rows, value, "images", amounts[0], amounts[-1], ["code"]) if len(amounts) > 1 else []


def returns_diminish(kept: Kept, data: str) -> Claim:
    ends = _scaling(kept, data)
    errors = ends.groupby(["seed", "images"])["test"].mean().unstack()
    falls = -np.diff(np.log(errors), axis=1) / np.diff(np.log(np.array(errors.columns, float)))
    gaps = (falls[:, 0] - falls[:, -1]).tolist() if falls.shape[1] > 1 else []
    measured = f"test MSE: {_by_amount(errors.mean())}"
    evidence = Evidence(measured, {"": gaps}, ANY)
    return Claim("More data has diminishing returns", "3.3, Fig. 4", Gate(command=SCALING), evidence)


def size_matters_at_every_amount(kept: Kept, data: str) -> Claim:
    ends = _scaling(kept, data)
    parts = {f"{amount:g} images": _effect(rows, "size", "compression") for amount, rows in ends.groupby("images")}
    measured = "test MSE of small over large maps: " + listed(
        {k: 1 + v.mean() for k, v in parts.items()}, "{:.2f}"
    )
    if len(parts) > 1:
        first, *_, most = parts.values()
        parts["least − most data"] = first - most
    evidence = Evidence(measured, {name: list(values) for name, values in parts.items()}, ANY)
    return Claim(
        "Size matters at every amount of data, most with little", "3.3, Fig. 4", Gate(command=SCALING), evidence
    )


def difficulty_changes_little(kept: Kept, data: str) -> Claim:
    effects = {}
    for name, rows in kept.runs[kept.runs["experiment"] == "dynamics"].groupby("data"):
        errors = rows.groupby(["seed", "size"])["validation.mse"].mean().unstack()
        effects[name] = errors.iloc[:, 0] / errors.iloc[:, -1]
    both = pandas.DataFrame(effects).dropna()
    gaps = np.log(both.max(axis=1) / both.min(axis=1)).tolist() if both.shape[1] > 1 else []
    measured = "test MSE of the smallest over the largest maps: "
    measured += listed({name: ratios.mean() for name, ratios in effects.items()}, "{:.2f}")
    bound = Bound(
        "little: the effects of size differ by less than a quarter (in logarithms) between data sets", high=0.22
    )
    return Claim(
        "The data's difficulty changes little",
        "3.1, Fig. 1",
        Gate(command=PAPER),
        Evidence(measured, {"": gaps}, bound),
    )


def dynamics(kept: Kept, data: str) -> pandas.DataFrame:
    rows = kept.curve(experiment="dynamics", data=data)
    return rows.assign(compression=rows["compression"].astype(float).round(4))


def _scaling(kept: Kept, data: str) -> pandas.DataFrame:
    """The last errors of the runs with several amounts of data, those amounts that all codes have."""
    ends = kept.ends(experiment="scaling", data=data)
    complete = ends.groupby("images")["code"].nunique()
    return chosen(ends, images=set(complete[complete == ends["code"].nunique()].index))


def _by_size(values: pandas.Series, form: str = "{:.3g}") -> str:
    return listed({f"{size}×{size}": value for size, value in values.items()}, form)


def _by_amount(values: pandas.Series) -> str:
    return listed({f"{amount:g} images": value for amount, value in values.items()})


CLAIMS = (
    similar_training_errors,
    normalization_limits_training,
    larger_maps_train_faster,
    larger_maps_generalise_better,
    channels_matter_less,
    small_maps_overfit,
    more_data_closes_the_gap,
    returns_diminish,
    size_matters_at_every_amount,
    difficulty_changes_little,
)

"""Claims about training and test errors (sections 3.1 and 3.3, Figures 1 and 4).

Each takes the `Evidence` and gives (claim, measured, holds), or None where the runs for it are missing.
"""

import numpy as np
import pandas

EARLY = 0.25  # part of the training after which its speed is compared
SIMILAR = 0.5  # training errors are, if they spread at most half as far as test errors, in logarithms
NEAR = 0.25  # above a limit, as a part of it
RISE = 0.02  # of the lowest test error: less is a plateau


def similar_training_errors(evidence):
    last = _last(_dynamics(evidence.curves)).groupby(["size", "channels"])[["train", "test"]].mean()
    train, test = (last[part].max() / last[part].min() for part in ("train", "test"))
    measured = f"highest over lowest of all codes: {train:.2f} in training, {test:.2f} in test"
    return "Training errors of all codes converge to similar values", measured, bool(train < test**SIMILAR)


def normalization_limits_training(evidence):
    if evidence.floor is None:
        return None
    errors = _last(_dynamics(evidence.curves)).groupby(["size", "channels"])["train"].mean()
    measured = f"a perfect code would leave {evidence.floor:.4f}; lowest training MSE {errors.min():.4f}"
    claim = "The last layer's instance normalisation limits the training errors (ours)"
    return claim, measured, bool(errors.min() < (1 + NEAR) * evidence.floor)


def larger_maps_train_faster(evidence):
    curves = _dynamics(evidence.curves)
    early = curves[curves["step"] <= EARLY * curves["step"].max()].groupby("run").tail(1)
    return _by_size("Larger maps train faster", "training MSE after a quarter of the steps", early, "train")


def larger_maps_generalise_better(evidence):
    return _by_size("Larger maps generalise better", "test MSE", _last(_dynamics(evidence.curves)), "test")


def channels_matter_less(evidence):
    last = _last(_dynamics(evidence.curves))
    errors = last.groupby(["size", "compression"])["test"].mean().unstack()
    by_size = float((errors.max(axis=0) / errors.min(axis=0)).mean())
    by_channels = float((errors.max(axis=1) / errors.min(axis=1)).mean())
    measured = f"worst over best test MSE: {by_size:.2f} by size, {by_channels:.2f} by channels"
    return "Channels matter less than size", measured, by_channels < by_size


def small_maps_overfit(evidence):
    curves = _dynamics(evidence.curves).sort_values("step")
    rises = curves.groupby(["size", "channels", "seed"])["test"].agg(lambda e: e.iloc[-1] / e.min() - 1)
    by_size = rises.groupby("size").mean()
    measured = "rise of the test MSE above its minimum: " + _listed(by_size, "{:.1%}")
    holds = by_size.iloc[0] > RISE and by_size.iloc[-1] < by_size.iloc[0]
    return "Small maps overfit, large ones plateau", measured, holds


def complete_codes_do_not_copy(evidence):
    last = _last(_dynamics(evidence.curves))
    complete = last[np.isclose(last["compression"], 1)].groupby("size")["test"].mean()
    if not len(complete):
        return None
    fewer = last[last["compression"] < 1].groupby(["size", "compression"])["test"].mean()
    others = fewer.groupby("size").min()
    measured = (
        f"test MSE with as many values as the image: {_listed(complete)}; best with fewer: {_listed(others)}"
    )
    return "Complete CAEs do not copy their input", measured, bool((complete > 1e-3).all())


def overcomplete_codes_do_not_copy(evidence):
    last = _last(evidence.curves[evidence.curves["experiment"] == "overcomplete"])
    if not len(last):
        return None
    errors = last.groupby("size")["test"].mean()
    measured = f"test MSE with four times as many code values as pixels: {_listed(errors)}"
    return "Nor do over-complete ones (the paper's open question)", measured, bool((errors > 1e-3).all())


def more_data_closes_the_gap(evidence):
    last = _scaling(evidence)
    if last is None:
        return None
    gaps = (last["test"] / last["train"]).groupby(last["images"]).mean()
    falls = bool((np.diff(gaps) < 0).all())
    return "More data closes the gap", f"test over training MSE: {_listed(gaps, by='{} images')}", falls


def returns_diminish(evidence):
    last = _scaling(evidence)
    if last is None:
        return None
    errors = last.groupby("images")["test"].mean()
    falls = -np.diff(np.log(errors)) / np.diff(np.log(errors.index))
    measured = f"test MSE: {_listed(errors, by='{} images')}"
    return "with diminishing returns", measured, bool((np.diff(falls) < 0).all())


def size_matters_at_every_amount(evidence):
    last = _scaling(evidence)
    if last is None:
        return None
    errors = last.groupby(["images", "size"])["test"].mean().unstack()
    ratios = errors.iloc[:, 0] / errors.iloc[:, -1]
    measured = f"test MSE of small over large maps: {_listed(ratios, '{:.2f}', by='{} images')}"
    holds = bool((ratios > 1).all() and ratios.iloc[0] == ratios.max())
    return "Size matters at every amount of data, most with little", measured, holds


def difficulty_changes_little(evidence):
    rows = evidence.everything[evidence.everything["experiment"] == "dynamics"]
    if rows["data"].nunique() < 2:
        return None
    ratios = {}
    for data, of_data in rows.groupby("data"):
        errors = of_data.groupby("size")["validation.mse"].mean()
        ratios[data] = float(errors.iloc[0] / errors.iloc[-1])
    measured = "test MSE of the smallest over the largest maps: "
    measured += _listed(pandas.Series(ratios), "{:.2f}", by="{}")
    return "The data's difficulty changes little: size decides on each", measured, min(ratios.values()) > 1


def _dynamics(curves: pandas.DataFrame) -> pandas.DataFrame:
    rows = curves[curves["experiment"] == "dynamics"]
    return rows.assign(compression=rows["compression"].round(4))


def _last(curves: pandas.DataFrame) -> pandas.DataFrame:
    return curves.sort_values("step").groupby("run").tail(1)


def _scaling(evidence) -> pandas.DataFrame | None:
    """The last errors of the runs with several amounts of data, those amounts that all codes have."""
    rows = evidence.curves[evidence.curves["experiment"] == "scaling"]
    if not len(rows):
        return None
    last = _last(rows)
    complete = last.groupby("images")["code"].nunique()
    last = last[last["images"].isin(complete[complete == last["code"].nunique()].index)]
    return last if last["images"].nunique() > 1 else None


def _by_size(claim: str, measure: str, rows: pandas.DataFrame, part: str):
    """A claim that an error falls with the size, at every compression and seed."""
    errors = rows.groupby(["compression", "seed", "size"])[part].mean().unstack().dropna()
    falls = np.diff(errors, axis=1) < 0
    if not falls.size:
        return None
    share = f"falls in {int(falls.sum())} of {falls.size} steps to the next size, at equal numbers of code values"
    return claim, f"{measure}: {_listed(errors.mean())}; {share}", bool(falls.all())


def _listed(values: pandas.Series, form: str = "{:.3g}", by: str = "{0}×{0}") -> str:
    return ", ".join(f"{form.format(value)} ({by.format(key)})" for key, value in values.items())

"""The decorrelation paper's claims about the table of all runs."""

import numpy as np
import pandas

from experiments.decorrelation.statistics import PAPER_TABLE, chosen_alpha, seed_pairs
from experiments.decorrelation.study import IN_REGIME
from experiments.decorrelation.tables import BASE_ALPHA, MAPS, in_regime_runs, of_table_1, rmse, squared
from keras_ae.report.results import listed, listed_means
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate, table
from keras_ae.studies.paired import paired

REGIME = "keras-ae study run decorrelation --preset regime"
CLASSES = "keras-ae study run decorrelation --preset classes"
ANY = Bound("the paper gives no margin: any difference counts", low=0)
PAPER_DATA = "mnist"
BITS_A_VALUE = (2, 3, 4)
HEAVY = 1.0  # times the loss: a penalty beyond is answered by shrinking the code, not by decorrelating it


def claims_table(runs: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each claim.

    Args:
        runs: All runs with what was measured of them, as `figures.load_runs` gives them.
    """
    return table(claim(runs) for claim in CLAIMS)


def penalty_lowers_the_error(runs: pandas.DataFrame) -> Claim:
    rows = squared(runs)
    parts, words = {}, []
    for n, of_size in rows.groupby("n", sort=False):
        alpha = chosen_alpha(of_size[of_size["preset"] != "beyond"])
        parts[f"n = {n}"], text = _gains(of_size, alpha)
        words.append(f"n = {n}: {text}")
    evidence = Evidence("test RMSE: " + "; ".join(words), parts, ANY)
    statement = "The penalty lowers the error at α of 0.001 to 0.01, chosen by the validation error"
    return Claim(statement, "Table 1", in_regime(of_table_1(runs)), evidence)


def in_regime(rows: pandas.DataFrame) -> Gate:
    """Passes if the penalty of the code that the standard loss learns is no larger than this loss."""
    standard = rows[(rows["alpha"] == 0)].dropna(subset=["covariance"])
    alpha = rows.loc[rows["alpha"] > 0, "alpha"].min()
    shares = [alpha * penalty(row["covariance"]) / row["final_loss"] for _, row in standard.iterrows()]
    share = max(shares, default=0.0)
    reason = (
        f"at the lowest α the penalty of the standard code is {share:.0f} times the loss, so that training "
        "shrinks the code; the paper's α, if beside a sum over the pixels, is a thousandth of that"
    )
    return Gate(share <= HEAVY, reason, REGIME)


def penalty(covariance) -> float:
    """½·Σ_{i≠j} C_ij² of a covariance [n, n]."""
    covariance = np.asarray(covariance, float)
    return float(np.sum(covariance**2) - np.sum(np.diag(covariance) ** 2)) / 2


def penalty_lowers_the_error_in_the_papers_regime(runs: pandas.DataFrame) -> Claim:
    rows = in_regime_runs(runs)
    weighed = rows[rows["alpha"].isin((0.0, *IN_REGIME))]
    parts, words = {}, []
    for slope, of_slope in weighed.groupby("code_slope"):
        if of_slope["alpha"].nunique() > 1:
            parts[f"slope {slope:g}"], text = _gains(of_slope)
            words.append(f"slope {slope:g}: {text}")
    statement = (
        "The penalty lowers the error at α of 1e-6 to 1e-5 (0.001 to 0.01 beside a sum over the pixels), n = 8"
    )
    evidence = Evidence("test RMSE: " + "; ".join(words), parts, ANY) if parts else None
    return Claim(statement, "Table 1", Gate(command=REGIME), evidence)


def penalty_on_correlations_lowers_the_error(runs: pandas.DataFrame) -> Claim:
    rows = in_regime_runs(runs, "correlation")
    gains, words = _gains(rows) if rows["alpha"].nunique() > 1 else ([], "")
    evidence = Evidence("test RMSE: " + words, {"": gains}, ANY) if words else None
    statement = "A penalty on correlations, which no smaller code lowers, lowers the error at α of 0.001 to 0.01"
    return Claim(statement, "ours", Gate(command=REGIME), evidence)


def _gains(rows: pandas.DataFrame, alpha: float | None = None) -> tuple[list[float], str]:
    """Standard less penalised error by seed, at an α or that which validation chooses; in words, too."""
    alpha = chosen_alpha(rows) if alpha is None else alpha
    standard, ours = (rmse(part).to_numpy() for part in seed_pairs(rows, alpha))
    words = f"{standard.mean():.4f} without, {ours.mean():.4f} with α = {alpha:g}" if len(ours) else ""
    return (standard - ours).tolist(), words


def standard_loss_is_the_papers(runs: pandas.DataFrame) -> Claim:
    rows = squared(runs)
    parts, words = {}, []
    for n, of_size in rows[rows["alpha"] == 0].groupby("n", sort=False):
        if n in PAPER_TABLE and set(of_size["data"]) == {PAPER_DATA}:
            (theirs, _), (decorrelated, _) = PAPER_TABLE[n]
            errors = rmse(of_size)
            parts[f"n = {n}"] = ((errors - theirs) / (theirs - decorrelated)).tolist()
            words.append(f"n = {n}: {errors.mean():.4f} (paper: {theirs:.4f})")
    bound = Bound(
        "closer than the gain that the paper claims of its penalty, which is the unit here", low=-1, high=1
    )
    evidence = Evidence("test RMSE: " + "; ".join(words), parts, bound)
    statement = "This reading of the description gives the paper's standard error"
    return Claim(statement, "Table 1; ours", Gate(), evidence)


def penalty_decorrelates(runs: pandas.DataFrame) -> Claim:
    rows = squared(runs).dropna(subset=["mean_correlation"])
    parts = {
        f"n = {n}": paired(of_size, "mean_correlation", "alpha", 0.0, BASE_ALPHA)
        for n, of_size in rows.groupby("n", sort=False)
    }
    means = rows[rows["alpha"].isin((0.0, BASE_ALPHA))].groupby(["n", "alpha"])["mean_correlation"].mean()
    measured = "; ".join(
        f"n = {n}: {of_size.iloc[0]:.3f} without, {of_size.iloc[-1]:.3f} with" for n, of_size in means.groupby("n")
    )
    statement = f"The penalty (α = {BASE_ALPHA:g}) lowers the mean size of the code's correlations"
    return Claim(statement, "section 3", Gate(), Evidence(measured, parts, ANY))


def small_penalty_decorrelates(runs: pandas.DataFrame) -> Claim:
    rows = in_regime_runs(runs)
    alpha = min(IN_REGIME)
    parts = {
        f"slope {slope:g}": paired(of_slope, "mean_correlation", "alpha", 0.0, alpha)
        for slope, of_slope in rows.groupby("code_slope")
    }
    means = rows[rows["alpha"].isin((0.0, alpha))].groupby(["code_slope", "alpha"])["mean_correlation"].mean()
    measured = listed({f"slope {slope:g}, α = {a:g}:": mean for (slope, a), mean in means.items()})
    statement = f"The penalty lowers the mean size of the code's correlations already at α = {alpha:g}, n = 8"
    evidence = Evidence(measured, parts, ANY) if parts else None
    return Claim(statement, "section 3", Gate(command=REGIME), evidence)


def two_classes_become_more_compact(runs: pandas.DataFrame) -> Claim:
    rows = runs[(runs["loss"] == "mse") & (runs["n"] == 2)].dropna(subset=["scatter"])
    words, parts = [], {}
    for digit in ("3", "4"):
        of_digit = rows.assign(compact=[scatter[digit] for scatter in rows["scatter"]])
        for alpha in sorted(set(of_digit["alpha"]) - {0.0}):
            parts[f"digit {digit}, α = {alpha:g}"] = paired(of_digit, "compact", "alpha", 0.0, alpha)
        means = of_digit.groupby("alpha")["compact"].mean()
        words.append(
            f"digit {digit}: " + ", ".join(f"{value:.2f} (α = {alpha:g})" for alpha, value in means.items())
        )
    evidence = Evidence("scatter within over between the classes, loss MSE: " + "; ".join(words), parts, ANY)
    statement = "The fourth and the fifth class become more compact"
    return Claim(
        statement, "Fig. 1 (whose caption says MSE)", Gate(command=CLASSES), evidence if len(rows) else None
    )


def penalised_codes_bear_few_bits_better(runs: pandas.DataFrame) -> Claim:
    """At equal bits, with one step for all values and entropy coding; equal bits a value cannot show a benefit."""
    rows = in_regime_runs(runs)
    rows = rows.dropna(subset=["entropy_coded"]) if "entropy_coded" in rows else rows.iloc[:0]
    rows = rows[rows["alpha"].isin((0.0, *IN_REGIME))]
    parts = {}
    for slope, of_slope in rows.groupby("code_slope", sort=False):
        best = chosen_alpha(of_slope)
        for bits in BITS_A_VALUE:
            errors = of_slope.assign(
                error=[_error_at(row.n * bits, row.entropy_coded) for row in of_slope.itertuples()]
            )
            gaps = paired(errors.dropna(subset=["error"]), "error", "alpha", 0.0, best)
            parts[f"slope {slope:g}, α = {best:g}, {bits} bits a value"] = gaps
    gate = Gate(
        len(rows) > 0,
        "measured with equal bits for each feature, scaled by its own deviation, which cannot show a benefit",
        REGIME,
    )
    parts = {name: part for name, part in parts.items() if part}
    evidence = Evidence("test RMSE, standard less penalised: " + listed_means(parts, "{:+.4f}"), parts, ANY)
    return Claim("Decorrelated codes lose less by quantisation", "future work", gate, evidence if parts else None)


def _error_at(bits: float, found: dict) -> float:
    """RMSE of images whose codes take so many bits, between the two measured steps beside; NaN beyond them."""
    rates, errors = np.array(found["bits"]), np.sqrt(found["mse"])
    return float(np.interp(bits, rates, errors, left=np.nan, right=np.nan))


def penalty_on_maps_decorrelates(runs: pandas.DataFrame) -> Claim:
    rows = runs[(runs["data"] == MAPS) & (runs["status"] == "finished")]
    largest = rows["alpha"].max() if len(rows) else 0.0
    gaps = paired(rows, "mean_correlation", "alpha", 0.0, largest) if len(rows) else []
    means = rows.groupby("alpha")["mean_correlation"].mean()
    measured = ", ".join(f"{value:.3f} (α = {alpha:g})" for alpha, value in means.items())
    statement = "On feature maps the penalty lowers the mean size of the channels' correlations"
    return Claim(statement, "ours", Gate(), Evidence(measured, {"": gaps}, ANY))


CLAIMS = (
    penalty_lowers_the_error,
    penalty_lowers_the_error_in_the_papers_regime,
    penalty_on_correlations_lowers_the_error,
    standard_loss_is_the_papers,
    penalty_decorrelates,
    small_penalty_decorrelates,
    penalty_on_maps_decorrelates,
    two_classes_become_more_compact,
    penalised_codes_bear_few_bits_better,
)

"""The tables, each from the table of all runs with what was measured of them; None where its runs are missing."""

import numpy as np
import pandas

from experiments.decorrelation.statistics import READINGS, chosen_alpha, paired_p, seed_pairs, table_1
from keras_ae.studies.claims import FEWEST_SEEDS, interval

BASE_LOSS = "binary_crossentropy"  # the paper's
BASE_ALPHA = 0.005  # of the runs with other forms, distortions and more seeds
MAPS = "cifar10"
MEAN = "mean image"
REGIME = "regime"  # the preset with other code layers, which no table of the main reading has


rmse = READINGS["over all pixels"]  # of the rows of runs


def method(row) -> str:
    """What the penalty was, in words."""
    return "standard" if row["alpha"] == 0 else f"{row['form']}, α = {row['alpha']:g}"


def vectors(runs: pandas.DataFrame, loss: str | None = BASE_LOSS) -> pandas.DataFrame:
    """The finished runs with code vectors, trained with one loss."""
    chosen = (runs["status"] == "finished") & (runs["data"] != MAPS) & (runs["preset"] != REGIME)
    return runs[chosen & (runs["loss"] == loss)] if loss else runs[chosen]


def squared(runs: pandas.DataFrame) -> pandas.DataFrame:
    """Vectors with the paper's loss and the squared form, or without penalty: what Table 1 is made of."""
    rows = vectors(runs)
    return rows[rows["form"] == "squared"]


def in_regime_runs(runs: pandas.DataFrame, form: str = "squared") -> pandas.DataFrame:
    """Of the preset with other code layers, those runs in which one form is compared with no penalty."""
    rows = runs[(runs["preset"] == REGIME) & (runs["status"] == "finished")]
    of_form = rows[(rows["form"] == form) & (rows["alpha"] > 0)]
    return rows[
        ((rows["alpha"] == 0) & rows["code_slope"].isin(of_form["code_slope"])) | rows.index.isin(of_form.index)
    ]


def regime(runs: pandas.DataFrame) -> pandas.DataFrame | None:
    """Small weights, and the penalty on correlations, for three code layers: RMSE and what it gains."""
    parts = {form: in_regime_runs(runs, form) for form in ("squared", "correlation")}
    table = []
    for form, rows in parts.items():
        for slope, of_slope in rows.groupby("code_slope", sort=False):
            for alpha, part in of_slope.groupby("alpha"):
                if form == "squared" or alpha:
                    table.append(_regime_row(of_slope, part, {"code's slope": slope, "form": form, "α": alpha}))
    return pandas.DataFrame(table) if table else None


def _regime_row(rows: pandas.DataFrame, part: pandas.DataFrame, named: dict) -> dict:
    standard, ours = (rmse(one).to_numpy() for one in seed_pairs(rows, named["α"]))
    return {
        **{**named, "form": named["form"] if named["α"] else "standard"},
        "seeds": len(part),
        "test RMSE": rmse(part).mean(),
        **_difference((ours - standard) if named["α"] else [], "to standard"),
        "mean abs. correlation": part["mean_correlation"].mean(),
        "effective rank": part["effective_rank"].mean(),
    }


def _difference(gaps, name: str) -> dict[str, str]:
    """Mean difference over the seeds, and its 95 % interval; empty with fewer than two."""
    if len(gaps) < FEWEST_SEEDS:
        return {name: "", "95 % interval": ""}
    found = interval(gaps)
    return {name: f"{found.mean:+.5f}", "95 % interval": f"{found.low:+.5f} to {found.high:+.5f}"}


def main_table(runs: pandas.DataFrame) -> pandas.DataFrame | None:
    """Table 1 in both readings."""
    rows = of_table_1(runs)
    return table_1(rows) if len(rows) else None


def of_table_1(runs: pandas.DataFrame) -> pandas.DataFrame:
    """The finished runs that Table 1 is made of: all α, each with the same seeds."""
    return squared(runs[runs["preset"] != "beyond"])


def weights(runs: pandas.DataFrame) -> pandas.DataFrame | None:
    """RMSE by α, over the seeds that there are."""
    rows = squared(runs)
    table = [
        {
            "n": n,
            "α": alpha,
            "seeds": len(of_alpha),
            "validation RMSE": float(np.sqrt(of_alpha["validation.mse"]).mean()),
            "test RMSE": float(rmse(of_alpha).mean()),
            "s.d.": float(rmse(of_alpha).std()) if len(of_alpha) > 1 else float("nan"),
        }
        for (n, alpha), of_alpha in rows.groupby(["n", "alpha"], sort=True)
    ]
    if rows["alpha"].nunique() < 2:
        return None
    n = f"none: the {MEAN}"
    trivial = [{"n": n, "α": "", "seeds": "", "test RMSE": error**0.5} for error in _trivial(rows)]
    return pandas.DataFrame([*trivial, *table], columns=list(table[0]))


def _trivial(rows: pandas.DataFrame) -> list[float]:
    """The mean training image's MSE on the test images of the runs' data, if it was measured."""
    return rows[MEAN].dropna().unique().tolist() if MEAN in rows else []


def seeds(runs: pandas.DataFrame) -> pandas.DataFrame | None:
    """The paired test of α = 0.005 against the standard loss, over all seeds that have both, for each reading."""
    table = []
    for n, rows in squared(runs).groupby("n", sort=False):
        pairs = seed_pairs(rows, BASE_ALPHA)
        if len(pairs[0]) < 2:
            continue
        for reading, measure in READINGS.items():
            standard, ours = (measure(part).to_numpy() for part in pairs)
            row = {"n": n, "RMSE": reading, "seeds": len(standard), "standard": standard.mean()}
            row |= {"decorrelated": ours.mean(), **_difference(ours - standard, "difference")}
            table.append(row | {"p": paired_p(standard, ours)})
    return pandas.DataFrame(table) if table else None


def forms(runs: pandas.DataFrame) -> pandas.DataFrame | None:
    """The forms of the penalty at one α and seed; of runs that diverged only that they did."""
    rows = runs[(runs["data"] != MAPS) & (runs["loss"] == BASE_LOSS) & (runs["seed"] == 0)]
    rows = rows[(rows["preset"] != REGIME) & (rows["status"] != "missing")]
    rows = rows[rows["alpha"].isin((0.0, BASE_ALPHA))]
    if rows["form"].nunique() < 2:
        return None
    table = []
    for n, of_size in rows.groupby("n", sort=False):
        standard = float(rmse(of_size[of_size["alpha"] == 0]).mean())
        for _, row in of_size.iterrows():
            finished = row["status"] == "finished"
            error = float(np.sqrt(row["test.mse"]))
            table.append(
                {
                    "n": n,
                    "penalty": method(row),
                    "test RMSE": error if finished else "diverged",
                    "to the standard loss, %": f"{100 * (error / standard - 1):+.2f}" if finished else "",
                }
            )
    return pandas.DataFrame(table)


def distortions(runs: pandas.DataFrame) -> pandas.DataFrame | None:
    """Training losses: what each reaches in every measure, with and without the penalty, at one seed."""
    rows = vectors(runs, loss=None)
    rows = rows[(rows["form"] == "squared") & rows["alpha"].isin((0.0, BASE_ALPHA)) & (rows["seed"] == 0)]
    if rows["loss"].nunique() < 2:
        return None
    table = pandas.DataFrame(
        {"n": rows["n"], "training loss": rows["loss"], "penalty": rows.apply(method, axis=1)}
    )
    table["test RMSE"], table["MAE"] = rmse(rows), rows["mae"]
    table["SSIM"], table["PSNR, dB"] = rows["test.ssim"], rows["test.psnr"]
    return table.sort_values(["n", "training loss"], ascending=[False, True], kind="stable")


def codes(runs: pandas.DataFrame) -> pandas.DataFrame | None:
    """What the codes are like: rank, correlations, a linear probe, the classes' compactness; over the seeds."""
    rows = vectors(runs, loss=None).dropna(subset="effective_rank")
    return _code_table(rows, ["n", "loss", "form", "alpha"], _compactness) if len(rows) else None


def feature_maps(runs: pandas.DataFrame) -> pandas.DataFrame | None:
    """The penalty on the channels of code maps."""
    rows = runs[(runs["data"] == MAPS) & (runs["status"] == "finished")]
    return _code_table(rows, ["n", "loss", "form", "alpha"], _errors) if len(rows) else None


def _code_table(rows: pandas.DataFrame, by: list[str], more) -> pandas.DataFrame:
    table = []
    for (n, loss, form, alpha), group in rows.groupby(by, sort=False):
        penalty = method({"form": form, "alpha": alpha})
        table.append(
            {
                "n": n,
                "training loss": loss,
                "penalty": penalty,
                "seeds": len(group),
                "effective rank": group["effective_rank"].mean(),
                "mean abs. correlation": group["mean_correlation"].mean(),
                "largest": group["largest_correlation"].mean(),
                "probe accuracy": group["probe_accuracy"].mean(),
                **more(group),
            }
        )
    return pandas.DataFrame(table)


def _compactness(group: pandas.DataFrame) -> dict[str, float]:
    """Scatter within the classes over scatter between them: of all, and of the paper's fourth and fifth class."""
    return {
        "scatter, all classes": float(np.mean([np.mean(list(scatter.values())) for scatter in group["scatter"]])),
        "class 3": float(np.mean([scatter["3"] for scatter in group["scatter"]])),
        "class 4": float(np.mean([scatter["4"] for scatter in group["scatter"]])),
    }


def _errors(group: pandas.DataFrame) -> dict[str, float]:
    return {
        "test MSE": group["test.mse"].mean(),
        "MSE, s.d.": group["test.mse"].std() if len(group) > 1 else float("nan"),
        "SSIM": group["test.ssim"].mean(),
    }


def quantized(runs: pandas.DataFrame) -> pandas.DataFrame | None:
    """Test RMSE of images decoded from quantised codes, by total bits, mean over the seeds."""
    table = []
    for n, of_size in of_table_1(runs).dropna(subset="effective_rank").groupby("n", sort=False):
        shown = of_size["alpha"].isin((0.0, chosen_alpha(of_size)))
        for value, part in of_size[shown].groupby("alpha"):
            for codes_as, column in (("as they are", "quantized"), ("rotated", "quantized_rotated")):
                errors = pandas.DataFrame(list(part[column])).map(np.sqrt).mean()
                table += [
                    {
                        "n": n,
                        "penalty": method({"form": "squared", "alpha": value}),
                        "codes": codes_as,
                        "seeds": len(part),
                        "bits a value": bits,
                        "total bits": n * float(bits),
                        "test RMSE": error,
                    }
                    for bits, error in errors.items()
                ]
    return pandas.DataFrame(table) if table else None


def quantized_by_bits(runs: pandas.DataFrame) -> pandas.DataFrame | None:
    """`quantized` with a column for each number of bits."""
    table = quantized(runs)
    if table is None:
        return None
    kinds = ["n", "penalty", "codes"]
    wide = table.pivot_table(index=kinds, columns="bits a value", values="test RMSE", sort=False)
    wide = wide[sorted(wide.columns, key=float)]
    return wide.rename(
        columns=lambda bits: "∞" if bits == "inf" else f"{bits} bit{'s' * (bits != '1')}"
    ).reset_index()

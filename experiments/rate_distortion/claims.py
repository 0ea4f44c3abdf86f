"""The two papers' advice on compression, in bits: BD-rates, one for each seed."""

import pandas

from experiments.rate_distortion.study import CODED, DECORRELATED, DENSE, IMAGES
from keras_ae._support.errors import InputError
from keras_ae.evaluation import RateCurve, RatePoint, bd_rate
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate, table

COMMAND = "keras-ae study run rate_distortion --preset {}"
MAPS = "bottleneck shape, abstract and section 5"
DECORRELATION = "decorrelation, section 1"
FEWER = Bound("the paper gives no margin: any difference counts", high=0)
NAMES = {"mnist": "MNIST", "cifar10": "CIFAR-10", "photographs": "Photographs", "tiles": "Magnetic tiles"}


def claims_table(rows: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each claim.

    Args:
        rows: Rates, a row for each run and step, as `measures.collect` keeps them.
    """
    claims = [larger_maps_need_fewer_bits(rows, data, kind) for data in IMAGES for kind in (DENSE, CODED)]
    return table([*claims, *(decorrelation_needs_fewer_bits(rows, data) for data in IMAGES)])


def larger_maps_need_fewer_bits(rows: pandas.DataFrame, data: str, kind: str) -> Claim:
    smallest, middle, largest = IMAGES[data].codes
    found = of(rows, data=data, bottleneck=kind)
    gains = {code: differences(found, "code", code, smallest) for code in (middle, largest)}
    how = "trained for their bits" if kind == CODED else "quantised with one step"
    statement = f"{NAMES[data]}: larger maps of as many values, halved less often, need fewer bits, {how}"
    words = [f"{code} {_mean(values)}" for code, values in gains.items() if values]
    measured = f"BD-rate against {smallest}: {', '.join(words)}" if words else ""
    gate = Gate(command=COMMAND.format(data))
    return Claim(statement, MAPS, gate, Evidence(measured, {f"{largest} ": gains[largest]}, FEWER))


def decorrelation_needs_fewer_bits(rows: pandas.DataFrame, data: str) -> Claim:
    middle = IMAGES[data].codes[1]
    found = of(rows, data=data, code=middle)
    dense = found[found["bottleneck"] == DENSE].assign(alpha=0.0)
    decorrelated = found[found["bottleneck"] == DECORRELATED]
    both = pandas.concat([dense, decorrelated]) if len(found) else found.assign(alpha=0.0)
    gains = {f"α = {a:g}": differences(both, "alpha", a, 0.0) for a in sorted(set(decorrelated["alpha"].dropna()))}
    correlations = both.groupby("alpha")["mean_correlation"].mean() if len(both) else {}
    words = [f"{name} {_mean(values)}" for name, values in gains.items() if values]
    told = ", ".join(f"{value:.3f} at α = {alpha:g}" for alpha, value in dict(correlations).items())
    measured = f"BD-rate against no penalty: {', '.join(words)}; mean correlation {told}" if words else ""
    statement = (
        f"{NAMES[data]}: decorrelated codes need fewer bits at equal PSNR, with one step and entropy coding"
    )
    gate = Gate(command=COMMAND.format(data))
    return Claim(statement, DECORRELATION, gate, Evidence(measured, gains, FEWER))


def differences(rows: pandas.DataFrame, column: str, value, reference) -> list[float]:
    """BD-rates of a choice against another, one for each seed that has both and qualities in common."""
    found = []
    for _, of_seed in rows.groupby("seed"):
        curves = [curve(of_seed[of_seed[column] == choice]) for choice in (value, reference)]
        try:
            found.append(bd_rate(*curves).change)
        except InputError:  # a curve without points, or no quality in common
            continue
    return found


def curve(rows: pandas.DataFrame, name: str = "") -> RateCurve:
    """The curve over all steps, and weights, of some runs: what no other point beats with as few bits."""
    columns = rows[["step", "bits_per_pixel", "psnr"]].itertuples(index=False)
    return RateCurve(name, [RatePoint(*values, ms_ssim=0.0) for values in columns]).frontier()


def of(rows: pandas.DataFrame, **choices) -> pandas.DataFrame:
    """The rows with these choices."""
    for column, value in choices.items():
        rows = rows[rows[column] == value]
    return rows


def _mean(values: list[float]) -> str:
    return f"{sum(values) / len(values):+.1%}"

"""Differences between runs that share a seed, by which claims are decided."""

from collections.abc import Sequence

import pandas


def paired(
    rows: pandas.DataFrame,
    value: str,
    column: str,
    first,
    second,
    cells: Sequence[str] = (),
    relative: bool = False,
) -> list[float]:
    """Differences between two choices, one for each seed: first − second, or first / second − 1 if relative.

    Args:
        rows: A row for each run, with "seed" and the named columns.
        value: Column of the measure.
        column: Column of the choice whose values `first` and `second` are compared.
        cells: Columns of further choices within which to compare. A seed's difference is the mean over the cells
            in which every seed has both values, which gives all seeds the same cells.

    Returns:
        The differences in the order of the seeds; empty if no cell has both.
    """
    wide = rows.pivot_table(value, ["seed", *cells], column, aggfunc="mean", observed=True)
    if not {first, second} <= set(wide.columns):
        return []
    one, other = wide[first], wide[second]
    gaps = (one / other - 1 if relative else one - other).dropna()
    if cells:
        gaps = gaps.unstack("seed").dropna(how="all", axis=1).dropna().mean()
    return gaps.dropna().sort_index().tolist()


def at_best(rows: pandas.DataFrame, column: str, value: str) -> pandas.DataFrame:
    """The rows of each seed at the choice that is best for the other seeds.

    The best of several choices is best partly by chance. If other seeds choose, its value is no longer lower by
    chance, and a comparison with it is fair.

    Args:
        rows: A row for each run, with "seed" and the named columns.
        column: Column of the choices.
        value: Column of the measure, whose lowest mean is best. A single seed chooses for itself.
    """
    parts = []
    for seed, of_seed in rows.groupby("seed"):
        others = rows[rows["seed"] != seed]
        means = (others if len(others) else of_seed).groupby(column)[value].mean()
        parts.append(of_seed[of_seed[column] == means.idxmin()])
    return pandas.concat(parts) if parts else rows

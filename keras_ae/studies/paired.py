"""Differences between runs that share a seed, which claims are decided by."""

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
        cells: Columns of further choices, within which is compared. A seed's difference is the mean over those
            cells in which every seed has both values, so that all seeds stand for the same cells.

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
    """The rows of each seed at the choice that is best in the other seeds.

    The best of several choices is best partly by chance. Where another seed chooses, its value is no longer lower
    by chance, and a comparison with it is fair.

    Args:
        rows: A row for each run, with "seed" and the named columns.
        column: Column of the choices.
        value: Column of the measure, the lowest mean of which is the best. With a single seed it chooses itself.
    """
    parts = []
    for seed, of_seed in rows.groupby("seed"):
        others = rows[rows["seed"] != seed]
        means = (others if len(others) else of_seed).groupby(column)[value].mean()
        parts.append(of_seed[of_seed[column] == means.idxmin()])
    return pandas.concat(parts) if parts else rows

"""The numbers of Table 1 and of the claims about it, from the table of results."""

import numpy as np
import pandas
from scipy import stats

# The paper's Table 1: test RMSE, mean and standard deviation of three runs.
PAPER_TABLE = {8: ((0.1289, 0.0002), (0.1284, 0.0003)), 4: ((0.1688, 0.0003), (0.1676, 0.0001)),
               2: ((0.1974, 0.0010), (0.1969, 0.0003))}  # fmt: skip
READINGS = {
    "over all pixels": lambda rows: np.sqrt(rows["test.mse"]),
    "mean over images": lambda rows: rows["test.rmse"],
}


def chosen_alpha(rows: pandas.DataFrame) -> float:
    """The α with the lowest validation error, averaged over the seeds; the test images have no say."""
    penalised = rows[rows["alpha"] > 0]
    return float(penalised.groupby("alpha")["validation.mse"].mean().idxmin())


def table_1(results: pandas.DataFrame) -> pandas.DataFrame:
    """Table 1 in both readings of "RMSE", beside the paper's numbers.

    Args:
        results: Finished runs with "n", "alpha", "seed", "validation.mse", "test.mse" and "test.rmse".

    Returns:
        A row for each n and reading: means and standard deviations, the difference from the paper's standard loss
        in per cent and in standard errors, the α that was chosen, and the p-value of a paired t-test between the
        two losses over the seeds.
    """
    table = []
    for n, rows in results.groupby("n", sort=False):
        alpha = chosen_alpha(rows)
        pairs = seed_pairs(rows, alpha)
        for reading, measure in READINGS.items():
            standard, ours = (measure(part).to_numpy() for part in pairs)
            (paper_standard, paper_deviation), (paper_ours, _) = PAPER_TABLE.get(n, ((np.nan,) * 2,) * 2)
            error = np.hypot(_deviation(standard), paper_deviation) / np.sqrt(len(standard))
            table.append(
                {
                    "n": n,
                    "RMSE": reading,
                    "standard": standard.mean(),
                    "standard, s.d.": _deviation(standard),
                    "decorrelated": ours.mean(),
                    "decorrelated, s.d.": _deviation(ours),
                    "α": alpha,
                    "p": paired_p(standard, ours),
                    "paper, standard": paper_standard,
                    "paper, decorrelated": paper_ours,
                    "off the paper, %": 100 * (standard.mean() / paper_standard - 1),
                    "off the paper, s.e.": (standard.mean() - paper_standard) / error if error else np.nan,
                }
            )
    return pandas.DataFrame(table)


def seed_pairs(rows: pandas.DataFrame, alpha: float) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """The runs without penalty and those with weight `alpha`, of the seeds that have both, in the same order."""
    standard, ours = (rows[rows["alpha"] == value].set_index("seed") for value in (0.0, alpha))
    common = standard.index.intersection(ours.index).sort_values()
    return standard.loc[common], ours.loc[common]


def paired_p(standard: np.ndarray, decorrelated: np.ndarray) -> float:
    """p-value of the paired t-test that the two losses give the same error, over seeds."""
    if len(standard) < 2 or np.allclose(standard, decorrelated):
        return float("nan")
    return float(stats.ttest_rel(standard, decorrelated).pvalue)


def _deviation(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def scatter_ratio(codes: np.ndarray, labels: np.ndarray) -> dict[int, float]:
    """How compact each class is: its scatter around its own centre, over the scatter of the classes' centres.

    Both are mean squared distances, so the ratio does not depend on the code's scale. Smaller is more compact.

    Args:
        codes: [images, n].
        labels: int [images].
    """
    classes = np.unique(labels)
    centres = np.stack([codes[labels == c].mean(axis=0) for c in classes])
    between = np.mean(np.sum((centres - centres.mean(axis=0)) ** 2, axis=1))
    return {
        int(c): float(np.mean(np.sum((codes[labels == c] - centre) ** 2, axis=1)) / between)
        for c, centre in zip(classes, centres, strict=True)
    }


def correlations(codes: np.ndarray) -> np.ndarray:
    """Magnitudes of the correlations of all pairs of features of codes [n, d], d(d − 1)/2 of them.

    A feature that never changes is correlated with none.
    """
    covariance = np.cov(np.asarray(codes, np.float64), rowvar=False)
    deviations = np.sqrt(np.diag(covariance))
    scale = np.outer(deviations, deviations)
    matrix = np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0)
    return np.abs(matrix[np.triu_indices(len(matrix), 1)])


def effective_rank(codes: np.ndarray) -> float:
    """exp of the entropy of the covariance's normalised eigenvalues (Roy & Vetterli, 2007): from 1 to n."""
    values = np.linalg.eigvalsh(np.cov(codes, rowvar=False))
    shares = np.clip(values / values.sum(), 1e-12, None)
    return float(np.exp(-np.sum(shares * np.log(shares))))

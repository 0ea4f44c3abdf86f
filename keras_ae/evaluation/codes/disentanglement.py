"""Disentanglement metrics for codes with known factors of variation: MIG and SAP, and code shared with others.

Each takes codes [n, ...] and the factors of the same n images, whole numbers [n, k]; constant factors are left
out. More disentangled codes score higher. DCI is in `dci_scores`, metrics with fixed factors in
`disentanglement_fixed_factor`.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import entropy

from keras_ae._support.errors import InputError
from keras_ae.evaluation.codes.checks import flat_codes, places

BINS = 20  # bins of the codes' histograms, as in Locatello et al. (2019)
ACTIVE_VARIANCE = 0.01
_TESTED = 0.2  # fraction of the images that predictors are scored on
_FEWEST = 8  # images, of which 2 are for scoring: R² is undefined for one


def checked(codes, factors) -> tuple[np.ndarray, np.ndarray]:
    """Returns codes as float64 [n, d], and the varying factors as indices of their values: int [n, k].

    Raises:
        InputError: If their shapes do not fit, there are no codes, one is not finite, a factor is not a whole
            number, or none varies.
    """
    codes, factors = flat_codes(codes), np.asarray(factors)
    if factors.ndim != 2 or len(factors) != len(codes) or factors.dtype.kind not in "iub":
        raise InputError(
            f"factors {factors.dtype} {factors.shape} for codes of {len(codes)} images",
            f"whole numbers [{len(codes)}, factors]",
            "give each factor a column",
        )
    factors = factors[:, varying(factors)]
    if not factors.shape[1]:
        raise InputError("factors of one value each", "at least one that varies", "take more images")
    return codes, np.stack([np.unique(factor, return_inverse=True)[1] for factor in factors.T], axis=1)


def varying(factors: np.ndarray) -> np.ndarray:
    """Returns the mask of factors with more than one value: bool [k]."""
    return np.any(factors != factors[:1], axis=0)


def deviations(codes: np.ndarray) -> np.ndarray:
    """Returns the standard deviations of code values [n, d] → [d]: exactly 0 for constant ones."""
    return np.where(varying(codes), codes.std(axis=0), 0.0)


def active_codes(codes, least_variance: float = ACTIVE_VARIANCE) -> np.ndarray:
    """Returns the mask of informative values of variational codes (their means): bool [d].

    These have a variance over the images above `least_variance` (Burda, Grosse & Salakhutdinov, 2016, section
    5.2), which assumes a prior of variance 1.

    Example:
        >>> kae.evaluation.active_codes([[0.0, 1.0], [0.001, -1.0]]).tolist()
        [False, True]
    """
    return np.var(flat_codes(codes), axis=0) > least_variance


def mutual_information_gap(codes, factors, bins: int = BINS) -> float:
    """Returns the MIG: the information about a factor in the best code value minus the second best, in [0, 1].

    It is the mean over the factors of (I(c₁; f) − I(c₂; f)) / H(f). Source: Chen, Li, Grosse & Duvenaud, 2018,
    eq. 6; the mutual information is that of the codes' histograms, with `bins` bins of equal width from the lowest
    to the highest value.

    Raises:
        InputError: If codes and factors do not fit, or no factor varies.

    Example:
        >>> factors = np.arange(40)[:, None] % 2
        >>> codes = np.hstack([factors, np.zeros((40, 1))])
        >>> round(kae.evaluation.mutual_information_gap(codes, factors), 6)
        1.0
    """
    from sklearn.metrics import mutual_info_score

    codes, factors = checked(codes, factors)
    edges = [np.linspace(code.min(), code.max(), bins + 1)[1:-1] for code in codes.T]
    binned = [np.digitize(code, inner) for code, inner in zip(codes.T, edges, strict=True)]
    information = np.array([[mutual_info_score(factor, code) for factor in factors.T] for code in binned])
    entropies = np.array([entropy(np.bincount(factor)) for factor in factors.T])
    return float(np.mean(gaps(information) / entropies))


def gaps(scores: np.ndarray) -> np.ndarray:
    """Returns the highest minus the second highest score of each column: [d, k] → [k]; a single row unchanged."""
    ordered = np.sort(np.concatenate([np.zeros((1, scores.shape[1])), scores]), axis=0)
    return ordered[-1] - ordered[-2]


def separated_attribute_predictability(
    codes, factors, generator: np.random.Generator | int, categorical: Sequence[int] = ()
) -> float:
    """Returns the SAP: how much better the best code value predicts a factor than the second best, in [0, 1].

    The score of a prediction is R² of a linear regression, or, for a factor without order, the balanced accuracy
    of a linear classifier on held-out images, rescaled from chance (0) to perfect (1). Source: Kumar, Sattigeri &
    Balakrishnan, 2018, section 3, which does not rescale accuracies; rescaling gives codes without information a
    score of 0.

    Args:
        codes, factors: Codes [n, ...] and whole numbers [n, k].
        generator: Generator, or its seed, that draws the held-out images.
        categorical: Columns of factors whose values have no order, such as a shape, or a mask of the columns.

    Raises:
        InputError: If a categorical column does not exist, codes and factors do not fit, or there are too few
            images.

    Example:
        >>> factors = np.arange(40)[:, None] % 4
        >>> codes = np.hstack([2.0 * factors, np.zeros((40, 1))])
        >>> round(kae.evaluation.separated_attribute_predictability(codes, factors, generator=0), 6)
        1.0
    """
    codes, factors, classes = with_categorical(codes, factors, categorical)
    train, test = train_test_rows(factors, classes, np.random.default_rng(generator))
    scores = np.zeros((codes.shape[1], factors.shape[1]))
    for j, factor in enumerate(factors.T):
        for i in np.flatnonzero(deviations(codes)):
            if j in classes:
                scores[i, j] = _one_code_accuracy(codes[:, i : i + 1], factor, train, test)
            else:
                scores[i, j] = np.corrcoef(codes[:, i], factor)[0, 1] ** 2
    return float(np.mean(gaps(scores)))


def _one_code_accuracy(code, factor, train, test) -> float:
    from sklearn.linear_model import LogisticRegression

    code = (code - code[train].mean()) / (deviations(code[train])[0] or 1.0)
    model = LogisticRegression(class_weight="balanced").fit(code[train], factor[train])
    correct = model.predict(code[test]) == factor[test]
    # Chance counts all values that the classifier can predict, even rare ones that no held-out image has.
    accuracy, chance = (
        np.mean([correct[factor[test] == value].mean() for value in set(factor[test])]),
        1 / len(model.classes_),
    )
    return float(max(0.0, (accuracy - chance) / (1 - chance)))


def with_categorical(codes, factors, categorical):
    """Returns what `checked` does, and categorical columns, a dict: index among varying factors → among all."""
    checked_pair = checked(codes, factors)
    columns = places(categorical, np.shape(factors)[1], "categorical columns")
    kept = list(np.flatnonzero(varying(np.asarray(factors))))
    return *checked_pair, {kept.index(column): int(column) for column in columns if column in kept}


def train_test_rows(factors: np.ndarray, categorical: dict[int, int], generator: np.random.Generator):
    """Returns random rows to learn from, and the others to score on.

    Raises:
        InputError: If there are too few rows, or a categorical factor is constant in either part.
    """
    if len(factors) < _FEWEST:
        raise InputError(f"codes of {len(factors)} images", f"at least {_FEWEST}", "encode more images")
    order = generator.permutation(len(factors))
    tested = round(_TESTED * len(factors))
    parts = {"to learn from": order[tested:], "to score on": order[:tested]}
    for use, rows in parts.items():
        single = [column for place, column in categorical.items() if not varying(factors[rows])[place]]
        if single:
            raise InputError(
                f"the categorical factor {single[0]} with a single value among the {len(rows)} images {use}",
                "two values or more",
                "take more images of its rare values, or leave that factor out",
            )
    return tuple(parts.values())

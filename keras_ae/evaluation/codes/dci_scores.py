"""Disentanglement, completeness and informativeness (DCI) of codes with known factors of variation."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import entropy

from keras_ae._support.errors import unknown_name
from keras_ae.evaluation.codes.disentanglement import deviations, train_test_rows, with_categorical

METHODS = ("trees", "lasso")
_FOLDS = 3  # cross-validation folds that choose the lasso's penalty
_SPARSE = 0.1  # C of the linear classifiers: the lower, the more weights are 0


@dataclass(frozen=True)
class DCI:
    """Three aspects of disentanglement, each in [0, 1].

    disentanglement: Whether each code value matters for only one factor.
    completeness: Whether each factor needs only one code value.
    informativeness: How well the whole code predicts the factors on held-out images: R², or accuracy rescaled from
        that of the most frequent value (0) to perfect (1).
    importances: [d, k], importance of each code value for each varying factor; they sum to 1 per factor, or are
        all 0 if its predictor uses no code value.

    Example:
        >>> scores = kae.evaluation.DCI(0.9, 0.8, 1.0, importances=np.eye(2))
        >>> scores.summary()
        {'disentanglement': 0.9, 'completeness': 0.8, 'informativeness': 1.0}
    """

    disentanglement: float
    completeness: float
    informativeness: float
    importances: np.ndarray

    def summary(self) -> dict[str, float]:
        """Returns the three scores by name."""
        return {name: value for name, value in asdict(self).items() if name != "importances"}


def dci(
    codes, factors, generator: np.random.Generator | int, method: str = "trees", categorical: Sequence[int] = ()
) -> DCI:
    """Returns the DCI (Eastwood & Williams, 2018, section 2), from predictors of each factor from the whole code.

    With importances R and P_ij = R_ij / Σ_k R_ik, a code value's disentanglement is 1 − H_K(P_i), weighted by its
    share of all importances; a factor's completeness is 1 − H_D of its column. The bases of the logarithms are the
    numbers of factors and of code values.

    Args:
        codes, factors: Codes [n, ...] and whole numbers [n, k].
        generator: Generator, or its seed, that draws the held-out images and seeds the predictors.
        method: "trees": gradient boosting, with the decrease in impurity as importance; "lasso": linear with an L1
            penalty, with the absolute weights on standardised codes. The paper uses lasso and random forests.
        categorical: Columns of factors whose values have no order, or a mask of the columns. These are classified,
            the others regressed.

    Raises:
        InputError: If the method or a categorical column is unknown, codes and factors do not fit, or there are
            too few images.

    Example:
        >>> factors = np.random.default_rng(0).integers(4, size=(60, 2))
        >>> scores = kae.evaluation.dci(factors.astype(float), factors, generator=0, method="lasso")
        >>> scores.disentanglement > 0.9, scores.importances.shape
        (True, (2, 2))
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    codes, factors, classes = with_categorical(codes, factors, categorical)
    scales, draws = deviations(codes), np.random.default_rng(generator)
    codes = (codes - codes.mean(axis=0)) / np.where(scales > 0, scales, 1.0)
    train, test = train_test_rows(factors, classes, draws)
    importances, scores = np.zeros((codes.shape[1], factors.shape[1])), []
    for j, factor in enumerate(factors.T):
        model = _predictor(method, j in classes, int(draws.integers(2**31)))
        model.fit(codes[train], factor[train])
        importances[:, j] = _importances(model)
        score = model.score(codes[test], factor[test])
        if j in classes:
            baseline = np.mean(factor[test] == np.bincount(factor[train]).argmax())
            score = (score - baseline) / (1 - baseline) if baseline < 1 else 0.0
        scores.append(max(0.0, score))
    return DCI(*_disentanglement_and_completeness(importances), float(np.mean(scores)), importances)


def _predictor(method: str, categorical: bool, seed: int):
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
    from sklearn.linear_model import LassoCV
    from sklearn.svm import LinearSVC

    if method == "trees":
        return (GradientBoostingClassifier if categorical else GradientBoostingRegressor)(random_state=seed)
    if not categorical:
        return LassoCV(cv=_FOLDS, random_state=seed)
    return LinearSVC(penalty="l1", dual=False, C=_SPARSE, random_state=seed)


def _importances(model) -> np.ndarray:
    """Returns importances [d] that sum to 1, or all 0 if the predictor uses nothing."""
    if hasattr(model, "feature_importances_"):
        importances = model.feature_importances_
    else:
        importances = np.abs(np.atleast_2d(model.coef_)).sum(axis=0)
    return importances / importances.sum() if importances.sum() > 0 else importances


def _disentanglement_and_completeness(importances: np.ndarray) -> tuple[float, float]:
    if not importances.sum():
        return 0.0, 0.0
    values, factors = importances.shape
    by_value = 1 - _entropies(importances, factors)
    by_factor = np.where(importances.sum(axis=0) > 0, 1 - _entropies(importances.T, values), 0.0)
    weights = importances.sum(axis=1) / importances.sum()
    return float(weights @ by_value), float(by_factor.mean())


def _entropies(rows: np.ndarray, base: int) -> np.ndarray:
    """Returns the entropy of each row, normalised to a sum of 1; 0 with one column, and for rows of zeros."""
    if base == 1:
        return np.zeros(len(rows))
    sums = rows.sum(axis=1, keepdims=True)
    return entropy(np.where(sums > 0, rows / np.where(sums > 0, sums, 1), np.eye(1, base)), base=base, axis=1)

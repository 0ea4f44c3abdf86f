"""Normality of codes: of each value by itself, and of all values jointly."""

from dataclasses import dataclass

import numpy as np
import scipy.stats
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from keras_ae._support.errors import InputError
from keras_ae.evaluation.codes.checks import flat_codes

FEWEST = 20  # codes; with fewer, the approximations of D'Agostino's test do not hold
_BYTES = 1 << 27  # bytes of products of codes held at once


@dataclass(frozen=True)
class MarginalNormality:
    """One value per dimension of codes, float64 [d]; NaN for constant values.

    Attributes:
        skewness: 0 for a normal distribution.
        excess_kurtosis: 0 for a normal distribution.
        statistic: K² of D'Agostino & Pearson, 1973: χ² with 2 degrees of freedom for normal values.
        p_value: The p-value of the statistic.

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(200, 2))
        >>> sorted(kae.evaluation.marginal_normality(codes).summary())
        ['mean_abs_excess_kurtosis', 'mean_abs_skewness', 'not_rejected']
    """

    skewness: np.ndarray
    excess_kurtosis: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray

    def summary(self, level: float = 0.05) -> dict[str, float]:
        """Returns the mean absolute skewness and excess kurtosis, and the fraction of dimensions not rejected.

        With thousands of codes the test rejects even practically normal values: look at the effect sizes as well.
        """
        return {
            "mean_abs_skewness": float(np.nanmean(np.abs(self.skewness))),
            "mean_abs_excess_kurtosis": float(np.nanmean(np.abs(self.excess_kurtosis))),
            "not_rejected": float(np.mean(self.p_value[~np.isnan(self.p_value)] > level)),
        }


@dataclass(frozen=True)
class MardiaTest:
    """Mardia's measures of joint normality, with tests by their exact means under normality (Mardia, 1974).

    Attributes:
        skewness: b₁ = Σ_ij (zᵢ·zⱼ)³ / n² of whitened codes z.
        kurtosis: b₂ = Σ_i |zᵢ|⁴ / n.
        expected_skewness, expected_kurtosis: Their expectations for normal codes of the same number and dimension.
        skewness_p_value: From χ² with d(d + 1)(d + 2)/6 degrees of freedom, scaled to the expected skewness.
        kurtosis_p_value: From a normal distribution with the exact variance; two-sided.

    Example:
        >>> test = kae.evaluation.mardia_test(np.random.default_rng(0).normal(size=(200, 2)))
        >>> round(test.expected_kurtosis, 2)  # d (d + 2) (n − 1) / (n + 1)
        7.92
    """

    skewness: float
    kurtosis: float
    expected_skewness: float
    expected_kurtosis: float
    skewness_p_value: float
    kurtosis_p_value: float


def marginal_normality(codes) -> MarginalNormality:
    """Returns skewness, kurtosis and D'Agostino's test for every value of codes [n, ...], flattened.

    Raises:
        InputError: If there are fewer than 20 codes, or any value is infinite or NaN.

    Example:
        >>> result = kae.evaluation.marginal_normality(np.linspace(-1, 1, 21)[:, None])
        >>> result.skewness.round(6).tolist(), bool(result.excess_kurtosis[0] < 0)  # Uniform: flat, symmetric.
        ([0.0], True)
    """
    codes = _flat(codes)
    if len(codes) < FEWEST:
        raise InputError(f"{len(codes)} codes to test for normality", f"at least {FEWEST}", "encode more images")
    result = np.full((4, codes.shape[1]), np.nan)
    varying = np.ptp(codes, axis=0) > 0
    nonconstant = codes[:, varying]
    if nonconstant.size:
        test = scipy.stats.normaltest(nonconstant)
        moments = scipy.stats.skew(nonconstant), scipy.stats.kurtosis(nonconstant)
        result[:, varying] = [*moments, test.statistic, test.pvalue]
    return MarginalNormality(*result)


def mardia_test(codes) -> MardiaTest:
    """Returns Mardia's multivariate skewness and kurtosis (1970, eq. 2.23 and 3.11) of codes [n, ...], flattened.

    Covariances use 1/n. The products of all pairs of codes are computed block by block.

    Raises:
        InputError: If there are fewer than d + 2 codes of d values, the codes lie in a subspace, or not all are
            finite.

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(200, 2))
        >>> kae.evaluation.mardia_test(np.exp(codes)).skewness_p_value < 0.001
        True
    """
    codes = _flat(codes)
    n, d = codes.shape
    centered = codes - codes.mean(axis=0)
    try:
        if n <= d + 1:
            raise LinAlgError("too few codes")
        factor = cholesky(centered.T @ centered / n, lower=True)
    except LinAlgError:
        received = f"{n} codes of {d} values, with a singular covariance"
        raise InputError(
            received, f"at least {d + 2} codes, no value a function of others", "project them"
        ) from None
    z = solve_triangular(factor, centered.T, lower=True).T
    kurtosis = float(np.mean(np.square(np.square(z).sum(axis=1))))
    rows = max(1, _BYTES // (8 * n))
    skewness = sum(float(np.sum((z[start : start + rows] @ z.T) ** 3)) for start in range(0, n, rows)) / n**2
    return _tested(skewness, kurtosis, n, d)


def _tested(skewness: float, kurtosis: float, n: int, d: int) -> MardiaTest:
    expected_skewness = d * (d + 2) * ((n + 1) * (d + 1) - 6) / ((n + 1) * (n + 3))
    expected_kurtosis = d * (d + 2) * (n - 1) / (n + 1)
    variance = 8 * d * (d + 2) * (n - 3) * (n - d - 1) * (n - d + 1) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    freedom = d * (d + 1) * (d + 2) / 6
    return MardiaTest(
        skewness,
        kurtosis,
        expected_skewness,
        expected_kurtosis,
        float(scipy.stats.chi2.sf(skewness / expected_skewness * freedom, freedom)),
        float(2 * scipy.stats.norm.sf(abs(kurtosis - expected_kurtosis) / np.sqrt(variance))),
    )


def _flat(codes) -> np.ndarray:
    if np.ndim(codes) < 2:
        raise InputError(f"codes of {np.shape(codes)}", "codes [n, ...]", "give each code a row")
    return flat_codes(codes)

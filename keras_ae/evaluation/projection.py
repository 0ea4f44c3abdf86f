"""Codes of different sizes brought to the same number of values."""

import numpy as np
from sklearn.decomposition import PCA

from keras_ae.errors import InputError
from keras_ae.evaluation.codes import flat_codes


def project(codes, components: int, fit_on=None) -> np.ndarray:
    """Codes on the leading principal components of some of them.

    The bottleneck-shape paper (section 4) leaves open whether codes with more channels are classified better for
    their structure or for their size alone; with codes projected to equal sizes that can be told.

    Args:
        codes: [n, ...], flattened.
        components: Values that are kept of each code.
        fit_on: Rows (indices or booleans) to which the components and the mean are fitted: those of a training
            split, say. All by default.

    Returns:
        float32 [n, components], exact up to rounding, the mean of `fit_on` at 0.

    Raises:
        InputError: For more components than there are values in a code or rows to fit to, no codes, and
            infinities or NaN.
    """
    codes = flat_codes(codes, np.float32)
    fitted = codes if fit_on is None else codes[np.asarray(fit_on)]
    if not 1 <= components <= min(fitted.shape):
        rows, values = fitted.shape
        raise InputError(
            f"{components} components of {rows} codes of {values} values",
            f"1 to {min(fitted.shape)}",
            "give fewer components or more codes",
        )
    return (
        PCA(components, svd_solver=_solver(fitted.shape, components), random_state=0).fit(fitted).transform(codes)
    )


def _solver(shape: tuple[int, int], components: int) -> str:
    """The fastest of the exact ones; "auto" would draw at random where codes are large."""
    rows, values = shape
    if values <= rows and values <= 2000:
        return "covariance_eigh"
    return "arpack" if components <= min(shape) // 10 else "full"

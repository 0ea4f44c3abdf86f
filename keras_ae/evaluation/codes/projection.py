"""Projects codes of different sizes to the same number of values."""

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.evaluation.codes.checks import flat_codes


def project(codes, components: int, fit_on=None) -> np.ndarray:
    """Projects codes onto leading principal components.

    The bottleneck-shape paper (section 4) leaves open whether codes with more channels classify better because of
    their structure or merely because of their size; projecting codes to equal sizes answers that.

    Args:
        codes: [n, ...], flattened.
        components: Number of values to keep per code.
        fit_on: Rows (indices or booleans), such as a training split, to which the components and the mean are
            fitted; all by default.

    Returns:
        float32 [n, components], exact up to rounding; the mean over the rows `fit_on` is 0.

    Raises:
        InputError: If there are more components than values in a code or rows to fit to, there are no codes, or a
            value is infinite or NaN.

    Example:
        >>> codes = np.array([[-2.0, 0.0], [0.0, 0.0], [2.0, 0.0]])
        >>> np.abs(kae.evaluation.project(codes, components=1)).ravel().tolist()
        [2.0, 0.0, 2.0]
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
    from sklearn.decomposition import PCA  # takes a second to import

    solver = _solver(fitted.shape, components)
    return PCA(components, svd_solver=solver, random_state=0).fit(fitted).transform(codes)


def _solver(shape: tuple[int, int], components: int) -> str:
    """Returns the fastest exact solver; "auto" would use a randomised one for large codes."""
    rows, values = shape
    if values <= rows and values <= 2000:
        return "covariance_eigh"
    return "arpack" if components <= min(shape) // 10 else "full"

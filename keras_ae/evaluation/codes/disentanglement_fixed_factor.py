"""Disentanglement by fixing a factor: the metrics of β-VAE and FactorVAE.

Images that share a factor are drawn from a table of labelled images, so any set with known factors works without
a renderer. Several images must share each value, or nothing would vary.
"""

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.evaluation.codes.disentanglement import checked, deviations

PAIRS = 64  # images, or pairs of them, per point to classify
POINTS = 1_000  # points to learn from, and as many to score on


def beta_vae_score(
    codes, factors, generator: np.random.Generator | int, pairs: int = PAIRS, points: int = POINTS
) -> float:
    """Returns the accuracy of predicting, from mean code differences, which factor the pairs of images share.

    A point is the mean of |c₁ − c₂| over `pairs` pairs that agree in one factor, which a linear classifier
    predicts. Chance level is 1 / factors. Source: Higgins et al., 2017, section 3; the differences are
    standardised first, so that the codes' scale does not matter.

    Args:
        codes: Codes [n, ...].
        factors: Whole numbers [n, k]; constant factors are left out.
        generator: Generator, or its seed, that draws factors and images.
        pairs: Pairs per point.
        points: Number of points to learn from, and as many to score on.

    Raises:
        InputError: If codes and factors do not fit, or if for some factor no two images share a value.

    Example:
        >>> factors = np.random.default_rng(0).integers(3, size=(90, 2))
        >>> kae.evaluation.beta_vae_score(factors.astype(float), factors, generator=0, pairs=8, points=50)
        1.0
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    (codes, factors), generator = checked(codes, factors), np.random.default_rng(generator)
    partners = [_Partners(factor) for factor in factors.T]

    def draw():
        chosen = generator.integers(len(partners), size=points)
        differences = np.empty((points, codes.shape[1]))
        for point, k in enumerate(chosen):
            first = generator.choice(partners[k].shared, pairs)
            second = partners[k].draw(first, generator)
            differences[point] = np.abs(codes[first] - codes[second]).mean(axis=0)
        return differences, chosen

    if len(partners) == 1:
        return 1.0
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(*draw())
    return float(model.score(*draw()))


def factor_vae_score(
    codes, factors, generator: np.random.Generator | int, images: int = PAIRS, points: int = POINTS
) -> float:
    """Returns the accuracy of predicting, from the code value that varies least, which factor a batch shares.

    A point is the code value with the lowest variance, relative to that over all images, in a batch of `images`
    that agree in one factor; each code value votes for the factor that it most often coincides with. Chance level
    is 1 / factors. Source: Kim & Mnih, 2018, section 3; here the votes are scored on other batches. Constant code
    values are left out.

    Args:
        codes, factors, generator: Same as for `beta_vae_score`.
        images: Images per batch.
        points: Number of batches that vote, and as many to score on.

    Raises:
        InputError: In the same cases as `beta_vae_score`, or if no code value varies.

    Example:
        >>> factors = np.random.default_rng(0).integers(3, size=(90, 2))
        >>> kae.evaluation.factor_vae_score(factors.astype(float), factors, generator=0, images=8, points=50)
        1.0
    """
    (codes, factors), generator = checked(codes, factors), np.random.default_rng(generator)
    scales = deviations(codes)
    if not scales.any():
        raise InputError("codes that are the same for all images", "at least one value that changes")
    codes = codes[:, scales > 0] / scales[scales > 0]
    partners = [_Partners(factor) for factor in factors.T]

    def draw():
        counts = np.zeros((codes.shape[1], len(partners)), int)
        for k in generator.integers(len(partners), size=points):
            reference = np.repeat(generator.choice(partners[k].shared), images)
            batch = codes[partners[k].draw(reference, generator)]
            counts[batch.var(axis=0).argmin(), k] += 1
        return counts

    votes = draw().argmax(axis=1)
    counts = draw()
    return float(counts[np.arange(len(votes)), votes].sum() / points)


class _Partners:
    """Finds images that have the same value of one factor.

    Args:
        factor: int [n], its values numbered from 0.

    Attributes:
        shared: Rows of the images whose value at least one other image has.
    """

    def __init__(self, factor: np.ndarray):
        self._factor, self._counts = factor, np.bincount(factor)
        self._order = np.argsort(factor, kind="stable")
        self._starts = np.cumsum(self._counts) - self._counts
        self._places = np.argsort(self._order)  # position of each row in that order
        self.shared = np.flatnonzero(self._counts[factor] > 1)
        if not len(self.shared):
            raise InputError("a factor of which every image has another value", "values that images share")

    def draw(self, rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Draws, for each row, another row with the same value, uniformly."""
        values = self._factor[rows]
        others = 1 + np.floor(generator.random(len(rows)) * (self._counts[values] - 1)).astype(int)
        within = (self._places[rows] - self._starts[values] + others) % self._counts[values]
        return self._order[self._starts[values] + within]

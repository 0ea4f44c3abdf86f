"""Disentanglement by fixing a factor: the metrics of β-VAE and FactorVAE.

Images that share a factor are drawn from a table of labelled images, so that any set with known factors will do,
without a renderer. Several images have to share each value, or there is nothing to vary beside it.
"""

import numpy as np

from keras_ae.errors import InputError
from keras_ae.evaluation.disentanglement import checked, deviations

PAIRS = 64  # images, or pairs of them, that make one point to classify
POINTS = 1_000  # points to learn from, and as many to score on


def beta_vae_score(
    codes, factors, generator: np.random.Generator | int, pairs: int = PAIRS, points: int = POINTS
) -> float:
    """Accuracy of telling which factor pairs of images share, from the mean difference of their codes, in [0, 1].

    A point is the mean of |c₁ − c₂| over `pairs` pairs that agree in one factor; a linear classifier names it.
    Chance is 1 / factors. Source: Higgins et al., 2017, section 3; the differences are given variance 1 first, so
    that the codes' scale does not matter.

    Args:
        codes: [n, ...].
        factors: Whole numbers [n, k]; those that never change are left out.
        generator: Draws factors and images; a seed makes one.
        pairs: A point.
        points: To learn from, and to score on.

    Raises:
        InputError: If codes and factors do not fit, or no two images share a factor's value.
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
    """Accuracy of telling which factor a batch of images shares, from the code value that varies least, in [0, 1].

    A point is the code value of the lowest variance in a batch of `images` that agree in one factor, variances
    being relative to those over all images; each code value votes for the factor that it most often goes with.
    Chance is 1 / factors. Source: Kim & Mnih, 2018, section 3; scored here on batches other than the votes'.
    Code values that never change are left out.

    Args:
        codes, factors, generator: As of `beta_vae_score`.
        images: A batch.
        points: Batches to vote, and to score on.

    Raises:
        InputError: As of `beta_vae_score`, or if no code value changes.
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
            one = np.repeat(generator.choice(partners[k].shared), images)
            batch = codes[partners[k].draw(one, generator)]
            counts[batch.var(axis=0).argmin(), k] += 1
        return counts

    votes = draw().argmax(axis=1)
    counts = draw()
    return float(counts[np.arange(len(votes)), votes].sum() / points)


class _Partners:
    """Images that have the same value of one factor.

    Args:
        factor: int [n], its values numbered from 0.

    Attributes:
        shared: Rows of the images whose value at least one other image has.
    """

    def __init__(self, factor: np.ndarray):
        self._factor, self._counts = factor, np.bincount(factor)
        self._order = np.argsort(factor, kind="stable")
        self._starts = np.cumsum(self._counts) - self._counts
        self._places = np.argsort(self._order)  # of each row among those of its value, from the start of all
        self.shared = np.flatnonzero(self._counts[factor] > 1)
        if not len(self.shared):
            raise InputError("a factor of which every image has another value", "values that images share")

    def draw(self, rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """For each row another one with its value, drawn with equal chances."""
        values = self._factor[rows]
        others = 1 + np.floor(generator.random(len(rows)) * (self._counts[values] - 1)).astype(int)
        within = (self._places[rows] - self._starts[values] + others) % self._counts[values]
        return self._order[self._starts[values] + within]

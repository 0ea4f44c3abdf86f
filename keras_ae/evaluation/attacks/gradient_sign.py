"""The gradient sign attack (FGSM), and the search along a direction that it shares with others."""

import numpy as np

from keras_ae.evaluation.attacks.base import Classifier, UntargetedAttack
from keras_ae.evaluation.attacks.first_hit import first_hits

_FINER = 20  # A hit within this many steps is refined by as many smaller steps up to it.


class GradientSign(UntargetedAttack):
    """Clips x + ε·r·sign(∇ CE(x, label)), with the gradient at x: the first hit of `steps` equidistant ε up to 1.

    r is the range of the bounds. A hit within the first 20 ε is refined by 20 smaller ones.

    Source: Goodfellow et al., "Explaining and harnessing adversarial examples", 2014, section 4; the search is
    that of Foolbox 1.8's GradientSignAttack. Foolbox 3's LinfFastGradientAttack takes ε as given.

    Args:
        steps: Number of values of ε to try.
    """

    def __init__(self, steps: int = 1000):
        self.steps = steps

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""
        _, gradients = classifier.loss_gradients(images, labels)
        return search_along(classifier, images, labels, classifier.range * np.sign(gradients), self.steps)


def search_along(
    classifier: Classifier, images: np.ndarray, labels: np.ndarray, directions: np.ndarray, steps: int = 1000
) -> np.ndarray:
    """Returns each image's first misclassified clip(x + ε·direction) for ε = 1/steps, 2/steps, …, 1, then refined.

    Args:
        classifier: The classifier to query.
        images, directions: float32 [n, h, w, c].
        labels: [n].
        steps: Number of values of ε. If the hit is among the first 20, ε·j/20 for j = 1, …, 20 are tried too.

    Returns:
        float32 [n, h, w, c]; the original where there is no hit.
    """

    def along(chosen: np.ndarray, largest: np.ndarray, count: int):
        def candidates(rows, places):
            shares = (np.asarray(places) + 1) / count
            epsilons = (largest[rows, None] * shares).reshape(len(rows), -1, 1, 1, 1)
            return classifier.clip(images[chosen[rows], None] + epsilons * directions[chosen[rows], None])

        places, hits = first_hits(classifier, labels[chosen], count, candidates)
        hit = places >= 0
        result[chosen[hit]] = hits[hit]
        return places

    result = images.copy()
    places = along(np.arange(len(images)), np.ones(len(images)), steps)
    early = np.flatnonzero((places >= 0) & (places < _FINER))
    if len(early):
        along(early, (places[early] + 1) / steps, _FINER)
    return result

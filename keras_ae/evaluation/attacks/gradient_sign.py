"""The gradient sign attack (FGSM), and the search along a direction that it has in common with others."""

import numpy as np

from keras_ae.evaluation.attacks.base import Classifier, UntargetedAttack
from keras_ae.evaluation.attacks.first_hit import first_hits

_FINER = 20  # Below as many steps the search is made again, with as many steps up to its hit.


class GradientSign(UntargetedAttack):
    """x + ε·r·sign(∇ CE(x, label)), clipped, with the gradient at x: the least ε of `steps` equal ones up to 1.

    r is the range of the bounds. A hit within the first 20 ε is sought again with 20 finer ones.

    Source: Goodfellow et al., "Explaining and harnessing adversarial examples", 2014, section 4; the search is
    that of Foolbox 1.8's GradientSignAttack. Foolbox 3's LinfFastGradientAttack takes given ε.

    Args:
        steps: 1000.
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
    """The first misclassified clip(x + ε·direction) of each image for ε = 1/steps, 2/steps, …, 1, then finer ones.

    Args:
        classifier: What to ask.
        images, directions: float32 [n, h, w, c].
        labels: [n].
        steps: How many ε. Where the hit is within the first 20 of them, ε·j/20 for j = 1, …, 20 are tried too.

    Returns:
        float32 [n, h, w, c]: the images themselves where there is none.
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

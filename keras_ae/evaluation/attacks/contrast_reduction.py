"""The contrast reduction attack."""

import numpy as np

from keras_ae.evaluation.attacks.base import UntargetedAttack
from keras_ae.evaluation.attacks.first_hit import first_hits


class ContrastReduction(UntargetedAttack):
    """Blends x with the bounds' midpoint m, (1 − ε)·x + ε·m: the first hit among ε = k/steps, k = 1, …, steps.

    Source: Foolbox 1.8's ContrastReductionAttack. Foolbox 3's LinearSearchContrastReductionAttack does the same,
    one ε after the other for the whole batch, and returns a grey image where it fails.

    Args:
        steps: Number of values of ε to try.
    """

    def __init__(self, steps: int = 1000):
        self.steps = steps

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""

        def candidates(chosen, places):
            epsilons = ((np.asarray(places) + 1) / self.steps).reshape(1, -1, 1, 1, 1)
            return classifier.clip((1 - epsilons) * images[chosen, None] + epsilons * classifier.middle)

        places, hits = first_hits(classifier, labels, self.steps, candidates)
        return np.where((places >= 0).reshape(-1, 1, 1, 1), hits, images)

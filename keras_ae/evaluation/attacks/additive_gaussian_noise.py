"""The additive Gaussian noise attack."""

import numpy as np

from keras_ae.evaluation.attacks.base import RandomAttack
from keras_ae.evaluation.attacks.first_hit import first_hits


class AdditiveGaussianNoise(RandomAttack):
    """Adds fresh normal noise of deviation ε²·r/√3, then clips: the first hit among ε = k/steps, k = 1, …, steps.

    r is the range of the bounds. Foolbox 1.8 multiplies noise whose deviation contains ε by ε again; hence ε².

    Source: Foolbox 1.8's AdditiveGaussianNoiseAttack. Foolbox 3's L2AdditiveGaussianNoiseAttack takes ε as
    given and scales the noise to that length.

    Args:
        steps: Number of values of ε to try.
        seed, first: See `RandomAttack`.
    """

    def __init__(self, steps: int = 1000, seed: int = 0, first: int = 0):
        super().__init__(seed, first)
        self.steps = steps

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""
        generators = self.generators(rows)

        def candidates(chosen, places):
            epsilons = ((np.asarray(places, np.float32) + 1) / self.steps).reshape(1, -1, 1, 1, 1)
            shape = (len(places), *images.shape[1:])
            noise = np.stack([generators[row].standard_normal(shape, np.float32) for row in chosen])
            deviations = np.square(epsilons) * (classifier.range / np.sqrt(3))
            return classifier.clip(images[chosen, None] + deviations * noise)

        places, hits = first_hits(classifier, labels, self.steps, candidates)
        return np.where((places >= 0).reshape(-1, 1, 1, 1), hits, images)

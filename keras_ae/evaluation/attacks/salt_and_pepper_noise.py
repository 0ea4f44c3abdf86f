"""The salt and pepper noise attack."""

import numpy as np

from keras_ae.evaluation.attacks.base import Nearest, RandomAttack, mse
from keras_ae.evaluation.attacks.first_hit import first_hits


class SaltAndPepperNoise(RandomAttack):
    """Sets pixels to the bounds at random, each with probability p, in `repetitions` sweeps of rising p.

    A sweep raises p in min(steps, h·w) equal steps up to p_max, which is 1 at first; a hit ends it and sets the
    next p_max to 1.2 times its p. One uniform u per pixel decides for all its channels: u ≥ 1 − p/2 adds the range
    of the bounds, u < p/2 subtracts it; the result is clipped. Images no nearer than the nearest hit are skipped.

    Source: Foolbox 1.8's SaltAndPepperNoiseAttack. Foolbox 3's has another schedule of p.

    Args:
        steps: Maximum number of values of p per sweep.
        repetitions: Number of sweeps.
        seed, first: See `RandomAttack`.
    """

    def __init__(self, steps: int = 100, repetitions: int = 10, seed: int = 0, first: int = 0):
        super().__init__(seed, first)
        self.steps, self.repetitions = steps, repetitions

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""
        height, width = images.shape[1:3]
        steps = min(self.steps, height * width)
        nearest, largest = Nearest(images), np.ones(len(images))

        def candidates(chosen, places):
            probabilities = largest[chosen, None] * (np.asarray(places) + 1) / steps
            probabilities = probabilities[..., None, None, None]
            uniform = np.stack([generators[row].random((len(places), height, width, 1)) for row in chosen])
            salt = (uniform >= 1 - probabilities / 2).astype(np.float32)
            pepper = (uniform < probabilities / 2).astype(np.float32)
            return classifier.clip(images[chosen, None] + classifier.range * (salt - pepper))

        def skipped(chosen, _, made):
            count = made.shape[1]
            originals = np.repeat(images[chosen], count, axis=0)
            distances = mse(made.reshape(originals.shape), originals).reshape(-1, count)
            return distances >= nearest.distances[chosen, None]

        for repetition in range(self.repetitions):
            # New generators, since the number of draws wasted after a hit depends on the other images.
            generators = self.generators(rows, repetition)
            places, hits = first_hits(classifier, labels, steps, candidates, skipped)
            hit = places >= 0
            nearest.offer(np.arange(len(images)), hits, hit)
            largest[hit] *= 1.2 * (places[hit] + 1) / steps
        return nearest.images

"""The single pixel attack."""

import numpy as np

from keras_ae.evaluation.attacks.base import RandomAttack
from keras_ae.evaluation.attacks.first_hit import first_hits


class SinglePixel(RandomAttack):
    """One pixel, all channels, at the lower and then at the upper bound: pixels in random order, the first hit.

    Source: Narodytska & Kasiviswanathan, "Simple black-box adversarial perturbations for deep networks", 2016,
    section 4; Foolbox 1.8's SinglePixelAttack. Foolbox 3 has none.

    Args:
        max_pixels: At most so many are tried.
        seed, first: See `RandomAttack`.
    """

    def __init__(self, max_pixels: int = 1000, seed: int = 0, first: int = 0):
        super().__init__(seed, first)
        self.max_pixels = max_pixels

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""
        pixels = np.prod(images.shape[1:3])
        orders = np.stack(
            [generator.permutation(pixels)[: self.max_pixels] for generator in self.generators(rows)]
        )
        bounds = np.array([classifier.lower, classifier.upper], np.float32)

        def candidates(chosen, places):
            pixel, bound = np.divmod(np.asarray(places), 2)
            made = np.repeat(images[chosen, None], len(places), axis=1)
            flat = made.reshape(*made.shape[:2], pixels, -1)  # a view
            np.put_along_axis(
                flat, orders[chosen][:, pixel][..., None, None], bounds[bound][:, None, None], axis=2
            )
            return made

        places, hits = first_hits(classifier, labels, 2 * orders.shape[1], candidates)
        return np.where((places >= 0).reshape(-1, 1, 1, 1), hits, images)

"""The single pixel attack."""

import numpy as np

from keras_ae.evaluation.attacks.base import RandomAttack, with_changed_pixels
from keras_ae.evaluation.attacks.first_hit import first_hits

_MORE = 4  # candidates at once where only what a pixel reaches is computed


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

        def changes(chosen, places):
            pixel, bound = np.divmod(np.asarray(places), 2)
            owners, changed = np.repeat(np.arange(len(chosen)), len(places)), orders[chosen][:, pixel].ravel()
            values = np.tile(bounds[bound], len(chosen))
            return images[chosen], owners, changed, np.repeat(values[:, None], images.shape[-1], axis=1)

        def candidates(chosen, places):
            made = with_changed_pixels(*changes(chosen, places))
            return made.reshape(len(chosen), len(places), *images.shape[1:])

        def harmless(chosen, places, _):
            rightly = classifier.logits_of_changed(*changes(chosen, places)).argmax(axis=1)
            return rightly.reshape(len(chosen), -1) == labels[chosen, None]

        options = {}
        if classifier.follows_pixels:  # what seems a hit is asked about as a whole
            options = {"skipped": harmless, "at_once": _MORE * classifier.at_once}
        places, hits = first_hits(classifier, labels, 2 * orders.shape[1], candidates, **options)
        return np.where((places >= 0).reshape(-1, 1, 1, 1), hits, images)

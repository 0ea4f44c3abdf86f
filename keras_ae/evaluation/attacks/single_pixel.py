"""The single pixel attack."""

import numpy as np

from keras_ae.evaluation.attacks.base import RandomAttack, with_changed_pixels
from keras_ae.evaluation.attacks.first_hit import first_hits

_MORE = 4  # factor of the candidates per query if only what a pixel affects is computed


class SinglePixel(RandomAttack):
    """Sets one pixel, in all channels, to the lower, then the upper bound: the first hit in random order.

    Source: Narodytska & Kasiviswanathan, "Simple black-box adversarial perturbations for deep networks", 2016,
    section 4; Foolbox 1.8's SinglePixelAttack. Foolbox 3 has none.

    Args:
        max_pixels: Maximum number of pixels to try.
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
        if classifier.follows_pixels:  # apparent hits are checked on whole images
            options = {"skipped": harmless, "at_once": _MORE * classifier.at_once}
        places, hits = first_hits(classifier, labels, 2 * orders.shape[1], candidates, **options)
        return np.where((places >= 0).reshape(-1, 1, 1, 1), hits, images)

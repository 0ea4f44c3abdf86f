"""The Gaussian blur attack."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from keras_ae.evaluation.attacks.base import UntargetedAttack
from keras_ae.evaluation.attacks.first_hit import first_hits


class GaussianBlur(UntargetedAttack):
    """Blurs the image (borders reflected) with σ = k/steps of its longer side: the first hit in k = 1, …, steps.

    Source: Foolbox 1.8's GaussianBlurAttack. Foolbox 3's does the same, one σ after the other for the whole batch.

    Args:
        steps: Number of values of σ to try.
    """

    def __init__(self, steps: int = 1000):
        self.steps = steps

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""
        longer = max(images.shape[1:3])
        # Along rows and columns the filter is a matrix, the same for all images.
        identities = [np.eye(side) for side in images.shape[1:3]]

        def candidates(chosen, places):
            made = []
            for place in places:
                sigma = (place + 1) / self.steps * longer
                down, across = (
                    gaussian_filter1d(identity, sigma, axis=0).astype(np.float32) for identity in identities
                )
                made.append(np.einsum("yh,nhwc,xw->nyxc", down, images[chosen], across, optimize=True))
            return classifier.clip(np.stack(made, axis=1))

        places, hits = first_hits(classifier, labels, self.steps, candidates)
        return np.where((places >= 0).reshape(-1, 1, 1, 1), hits, images)

"""ADef: adversarial deformations."""

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from keras_ae.evaluation.attacks.base import Classifier, UntargetedAttack

_BEYOND = 1.0001  # factor of the field that takes the image just beyond the boundary


class ADef(UntargetedAttack):
    """Resamples the image along a small vector field V, built up in steps to the nearest boundary.

    For each candidate class t, a step computes f = z_t − z_label from the logits z, α = Σ over channels of (∇z_t −
    ∇z_label)·(∂x, ∂y) of the current image, filtered by a Gaussian, N = Σ α², and v = −f·α/N with α filtered once
    more. V becomes the shortest V + v. The original is resampled bilinearly at its pixels + V, within its borders.
    The candidates are the classes that rank 2 to `subsample` by the logits of the original.

    The steps end on the boundary itself, where rounding would decide the class. Therefore the image at 1.0001·V is
    classified and returned; Foolbox 1.8 takes the one at V.

    Source: Alaifari et al., "ADef: an iterative algorithm to construct adversarial deformations", 2018, algorithm
    1; Foolbox 1.8's ADefAttack. Foolbox 3 has none.

    Args:
        max_iterations: Maximum number of steps.
        smooth: Standard deviation of the filter in pixels; 0 for none.
        subsample: Number of classes with the largest logits, including the label.
    """

    def __init__(self, max_iterations: int = 100, smooth: float = 1.0, subsample: int = 10):
        self.max_iterations, self.smooth, self.subsample = max_iterations, smooth, subsample

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""
        logits = classifier.logits(images)
        candidates = np.argsort(-logits, axis=1, kind="stable")[:, 1 : self.subsample]
        # For each candidate, the weights that turn the logits into z_t − z_label.
        weights = np.zeros((*candidates.shape, logits.shape[1]), np.float32)
        np.put_along_axis(weights, candidates[..., None], 1, axis=2)
        weights[np.arange(len(images)), :, labels] = -1
        fields, current = np.zeros((len(images), 2, *images.shape[1:3])), images.copy()
        result, active = images.copy(), np.arange(len(images))
        for _ in range(self.max_iterations):
            fields[active] = self._shortest(classifier, current[active], weights[active], fields[active])
            current[active] = _resampled(classifier, images[active], fields[active])
            beyond = _resampled(classifier, images[active], _BEYOND * fields[active])
            hit = classifier.misclassified(beyond, labels[active])
            result[active[hit]] = beyond[hit]
            active = active[~hit]
            if not len(active):
                break
        return result

    def _shortest(
        self, classifier: Classifier, images: np.ndarray, weights: np.ndarray, fields: np.ndarray
    ) -> np.ndarray:
        """Returns the shortest of the fields with a step to each candidate: [n, (x, y), h, w]."""
        n, count = weights.shape[:2]
        asked = np.repeat(images, count, axis=0), weights.reshape(n * count, -1)
        logits, gradients = classifier.logit_gradients(*asked)
        missing = np.sum(logits * asked[1], axis=1).reshape(n, count)
        gradients = gradients.reshape(n, count, *images.shape[1:]).astype(np.float64)
        # Central differences, one-sided at the borders, along x and along y.
        slopes = np.stack([np.gradient(images, axis=2), np.gradient(images, axis=1)], axis=1)
        alpha = self._smooth(np.einsum("nkhwc,ndhwc->nkdhw", gradients, slopes, optimize=True))
        squares = np.sum(np.square(alpha), axis=(2, 3, 4), keepdims=True)
        steps = -missing[..., None, None, None] * self._smooth(alpha)
        # Where the classifier does not react to any deformation, there is no step.
        moved = fields[:, None] + np.divide(steps, squares, out=np.zeros_like(steps), where=squares > 0)
        lengths = np.where(squares[..., 0, 0, 0] > 0, np.sum(np.square(moved), axis=(2, 3, 4)), np.inf)
        return moved[np.arange(n), lengths.argmin(axis=1)]

    def _smooth(self, fields: np.ndarray) -> np.ndarray:
        return gaussian_filter(fields, (0, 0, 0, self.smooth, self.smooth), mode="reflect")


def _resampled(classifier: Classifier, images: np.ndarray, fields: np.ndarray) -> np.ndarray:
    """Resamples images [n, h, w, c] at pixels moved by fields [n, (x, y), h, w]: bilinear, within the borders."""
    rows, columns = np.indices(images.shape[1:3])
    made = np.empty_like(images)
    for image, field, out in zip(images, fields, made, strict=True):
        places = np.stack([rows + field[1], columns + field[0]])
        for channel in range(image.shape[-1]):
            out[..., channel] = map_coordinates(image[..., channel], places, order=1, mode="nearest")
    return classifier.clip(made)

"""Projected gradient descent in the maximum norm, with a search for the smallest ε of each image."""

import numpy as np

from keras_ae.evaluation.attacks.base import Classifier, Nearest, UntargetedAttack


class ProjectedGradientDescent(UntargetedAttack):
    """Steps of ε·r/30 along the sign of the loss's gradient, each clipped to ε·r around the image and the bounds.

    It starts at the image itself and ends at the first misclassified iterate. ε begins at `epsilon`, grows
    1.5-fold until an attack succeeds, in at most `searches` trials, then is bisected `searches` times between 0
    and that value: each image has its own ε. The nearest of all adversarial iterates is the result.

    Source: Madry et al., "Towards deep learning models resistant to adversarial attacks", 2017, section 2.1; the
    search is that of Foolbox 1.8's ProjectedGradientDescentAttack. Foolbox 3's takes ε as given and considers the
    last iterate only.

    Args:
        epsilon: First ε, relative to the range r of the bounds.
        step_size: Step size at ε = `epsilon`; it keeps its proportion to ε.
        iterations: Maximum number of iterations for each ε.
        searches: Maximum number of trials to find a large enough ε, and number of bisections after that.
    """

    def __init__(self, epsilon: float = 0.3, step_size: float = 0.01, iterations: int = 40, searches: int = 20):
        self.epsilon, self.step_size, self.iterations, self.searches = epsilon, step_size, iterations, searches

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""
        nearest = Nearest(images)
        enough = self._enough(classifier, labels, nearest)
        rows = np.flatnonzero(np.isfinite(enough))
        low, high = np.zeros(len(rows)), enough[rows]
        for _ in range(self.searches if len(rows) else 0):
            middle = (low + high) / 2
            succeeded = self._attack(classifier, labels, nearest, rows, middle)
            low, high = np.where(succeeded, low, middle), np.where(succeeded, middle, high)
        return nearest.images

    def _enough(self, classifier: Classifier, labels: np.ndarray, nearest: Nearest) -> np.ndarray:
        """Returns the first ε [n] with which each attack succeeds; infinite where none does."""
        enough, rows, epsilon = np.full(len(labels), np.inf), np.arange(len(labels)), self.epsilon
        for _ in range(self.searches):
            succeeded = self._attack(classifier, labels, nearest, rows, np.full(len(rows), epsilon))
            enough[rows[succeeded]] = epsilon
            rows, epsilon = rows[~succeeded], 1.5 * epsilon
            if not len(rows):
                break
        return enough

    def _attack(
        self, classifier: Classifier, labels: np.ndarray, nearest: Nearest, rows: np.ndarray, epsilons: np.ndarray
    ) -> np.ndarray:
        """Attacks the images in `rows`, each with its ε; returns which attacks succeed, and updates `nearest`."""
        originals, labels = nearest.originals[rows], labels[rows]
        radius = (epsilons * classifier.range).reshape(-1, 1, 1, 1)
        step, images = radius * (self.step_size / self.epsilon), originals.copy()
        active, succeeded = np.arange(len(rows)), np.zeros(len(rows), bool)
        for iteration in range(self.iterations + 1):
            logits, gradients = classifier.loss_gradients(images[active], labels[active])
            hit = logits.argmax(axis=1) != labels[active]
            if iteration:  # The first query is about the originals.
                nearest.offer(rows[active], images[active], hit)
            succeeded[active[hit]] = True
            active, gradients = active[~hit], gradients[~hit]
            if not len(active) or iteration == self.iterations:
                break
            moved = images[active] + step[active] * np.sign(gradients)
            change = np.clip(moved - originals[active], -radius[active], radius[active])
            images[active] = classifier.clip(originals[active] + change)
        return succeeded

"""The saliency map attack (JSMA)."""

import numpy as np

from keras_ae.evaluation.attacks.base import Classifier, RandomAttack
from keras_ae.evaluation.attacks.gradient_sign import search_along

_SMALLEST = 1e-8  # added to a gradient's root mean square


class SaliencyMap(RandomAttack):
    """Changes single values by θ·r, one per step, each time the one that most lowers a target class's loss.

    With a = ∇ CE(x, target), 0 where masked, the value with the largest a is lowered by θ·r, or raised if that a
    is negative. A value at a bound, or changed `max_changes` times, is masked. Once all others would have to be
    raised, the largest a is the 0 of a masked value, nothing changes any more, and the attack has failed. It ends
    at any misclassification. The target is the class that `search_along` reaches along the gradient of the label's
    loss, divided by its root mean square; if it reaches none, a random other one.

    Source: Papernot et al., "The limitations of deep learning in adversarial settings", 2016, algorithm 3;
    Foolbox 1.8's SaliencyMapAttack in its "fast" mode, reproduced exactly, peculiarities included. Foolbox 3 has
    none.

    Args:
        max_iterations: Maximum number of steps.
        theta: Size of a change, relative to the range r of the bounds.
        max_changes: Maximum number of changes to one value.
        seed, first: See `RandomAttack`.
    """

    def __init__(
        self, max_iterations: int = 2000, theta: float = 0.1, max_changes: int = 7, seed: int = 0, first: int = 0
    ):
        super().__init__(seed, first)
        self.max_iterations, self.theta, self.max_changes = max_iterations, theta, max_changes

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""
        targets = self._targets(classifier, images, labels, rows)
        values = images.reshape(len(images), -1).copy()
        mask, counts = np.ones(values.shape, bool), np.zeros(values.shape, int)
        result, active = images.copy(), np.arange(len(images))
        for _ in range(self.max_iterations):
            asked = values[active].reshape(-1, *images.shape[1:])
            logits, gradients = classifier.loss_gradients(asked, targets[active])
            hit = logits.argmax(axis=1) != labels[active]
            result[active[hit]] = asked[hit]
            slopes = gradients.reshape(len(active), -1) * mask[active]
            steepest = slopes.argmax(axis=1)
            signs = np.sign(slopes[np.arange(len(active)), steepest])
            going = ~hit & (signs != 0)  # Where nothing changes, nothing ever will.
            active, steepest, signs = active[going], steepest[going], signs[going]
            if not len(active):
                break
            moved = values[active, steepest] - signs * self.theta * classifier.range
            counts[active, steepest] += 1
            spent = counts[active, steepest] >= self.max_changes
            mask[active, steepest] &= ~(spent | (moved <= classifier.lower) | (moved >= classifier.upper))
            values[active, steepest] = classifier.clip(moved)
        return result

    def _targets(
        self, classifier: Classifier, images: np.ndarray, labels: np.ndarray, rows: np.ndarray
    ) -> np.ndarray:
        """Returns the target class of each image, int64 [n]."""
        logits, gradients = classifier.loss_gradients(images, labels)
        roots = np.sqrt(np.mean(np.square(gradients), axis=(1, 2, 3), keepdims=True))
        directions = classifier.range * gradients / (roots + _SMALLEST)
        targets = classifier.logits(search_along(classifier, images, labels, directions)).argmax(axis=1)
        for i, generator in enumerate(self.generators(rows)):
            if targets[i] == labels[i]:
                targets[i] = (labels[i] + generator.integers(1, logits.shape[1])) % logits.shape[1]
        return targets.astype(np.int64)

"""The attack by sequential least squares programming (SLSQP)."""

from functools import lru_cache

import numpy as np
from scipy.optimize import Bounds, minimize

from keras_ae._support.errors import unknown_name
from keras_ae.evaluation.attacks.base import Classifier, Nearest, RandomAttack

_MODES = ("random", "margin")
_TOLERANCE = 1e-9  # on the mean squared error
_BEYOND = 1e-4  # fraction of the first margin: how far beyond the boundary to aim


class SLSQP(RandomAttack):
    """Minimises the mean squared error under the constraint that the image is misclassified.

    Foolbox 1.8 starts from a random image, with a constraint of 0 or 1 whose derivative it leaves to finite
    differences: that derivative is 0, so SciPy stops at once where it started, with a singular matrix. Its attack
    therefore amounts to one image of values uniform between the bounds, which counts if it is misclassified; this
    is mode "random".

    Mode "margin" does minimise, from the image itself to a nearby minimum: the constraint is the margin,
    max over k ≠ label of z_k − z_label ≥ 0 on the logits z, with its gradient. A step takes on the order of
    (h·w·c)³ operations.

    Source: Foolbox 1.8's SLSQPAttack; Kraft, "A software package for sequential quadratic programming", 1988, as
    implemented by SciPy. Foolbox 3 has none.

    Args:
        mode: "random" or "margin".
        max_iterations: Maximum number of SLSQP iterations, in mode "margin".
        seed, first: See `RandomAttack`.

    Raises:
        InputError: If the mode is unknown.
    """

    def __init__(self, mode: str = "random", max_iterations: int = 500, seed: int = 0, first: int = 0):
        super().__init__(seed, first)
        if mode not in _MODES:
            raise unknown_name("mode", mode, _MODES)
        self.mode, self.max_iterations = mode, max_iterations

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""
        nearest, shape = Nearest(images), images.shape[1:]
        if self.mode == "random":
            drawn = [g.uniform(classifier.lower, classifier.upper, shape) for g in self.generators(rows)]
            made = classifier.clip(np.stack(drawn))
            nearest.offer(np.arange(len(images)), made, classifier.misclassified(made, labels))
        else:
            for row, label in enumerate(labels):
                self._minimize(classifier, nearest, row, int(label))
        return nearest.images

    def _minimize(self, classifier: Classifier, nearest: Nearest, row: int, label: int) -> None:
        """Minimises for one image; every adversarial image on the way is offered to `nearest`."""
        original, shape = nearest.originals[row].astype(np.float64).ravel(), nearest.originals.shape[1:]

        @lru_cache(maxsize=1)  # SLSQP asks for value and gradient at the same place
        def margin(values: bytes):
            """Returns the constraint and its gradient [1, values]."""
            image = classifier.clip(np.frombuffer(values).reshape(1, *shape))
            logits = classifier.logits(image)
            others = logits[0].copy()
            others[label] = -np.inf
            weights = np.zeros_like(logits)
            weights[0, others.argmax()], weights[0, label] = 1, -1
            _, gradients = classifier.logit_gradients(image, weights)
            nearest.offer(np.array([row]), image, logits.argmax(axis=1) != label)
            return float((logits * weights).sum()), gradients.reshape(1, -1).astype(np.float64)

        # On the boundary itself, rounding decides the class.
        beyond = _BEYOND * abs(margin(original.tobytes())[0])
        constraint = {
            "type": "ineq",
            "fun": lambda x: margin(x.tobytes())[0] - beyond,
            "jac": lambda x: margin(x.tobytes())[1],
        }
        minimize(
            lambda x: (np.mean(np.square(x - original)), 2 * (x - original) / x.size),
            original,
            jac=True,
            method="SLSQP",
            bounds=Bounds(classifier.lower, classifier.upper),
            constraints=[constraint],
            options={"maxiter": self.max_iterations, "ftol": _TOLERANCE},
        )

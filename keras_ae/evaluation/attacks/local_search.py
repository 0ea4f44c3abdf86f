"""The local search attack."""

import numpy as np
from scipy.special import softmax

from keras_ae.evaluation.attacks.base import Classifier, RandomAttack

_MOST_SCORED = 128  # pixels per image and round
_PART_AT_FIRST = 0.1  # fraction of the pixels in the first round


class LocalSearch(RandomAttack):
    """A greedy search: each round finds the pixels that matter most near the last ones, and changes them.

    Values are mapped to [−1/2, 1/2]. Each round scores at most 128 random pixels of its set by the probability
    that the label keeps once the pixel is set to ±p, with its own sign, in all channels; in the t with the lowest
    scores, every channel is multiplied by r, and shifted by ±1 where that leaves [−1/2, 1/2]. The next round's
    pixels are those at most d rows and columns away from these t. The search ends at a misclassification or after
    `rounds`. The first pixels are a random tenth, at most 128. Scored images are out of bounds and do not count as
    adversarial.

    Source: Narodytska & Kasiviswanathan, "Simple black-box adversarial perturbations for deep networks", 2016,
    algorithm 1; Foolbox 1.8's LocalSearchAttack. Foolbox 3 has none.

    Args:
        r: Factor of a change, in [0, 2].
        p: Magnitude of a scored pixel.
        d: Half the side of the neighbourhood, in pixels.
        t: Pixels changed per round.
        rounds: Maximum number of rounds (R in the paper).
        seed, first: See `RandomAttack`.
    """

    def __init__(
        self,
        r: float = 1.5,
        p: float = 10.0,
        d: int = 5,
        t: int = 5,
        rounds: int = 150,
        seed: int = 0,
        first: int = 0,
    ):
        super().__init__(seed, first)
        self.r, self.p, self.d, self.t, self.rounds = r, p, d, t, rounds

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""
        middle, result = classifier.middle, images.copy()
        height, width, channels = images.shape[1:]
        changed = ((images - middle) / classifier.range).reshape(len(images), height * width, channels)
        generators = self.generators(rows)
        count = min(int(_PART_AT_FIRST * height * width), _MOST_SCORED)
        pixels = [generator.permutation(height * width)[:count] for generator in generators]
        active = [row for row in range(len(images)) if count]
        for _ in range(self.rounds if active else 0):
            chosen = [generators[row].permutation(pixels[row])[:_MOST_SCORED] for row in active]
            scores = self._scores(classifier, changed[active], labels[active], chosen, images.shape[1:])
            for row, candidates, score in zip(active, chosen, scores, strict=True):
                best = candidates[np.argsort(score, kind="stable")[: self.t]]
                changed[row, best] = self._cycled(changed[row, best])
                pixels[row] = self._around(best, height, width)
            made = classifier.clip(changed[active].reshape(-1, *images.shape[1:]) * classifier.range + middle)
            hit = classifier.misclassified(made, labels[active])
            result[np.asarray(active)[hit]] = made[hit]
            active = [row for row, done in zip(active, hit, strict=True) if not done]
            if not active:
                break
        return result

    def _scores(
        self,
        classifier: Classifier,
        changed: np.ndarray,
        labels: np.ndarray,
        chosen: list[np.ndarray],
        shape: tuple[int, int, int],
    ) -> list[np.ndarray]:
        """Returns the label's probability for every chosen pixel of every image at ±p, in one query."""
        counts, middle = [len(pixels) for pixels in chosen], classifier.middle
        owners, pixels = np.repeat(np.arange(len(chosen)), counts), np.concatenate(chosen)
        values = self.p * np.sign(changed[owners, pixels]) * classifier.range + middle
        images = changed.reshape(-1, *shape) * classifier.range + middle
        logits = classifier.logits_of_changed(images, owners, pixels, values).astype(np.float64)
        scores = softmax(logits, axis=1)[np.arange(len(pixels)), labels[owners]]
        return np.split(scores, np.cumsum(counts)[:-1])

    def _cycled(self, values: np.ndarray) -> np.ndarray:
        """Returns r times the values, brought back into [−1/2, 1/2] by ±1."""
        values = self.r * values
        return values + (values < -0.5) - (values > 0.5)

    def _around(self, pixels: np.ndarray, height: int, width: int) -> np.ndarray:
        """Returns the pixels at most d rows and columns away from the given ones, within the image, in order."""
        near = np.arange(-self.d, self.d + 1)
        y, x = (pixels // width)[:, None, None] + near[:, None], (pixels % width)[:, None, None] + near
        y, x = np.broadcast_arrays(y, x)
        within = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        return np.unique(y[within] * width + x[within])

"""The target of the attacks in a robustness measurement."""

import time
from copy import copy

import numpy as np

from keras_ae.evaluation.robustness.table import AttackedImage


class Subject:
    """The target of the attacks: a Foolbox model, images, labels, and a mask of those already misclassified."""

    def __init__(self, model, images: np.ndarray, labels: np.ndarray, misclassified: np.ndarray):
        self.model, self.images, self.labels, self.misclassified = model, images, labels, misclassified

    def attack(self, name: str, kind, seed: int, rows: range, key: str) -> list[AttackedImage]:
        """Attacks a range of images; returns their table rows, under the attack's `name` and `key`."""
        import tensorflow as tf

        from keras_ae.evaluation.attacks.base import mse

        started, batch = time.perf_counter(), slice(rows.start, rows.stop)
        images, labels, misclassified = self.images[batch], self.labels[batch], self.misclassified[batch]
        attacked = images
        if not misclassified.all():
            adversarial, _, _ = made(kind, seed, rows.start)(
                self.model, tf.constant(images), tf.constant(labels), epsilons=None
            )
            attacked = np.clip(adversarial.numpy(), *self.model.bounds)
        sound = np.isfinite(attacked).all(axis=(1, 2, 3))  # NaN has no class
        success = ~misclassified & sound & (self.model(tf.constant(attacked)).numpy().argmax(axis=1) != labels)
        seconds = (time.perf_counter() - started) / len(rows)
        return [
            AttackedImage(
                attack=name,
                image=row,
                label=int(label),
                misclassified=bool(missed),
                success=bool(hit),
                mse=float(distance) if hit else float("nan"),
                seconds=round(seconds, 6),
                key=key,
            )
            for row, label, missed, hit, distance in zip(
                rows, labels, misclassified, success, mse(attacked, images), strict=True
            )
        ]


def made(kind, seed: int, first: int):
    """Returns the attack for a batch that starts at the image `first`."""
    from keras_ae.evaluation.attacks.base import RandomAttack

    if isinstance(kind, type):
        return kind(seed=seed, first=first) if issubclass(kind, RandomAttack) else kind()
    if isinstance(kind, RandomAttack):
        kind = copy(kind)
        kind.first += first
    return kind

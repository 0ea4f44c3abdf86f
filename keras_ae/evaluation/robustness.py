"""How robust classifiers are against adversarial attacks: how often these succeed, and how far they have to go.

Source: Penhouët's thesis, section 4.6.
"""

import hashlib
import time
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_ae.errors import InputError, listed_names, unknown_name
from keras_ae.evaluation.attacks import ATTACKS, FAMILIES, as_foolbox
from keras_ae.evaluation.attacks.classifier import refuse_probabilities
from keras_ae.evaluation.inference import as_array
from keras_ae.evaluation.robustness_table import RobustnessTable
from keras_ae.progress import progress_bars

_IMAGES_RANK, _LABELS_RANK = 4, 1


@dataclass(frozen=True)
class Robustness:
    """What attacks on some images came to.

    Attributes:
        rows: One an attack and image, by attack: "attack", its name; "image", its place among the images; "label";
            "misclassified", whether it was before any attack; "success", whether the attack made it so; "mse",
            the mean squared difference over the values of the adversarial image, NaN without success; "seconds",
            the attack's on its batch, divided by its images; "key", what classifier, images, seed and attack it
            was.
    """

    rows: tuple[dict[str, Any], ...]

    def summary(self) -> dict[str, dict[str, Any]]:
        """What each attack came to, in the order of `rows`, with values that JSON has.

        "images"; of these "misclassified" before the attack, "attacked", which are all others, and "successes";
        "success_rate" of the attacked and "mse", the mean over successes, None without any; "seconds" for all.
        """
        return {name: self._of(name) for name in dict.fromkeys(row["attack"] for row in self.rows)}

    def _of(self, attack: str) -> dict[str, Any]:
        rows = [row for row in self.rows if row["attack"] == attack]
        misclassified = sum(row["misclassified"] for row in rows)
        attacked, distances = len(rows) - misclassified, [row["mse"] for row in rows if row["success"]]
        return {
            "images": len(rows),
            "misclassified": misclassified,
            "attacked": attacked,
            "successes": len(distances),
            "success_rate": len(distances) / attacked if attacked else None,
            "mse": float(np.mean(distances)) if distances else None,
            "seconds": float(sum(row["seconds"] for row in rows)),
        }


def measure_robustness(
    classifier: keras.Model,
    images,
    labels,
    attacks: Iterable[str] | Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    table: str | Path | None = None,
    batch_size: int = 100,
    progress: bool = True,
) -> Robustness:
    """Attack a classifier's images, each until it is misclassified, and measure how far that is from the image.

    An image that is misclassified already is not attacked and counts for no attack. A success is what the
    classifier itself confirms on the attacked image, clipped to [0, 1]. The same seed gives the same result,
    whatever was drawn elsewhere, up to the rounding of the classifier.

    Args:
        classifier: Any Keras model of images with one logit a class; a softmax at its end is left out.
        images: float32 [n, h, w, c] in [0, 1].
        labels: [n], the classes 0, 1, ...
        attacks: Names of `ATTACKS`, all of them by default, in the thesis's order; or Foolbox 3 attacks by names
            of one's own, such as {"harder": ADef(max_iterations=500)}. Their seeds are theirs.
        seed: Of the attacks that draw at random.
        table: A CSV file to which the rows are written after every batch. What it holds is not measured again: a
            measurement that was killed goes on from there.
        batch_size: Images that are attacked together; a killed measurement loses at most one batch of one attack.
        progress: Whether to show progress bars on standard error.

    Raises:
        InputError: For images, labels or outputs of another kind, unknown attacks, a table of another measurement,
            and on other backends than TensorFlow.
    """
    if batch_size < 1 or seed < 0:
        raise InputError(f"batch_size={batch_size} and seed={seed}", "at least 1 and at least 0", "correct them")
    images, labels = _checked(images, labels)
    kinds, model = _kinds(attacks), as_foolbox(classifier)
    logits = _logits(model, images, labels, batch_size)
    subject = _Subject(model, images, labels, logits.argmax(axis=1) != labels)
    keys = _keys(classifier, images, labels, seed, kinds)
    kept = RobustnessTable(table, keys)
    with progress_bars(disable=not progress) as bars:
        for name, kind in kinds.items():
            task = bars.add_task(name, total=len(images))
            for start in range(0, len(images), batch_size):
                rows = range(start, min(start + batch_size, len(images)))
                if not kept.has(name, rows):
                    kept.add(
                        {"attack": name, **row, "key": keys[name]} for row in subject.attack(kind, seed, rows)
                    )
                bars.update(task, completed=rows.stop, remark=kept.remark(name))
    return Robustness(kept.rows(len(images)))


def attacked_images(pipeline: Iterable, per_batch: int = 20, batches: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """The images that the thesis attacks: the first 20 of each of the first 20 test batches, always the same 400.

    Args:
        pipeline: Batches of (images, labels) in a fixed order, such as `data.pipeline("test", labels=True)`.
        per_batch: From each batch; all of a smaller one.
        batches: From so many batches; all where there are fewer.

    Returns:
        float32 [n, h, w, c] and int64 [n].
    """
    parts = []
    for _, (images, labels) in zip(range(batches), pipeline, strict=False):
        parts.append((as_array(images)[:per_batch], keras.ops.convert_to_numpy(labels)[:per_batch]))
    if not parts:
        raise InputError("no batches", "batches of images and labels", "give images to attack")
    images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return images, labels.astype(np.int64)


class _Subject:
    """What is attacked: a Foolbox model, images, labels, and which of them it gets wrong anyway."""

    def __init__(self, model, images: np.ndarray, labels: np.ndarray, misclassified: np.ndarray):
        self.model, self.images, self.labels, self.misclassified = model, images, labels, misclassified

    def attack(self, kind, seed: int, rows: range) -> list[dict[str, Any]]:
        """Rows of the table for some images."""
        import tensorflow as tf

        from keras_ae.evaluation.attacks.base import mse

        started, some = time.perf_counter(), slice(rows.start, rows.stop)
        images, labels, wrong = self.images[some], self.labels[some], self.misclassified[some]
        attacked = images
        if not wrong.all():
            made, _, _ = _made(kind, seed, rows.start)(
                self.model, tf.constant(images), tf.constant(labels), epsilons=None
            )
            attacked = np.clip(made.numpy(), *self.model.bounds)
        sound = np.isfinite(attacked).all(axis=(1, 2, 3))  # NaN would be of no class
        success = ~wrong & sound & (self.model(tf.constant(attacked)).numpy().argmax(axis=1) != labels)
        seconds = (time.perf_counter() - started) / len(rows)
        return [
            {
                "image": row,
                "label": int(label),
                "misclassified": bool(missed),
                "success": bool(hit),
                "mse": float(distance) if hit else float("nan"),
                "seconds": round(seconds, 6),
            }
            for row, label, missed, hit, distance in zip(
                rows, labels, wrong, success, mse(attacked, images), strict=True
            )
        ]


def _checked(images, labels) -> tuple[np.ndarray, np.ndarray]:
    """float32 images and int64 labels, or an InputError."""
    images, labels = as_array(images), keras.ops.convert_to_numpy(labels)
    received = f"images {images.shape} with labels {labels.shape}"
    if images.ndim != _IMAGES_RANK or labels.ndim != _LABELS_RANK or len(images) != len(labels) or not len(images):
        raise InputError(received, "images [n, h, w, c] and one label each, at least one", "correct them")
    if not np.all((images >= 0) & (images <= 1)):
        raise InputError(f"images in [{images.min():g}, {images.max():g}]", "values in [0, 1]", "scale them")
    if not np.issubdtype(labels.dtype, np.integer):
        raise InputError(f"{received} of type {labels.dtype}", "whole numbers", "give the classes 0, 1, ...")
    return images, labels.astype(np.int64)


def _kinds(attacks) -> dict[str, Any]:
    """Classes of the library's attacks, or Foolbox attacks, by name."""
    if isinstance(attacks, Mapping):
        return dict(attacks)
    names = listed_names(ATTACKS if attacks is None else attacks)
    for name in names:
        if name not in FAMILIES:
            raise unknown_name(ATTACKS.kind, name, ATTACKS)
    return {name: ATTACKS[name] for name in names}


def _made(kind, seed: int, first: int):
    """The attack for a batch that begins at an image."""
    from keras_ae.evaluation.attacks.base import RandomAttack

    if isinstance(kind, type):
        return kind(seed=seed, first=first) if issubclass(kind, RandomAttack) else kind()
    if isinstance(kind, RandomAttack):
        kind = copy(kind)
        kind.first += first
    return kind


def _keys(classifier: keras.Model, images, labels, seed: int, kinds: Mapping[str, Any]) -> dict[str, str]:
    """What tells the measurements of each attack from others of the same name."""
    digest = hashlib.sha256(images.tobytes() + labels.tobytes())
    for weights in classifier.get_weights():
        digest.update(np.ascontiguousarray(weights).tobytes())
    subject = digest.hexdigest()
    return {
        name: hashlib.sha256(f"{subject} {seed} {_made(kind, seed, 0)!r}".encode()).hexdigest()[:16]
        for name, kind in kinds.items()
    }


def _logits(model, images: np.ndarray, labels: np.ndarray, batch_size: int) -> np.ndarray:
    """The classifier's outputs, if they are logits of the labels' classes."""
    import tensorflow as tf

    starts = range(0, len(images), batch_size)
    logits = np.concatenate([model(tf.constant(images[start : start + batch_size])).numpy() for start in starts])
    if logits.ndim != 2 or logits.shape[1] < 2:
        raise InputError(f"outputs of shape {logits.shape}", "one logit for each of at least 2 classes")
    refuse_probabilities(logits)
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        received = f"labels from {labels.min()} to {labels.max()}"
        raise InputError(received, f"the classes 0 to {logits.shape[1] - 1} of the classifier", "correct them")
    return logits

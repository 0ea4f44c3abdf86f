"""Robustness of classifiers to adversarial attacks: how often attacks succeed, and at what distance.

Source: Penhouët's thesis, section 4.6.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_ae._support.errors import InputError, listed_names, unknown_name
from keras_ae._support.progress import progress_bars
from keras_ae.evaluation.attacks import ATTACKS, FAMILIES, as_foolbox
from keras_ae.evaluation.attacks.classifier import refuse_probabilities
from keras_ae.evaluation.inference import as_array
from keras_ae.evaluation.robustness.subject import Subject, made
from keras_ae.evaluation.robustness.table import AttackedImage, RobustnessTable

_IMAGES_RANK, _LABELS_RANK = 4, 1


@dataclass(frozen=True)
class AttackTotals:
    """Results of one attack on all images.

    Attributes:
        images: Number of images.
        misclassified: Number of images misclassified before the attack.
        attacked: Number of all others.
        successes: Number of attacked images that became misclassified.
        success_rate: Their fraction of the attacked images; None if none was attacked.
        mse: Mean squared error over the successes; None if there are none.
        seconds: Total time.

    Example:
        >>> rows = (AttackedImage("fgsm", 0, 1, False, True, 0.01), AttackedImage("fgsm", 1, 1, True, False, 0.0))
        >>> totals = kae.evaluation.Robustness(rows).totals()["fgsm"]
        >>> totals.attacked, totals.success_rate
        (1, 1.0)
    """

    images: int
    misclassified: int
    attacked: int
    successes: int
    success_rate: float | None
    mse: float | None
    seconds: float


@dataclass(frozen=True)
class Robustness:
    """Results of attacks on images.

    Attributes:
        rows: One row per attack and image, in the order of the attacks.

    Example:
        >>> robustness = kae.evaluation.Robustness((AttackedImage("fgsm", 0, 1, False, True, 0.01, 0.1),))
        >>> robustness.summary()["fgsm"]["success_rate"]
        1.0
    """

    rows: tuple[AttackedImage, ...]

    def totals(self) -> dict[str, AttackTotals]:
        """Returns the totals of each attack, in the order of `rows`."""
        return {name: self._of(name) for name in dict.fromkeys(row.attack for row in self.rows)}

    def summary(self) -> dict[str, dict[str, Any]]:
        """Returns the `totals` as JSON values."""
        return {name: asdict(totals) for name, totals in self.totals().items()}

    def _of(self, attack: str) -> AttackTotals:
        rows = [row for row in self.rows if row.attack == attack]
        misclassified = sum(row.misclassified for row in rows)
        attacked, distances = len(rows) - misclassified, [row.mse for row in rows if row.success]
        return AttackTotals(
            images=len(rows),
            misclassified=misclassified,
            attacked=attacked,
            successes=len(distances),
            success_rate=len(distances) / attacked if attacked else None,
            mse=float(np.mean(distances)) if distances else None,
            seconds=float(sum(row.seconds for row in rows)),
        )


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
    """Attacks images until a classifier misclassifies them, and measures the distance to the original images.

    Images that are already misclassified are not attacked and do not count. An attack succeeds if the classifier
    misclassifies the attacked image, clipped to [0, 1]. The same seed gives the same result, up to rounding in the
    classifier, whatever other random numbers were drawn.

    Args:
        classifier: Any Keras model of images with one logit per class; a final softmax is left out.
        images: float32 [n, h, w, c] in [0, 1].
        labels: [n], the classes 0, 1, ...
        attacks: Names from `ATTACKS`, by default all in the thesis's order; or Foolbox 3 attacks by names of your
            own, such as {"harder": ADef(max_iterations=500)}, which keep their own seeds.
        seed: Seed of the random attacks.
        table: A CSV file that is written after every batch. Rows already in it are not measured again, so an
            interrupted measurement resumes.
        batch_size: Images attacked together; an interruption loses at most one batch of one attack.
        progress: Whether to show progress bars on standard error.

    Raises:
        InputError: If images, labels or outputs are of another kind, an attack is unknown, `batch_size` or `seed`
            is out of range, the table belongs to another measurement, or the backend is not TensorFlow.

    Example:
        >>> classifier = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
        >>> images = np.random.default_rng(0).random((3, 4, 4, 1), "float32")
        >>> labels = classifier.predict(images, verbose=0).argmax(axis=1)
        >>> kae.evaluation.measure_robustness(
        ...     classifier, images, labels, ["gaussian_blur"], progress=False
        ... ).summary()["gaussian_blur"]["attacked"]
        3
    """
    if batch_size < 1 or seed < 0:
        raise InputError(f"batch_size={batch_size} and seed={seed}", "at least 1 and at least 0", "correct them")
    images, labels = _checked(images, labels)
    kinds, model = _kinds(attacks), as_foolbox(classifier)
    logits = _logits(model, images, labels, batch_size)
    subject = Subject(model, images, labels, logits.argmax(axis=1) != labels)
    keys = _keys(classifier, images, labels, seed, kinds)
    kept = RobustnessTable(table, keys)
    with progress_bars(disable=not progress) as bars:
        for name, kind in kinds.items():
            task = bars.add_task(name, total=len(images))
            for start in range(0, len(images), batch_size):
                rows = range(start, min(start + batch_size, len(images)))
                if not kept.has(name, rows):
                    kept.add(subject.attack(name, kind, seed, rows, keys[name]))
                bars.update(task, completed=rows.stop, remark=kept.remark(name))
    return Robustness(kept.rows(len(images)))


def attacked_images(pipeline: Iterable, per_batch: int = 20, batches: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images that the thesis attacks: the first 20 of each of the first 20 test batches.

    Args:
        pipeline: Batches of (images, labels) in a fixed order, such as `data.pipeline("test", labels=True)`.
        per_batch: Images to take from each batch; all of a smaller one.
        batches: Number of batches; all if there are fewer.

    Returns:
        Images, float32 [n, h, w, c], and labels, int64 [n].

    Raises:
        InputError: If there are no batches.

    Example:
        >>> batches = [(np.zeros((5, 4, 4, 1)), np.arange(5)), (np.ones((5, 4, 4, 1)), np.arange(5))]
        >>> images, labels = kae.evaluation.attacked_images(batches, per_batch=2)
        >>> images.shape, labels.tolist()
        ((4, 4, 4, 1), [0, 1, 0, 1])
    """
    parts = []
    for _, (images, labels) in zip(range(batches), pipeline, strict=False):
        parts.append((as_array(images)[:per_batch], keras.ops.convert_to_numpy(labels)[:per_batch]))
    if not parts:
        raise InputError("no batches", "batches of images and labels", "give images to attack")
    images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return images, labels.astype(np.int64)


def _checked(images, labels) -> tuple[np.ndarray, np.ndarray]:
    """Returns float32 images and int64 labels, or raises an `InputError`."""
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
    """Returns the library's attack classes, or Foolbox attacks, by name."""
    if isinstance(attacks, Mapping):
        return dict(attacks)
    names = listed_names(ATTACKS if attacks is None else attacks)
    for name in names:
        if name not in FAMILIES:
            raise unknown_name(ATTACKS.kind, name, ATTACKS)
    return {name: ATTACKS[name] for name in names}


def _keys(classifier: keras.Model, images, labels, seed: int, kinds: Mapping[str, Any]) -> dict[str, str]:
    """Returns digests that distinguish the measurements of each attack from others of the same name."""
    digest = hashlib.sha256(images.tobytes() + labels.tobytes())
    for weights in classifier.get_weights():
        digest.update(np.ascontiguousarray(weights).tobytes())
    subject = digest.hexdigest()
    return {
        name: hashlib.sha256(f"{subject} {seed} {made(kind, seed, 0)!r}".encode()).hexdigest()[:16]
        for name, kind in kinds.items()
    }


def _logits(model, images: np.ndarray, labels: np.ndarray, batch_size: int) -> np.ndarray:
    """Returns the classifier's outputs after checking that they are logits of the labels' classes."""
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

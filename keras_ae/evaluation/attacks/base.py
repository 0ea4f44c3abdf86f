"""What the attacks share: the rules of Foolbox 1.8, and batched queries to the classifier."""

from abc import abstractmethod

import eagerpy as ep
import numpy as np
from foolbox.attacks.base import MinimizationAttack, get_criterion, raise_if_kwargs, verify_input_bounds
from foolbox.criteria import Misclassification
from foolbox.distances import l2

from keras_ae._support.errors import InputError

_PIXELS_AT_ONCE = 2**19  # pixels per query, whose activations take at most tens of megabytes per layer
_LEAST_AT_ONCE, _MOST_AT_ONCE = 32, 512


class Classifier:
    """A Foolbox model that is queried with NumPy arrays, many images at a time.

    Args:
        model: The Foolbox model.
        like: An EagerPy tensor of images [n, h, w, c], which determines the framework and the size.
    """

    def __init__(self, model, like: ep.Tensor):
        self._model, self._like = model, like
        self.lower, self.upper = model.bounds
        height, width = like.shape[1:3]
        self.at_once = int(np.clip(_PIXELS_AT_ONCE // (height * width), _LEAST_AT_ONCE, _MOST_AT_ONCE))

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Returns the logits, float32 [n, classes], of images [n, h, w, c]."""
        parts = [self._model(self._tensor(part)).numpy() for part in self._parts(images)]
        return np.concatenate(parts)

    def logits_of_changed(
        self, images: np.ndarray, owners: np.ndarray, pixels: np.ndarray, values: np.ndarray
    ) -> np.ndarray:
        """Returns the logits, float32 [n, classes], of copies of images [m, h, w, c] with one pixel changed each.

        Where the classifier allows it, only what these pixels affect is computed; the logits then differ from
        those of the whole copies by rounding.

        Args:
            images: The images.
            owners: int [n], ascending: index of the image that each copies.
            pixels: int [n]: index of the changed pixel, counted row by row.
            values: [n, c]: its new values.
        """
        if self.follows_pixels:
            return self._model.changed_pixels.logits(images, owners, pixels, values)
        parts = zip(*map(self._parts, (owners, pixels, values)), strict=True)
        return np.concatenate([self.logits(with_changed_pixels(images, *part)) for part in parts])

    @property
    def follows_pixels(self) -> bool:
        """Whether `logits_of_changed` is faster than `logits`."""
        return getattr(self._model, "changed_pixels", None) is not None

    def misclassified(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Returns whether each image's largest logit belongs to a class other than its label: bool [n]."""
        return self.logits(images).argmax(axis=1) != labels

    def loss_gradients(self, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the logits, and the gradient of each image's cross-entropy with its label."""
        return self._gradients(images, labels, ep.crossentropy)

    def logit_gradients(self, images: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the logits, and the gradient of each image's sum of logits weighted by float32 [n, classes]."""
        return self._gradients(images, weights, _weighted)

    def clip(self, images: np.ndarray) -> np.ndarray:
        """Returns the images clipped to the bounds, float32."""
        return np.clip(images, self.lower, self.upper).astype(np.float32)

    @property
    def range(self) -> float:
        """Upper minus lower bound."""
        return self.upper - self.lower

    @property
    def middle(self) -> float:
        """Midpoint of the bounds."""
        return (self.lower + self.upper) / 2

    def _gradients(self, images, others, function):
        differentiate = _differentiated(self._model, function, self._like)
        parts = []
        for part, other in zip(self._parts(images), self._parts(others), strict=True):
            logits, gradients = differentiate(self._tensor(part), ep.from_numpy(self._like, other))
            parts.append((logits.numpy(), gradients.numpy()))
        return tuple(map(np.concatenate, zip(*parts, strict=True)))

    def _parts(self, array: np.ndarray):
        for start in range(0, max(len(array), 1), self.at_once):
            yield array[start : start + self.at_once]

    def _tensor(self, images: np.ndarray):
        return ep.from_numpy(self._like, np.ascontiguousarray(images, np.float32))


def with_changed_pixels(
    images: np.ndarray, owners: np.ndarray, pixels: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """Returns copies of images [m, h, w, c], each with one pixel changed (see `Classifier.logits_of_changed`)."""
    copies = images[owners]
    copies.reshape(len(owners), -1, images.shape[-1])[np.arange(len(owners)), pixels] = values
    return copies


def _weighted(logits: ep.Tensor, factors: ep.Tensor) -> ep.Tensor:
    return (logits * factors).sum(axis=-1)


def _differentiated(model, function, like: ep.Tensor):
    """Returns a function from images and others to logits and gradients of `function`, as EagerPy tensors.

    On TensorFlow it is compiled, once per model, and differentiates with respect to the images alone: an eager
    gradient through a compiled model would also differentiate with respect to the weights.
    """

    def loss(x, other):
        logits = model(x)
        return function(logits, other).sum(), logits

    if not isinstance(like, ep.TensorFlowTensor):

        def by_images(x, other):
            _, logits, gradients = ep.value_and_grad_fn(x, loss, has_aux=True)(x, other)
            return logits, gradients

        return by_images

    import tensorflow as tf

    kept = vars(model).setdefault("_gradients", {})
    if function not in kept:

        @tf.function(reduce_retracing=True)
        def gradients(images, others):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(images)
                value, logits = loss(ep.astensor(images), ep.astensor(others))
            return logits.raw, tape.gradient(value.raw, images)

        kept[function] = gradients
    return lambda x, other: tuple(map(ep.astensor, kept[function](x.raw, other.raw)))


class Nearest:
    """The adversarial image nearest to each original so far, which is what Foolbox 1.8 returns."""

    def __init__(self, originals: np.ndarray):
        self.originals = originals
        self.images = originals.copy()
        self.distances = np.full(len(originals), np.inf)

    def offer(self, rows: np.ndarray, images: np.ndarray, adversarial: np.ndarray) -> None:
        """Keeps those of the images, one per original in `rows`, that are adversarial and nearer than before."""
        distances = mse(images, self.originals[rows])
        better = adversarial & (distances < self.distances[rows])
        self.images[rows[better]], self.distances[rows[better]] = images[better], distances[better]


def mse(images: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """Returns the mean squared difference of each image from its original, float64 [n]."""
    difference = (images.astype(np.float64) - originals).reshape(len(images), -1)
    return np.mean(np.square(difference), axis=1)


class UntargetedAttack(MinimizationAttack):
    """An attack that looks for any misclassification, as near to the image as possible.

    An image that is already misclassified is not attacked. If no adversarial image is found, the original is
    returned.
    """

    distance = l2

    def run(self, model, inputs, criterion, *, early_stop=None, **kwargs):
        """Returns attacked images, of the type of `inputs` [n, h, w, c]; called by Foolbox.

        Raises:
            InputError: For any criterion other than `foolbox.Misclassification`.
        """
        raise_if_kwargs(kwargs)
        tensor, restore = ep.astensor_(inputs)
        verify_input_bounds(tensor, model)
        criterion = get_criterion(criterion)
        if not isinstance(criterion, Misclassification):
            raise InputError(f"the criterion {criterion!r}", "foolbox.Misclassification", "give the labels")
        images, labels = tensor.numpy().copy(), criterion.labels.numpy()
        classifier = Classifier(model, tensor)
        rows = np.flatnonzero(~classifier.misclassified(images, labels))
        if len(rows):
            images[rows] = self.search(classifier, images[rows], labels[rows], rows)
        return restore(ep.from_numpy(tensor, images))

    @abstractmethod
    def search(
        self, classifier: Classifier, images: np.ndarray, labels: np.ndarray, rows: np.ndarray
    ) -> np.ndarray:
        """Returns adversarial images, within the bounds, for correctly classified ones; the originals on failure.

        Args:
            classifier: The classifier to query.
            images: float32 [n, h, w, c], not to be changed.
            labels: int64 [n].
            rows: int [n]: the images' places in the attack's input.
        """


class RandomAttack(UntargetedAttack):
    """An attack with random draws, which depend on nothing but the seed and each image's place.

    Args:
        seed: Seed of the draws.
        first: Place of the first image, if images are attacked in batches.
    """

    def __init__(self, seed: int = 0, first: int = 0):
        self.seed, self.first = seed, first

    def generators(self, rows: np.ndarray, repetition: int = 0) -> list[np.random.Generator]:
        """Returns a generator for each image, new in each repetition."""
        return [np.random.default_rng([self.seed, self.first + int(row), repetition]) for row in rows]

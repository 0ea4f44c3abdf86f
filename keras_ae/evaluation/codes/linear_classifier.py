"""One dense layer trained with Adam under a one-cycle learning rate, in NumPy.

A step of such a small model takes less time than a framework's overhead, and threads train the classifiers of
several seeds in parallel.
"""

from dataclasses import dataclass

import keras
import numpy as np
from scipy.special import expit

from keras_ae.schedules import OneCycle

BETA_1, BETA_2, EPSILON = 0.9, 0.99, 1e-8


@dataclass(frozen=True)
class ProbeTraining:
    """Training settings of a linear classifier; the defaults are those of the bottleneck-shape paper's authors.

    Attributes:
        epochs: Maximum number of epochs.
        batch_size: Maximum number of images per step.
        steps: Minimum number of steps per epoch: small sets come in smaller batches. With one or two steps per
            epoch, training would stop before it learned anything; the authors' smallest set has 24.
        learning_rate: Peak of the one-cycle schedule, which spans all `epochs` even if training stops early.
        weight_decay: Decoupled: each step shrinks the weights by this times the learning rate.
        min_improvement: Minimum decrease of the lowest validation loss that counts as an improvement.
        patience: Number of consecutive epochs without improvement after which training stops.
        standardize: Whether to standardise each code value over the training split. The authors did not; without
            it, training on codes of small values is slow and stops early.

    Example:
        >>> kae.evaluation.ProbeTraining(epochs=20).learning_rate
        0.003
    """

    epochs: int = 100
    batch_size: int = 128
    steps: int = 20
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    min_improvement: float = 1e-3
    patience: int = 1
    standardize: bool = False


def fit_linear(train, validation, training: ProbeTraining, exclusive: bool, generator: np.random.Generator):
    """Trains one dense layer until the validation loss stops falling.

    Args:
        train, validation: Pairs of codes, float32 [n, d], and targets, float32 [n, k] of zeros and ones.
        training: Training settings.
        exclusive: Whether each target is one of k classes (cross-entropy), or k attributes (binary cross-entropy,
            mean over the attributes).
        generator: Draws the initial weights, uniform within ±1/√d, and the order of each epoch.

    Returns:
        Kernel [d, k] and bias [k] when training stopped, and the number of epochs.
    """
    codes, targets = train
    values, limit = codes.shape[1], codes.shape[1] ** -0.5
    weights = [
        generator.uniform(-limit, limit, shape).astype(np.float32)
        for shape in ((values, targets.shape[1]), targets.shape[1:])
    ]
    adam = _Adam(weights, training.weight_decay)
    batch = min(training.batch_size, max(1, len(codes) // training.steps))
    starts = range(0, len(codes), batch)
    schedule = OneCycle(training.learning_rate, max(2, training.epochs * len(starts)))
    rates = keras.ops.convert_to_numpy(schedule(np.arange(schedule.steps))).reshape(-1).tolist()
    lowest, waited = np.inf, 0
    for epoch in range(training.epochs):
        order = generator.permutation(len(codes))
        for step, start in enumerate(starts, start=epoch * len(starts)):
            rows = order[start : start + batch]
            adam.step(_gradients(weights, codes[rows], targets[rows], exclusive), rates[step])
        loss = _loss(weights, validation[0], validation[1], exclusive)
        better = loss < lowest - training.min_improvement
        lowest, waited = (loss, 0) if better else (lowest, waited + 1)
        if waited >= training.patience:
            break
    return *weights, epoch + 1


def logits(codes: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Returns the outputs of the dense layer, [n, k], before the softmax or the sigmoids."""
    return codes @ kernel + bias


def _gradients(weights, codes, targets, exclusive: bool) -> list[np.ndarray]:
    """Returns the gradients of the mean loss of a batch with respect to kernel and bias."""
    outputs = logits(codes, *weights)
    error = (_softmax(outputs) if exclusive else expit(outputs)) - targets
    error /= len(codes) if exclusive else error.size
    return [codes.T @ error, error.sum(axis=0)]


def _softmax(outputs: np.ndarray) -> np.ndarray:
    """Same as SciPy's, over rows, without its checks, which take longer than a step's arithmetic."""
    exponentials = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _loss(weights, codes, targets, exclusive: bool) -> float:
    outputs = logits(codes, *weights)
    if exclusive:
        return float(np.mean(np.logaddexp.reduce(outputs, axis=1) - np.sum(outputs * targets, axis=1)))
    return float(np.mean(np.logaddexp(0, outputs) - outputs * targets))


class _Adam:
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019, algorithm 2), changing arrays in place."""

    def __init__(self, weights: list[np.ndarray], weight_decay: float):
        self.weights, self.weight_decay, self.steps = weights, weight_decay, 0
        self.means = [np.zeros_like(w) for w in weights]
        self.squares = [np.zeros_like(w) for w in weights]

    def step(self, gradients: list[np.ndarray], rate: float) -> None:
        self.steps += 1
        step_size = rate / (1 - BETA_1**self.steps)
        correction = (1 - BETA_2**self.steps) ** -0.5
        for weight, mean, square, gradient in zip(self.weights, self.means, self.squares, gradients, strict=True):
            mean += (1 - BETA_1) * (gradient - mean)
            square += (1 - BETA_2) * (np.square(gradient) - square)
            weight *= 1 - rate * self.weight_decay
            weight -= step_size * mean / (np.sqrt(square) * correction + EPSILON)

"""Computes tables from a trained bottleneck's own prior, in double precision."""

import numpy as np
from keras import ops
from scipy.special import expit

from keras_ae.bottlenecks import EntropyCoded, ScaleHyperprior
from keras_ae.compression.entropy import Conditional, Entropy, Independent
from keras_ae.compression.integer_network import LEVELS, IntegerNetwork
from keras_ae.compression.tables import WIDEST, of_probabilities
from keras_ae.layers import FactorizedPrior


def entropy_of(bottleneck: EntropyCoded, step: float = 1.0) -> Entropy:
    """Returns the tables of an entropy-coded bottleneck's prior, for codes rounded to `step` times its own step.

    Example:
        >>> bottleneck = kae.bottlenecks.EntropyCoded(2)
        >>> _ = bottleneck(np.ones((1, 5), "float32"))
        >>> len(entropy_of(bottleneck).tables)
        2
    """
    if not isinstance(bottleneck, ScaleHyperprior):
        return Independent(of_probabilities(_distributions(bottleneck.prior, step)))
    layers = [[ops.convert_to_numpy(each) for each in layer.weights] for layer in bottleneck.side_decoder]
    network = IntegerNetwork.of([kernel for kernel, _ in layers], [bias for _, bias in layers])
    span = bottleneck.largest_scale / bottleneck.smallest_scale
    scales = bottleneck.smallest_scale * span ** (np.arange(LEVELS) / (LEVELS - 1))
    given = [_probabilities(lambda values, scale=scale: values / scale, step) for scale in scales]
    side = _distributions(bottleneck.prior, 1.0)
    return Conditional(of_probabilities([*side, *((-WIDEST // 2, each) for each in given)]), network)


def _distributions(prior: FactorizedPrior, step: float) -> list[tuple[int, np.ndarray]]:
    """Returns each channel's lowest value, and the probabilities from it on."""
    return [(-WIDEST // 2, each) for each in _probabilities(lambda values: logits(prior, values), step)]


def _probabilities(logits_of, step: float) -> np.ndarray:
    """Returns probabilities of the integers from −2048 to 2047: differences of the sigmoid of log-odds."""
    odds = logits_of((np.arange(-WIDEST // 2, WIDEST // 2 + 1) - 0.5) * step)
    # In the smaller of the two tails, where differences are exact.
    flipped = np.where(odds[..., :-1] > 0, -1.0, 1.0)
    return np.abs(expit(flipped * odds[..., 1:]) - expit(flipped * odds[..., :-1]))


def logits(prior: FactorizedPrior, values: np.ndarray) -> np.ndarray:
    """Returns the log-odds of each channel's cumulative distribution at values [n]: float64 [channels, n].

    Example:
        >>> prior = kae.layers.FactorizedPrior()
        >>> prior.build((None, 3))
        >>> bool((np.diff(logits(prior, np.linspace(-5, 5, 9))) > 0).all())
        True
    """
    rows = np.asarray(values, np.float64) * ops.convert_to_numpy(prior.factors()).astype(np.float64)[:, None, None]
    for i, (matrix, bias) in enumerate(zip(prior.matrices, prior.biases, strict=True)):
        matrix, bias = (ops.convert_to_numpy(each).astype(np.float64) for each in (matrix, bias))
        rows = np.logaddexp(0.0, matrix) @ rows + bias
        if i < len(prior.gates):
            rows = rows + np.tanh(ops.convert_to_numpy(prior.gates[i]).astype(np.float64)) * np.tanh(rows)
    return rows[:, 0]

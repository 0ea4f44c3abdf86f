"""The base class of bottlenecks with a finite set of codes."""

from math import prod

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.dense import Dense

SMALLEST = 1e-9  # share of an index below which it counts as 0
RARE = 0.1  # fraction of the average share below which an index counts as unused


class Discrete(Dense):
    """A dense code whose values [..., units] are quantised, at each position, to one of finitely many codes.

    The code at a position stands for one integer per entry of `sizes`, each below its size. Training logs show
    "usage", the fraction of an integer's values that occur at least a tenth as often as the average one, and
    "perplexity", the exponential of its entropy, 1 to its size. Both are averaged over the integers of a position;
    the shares are exponential moving averages over training batches.

    A subclass sets `sizes` and overrides `discretize`, `indices` and `codes`; it calls `observe` in training.

    Args:
        units: Length of the code (at each position).
        decay: Fraction of the observed shares that each training step keeps, 0 to below 1.
        **kwargs: Options of `Dense`.

    Raises:
        InputError: If `decay` is out of range.

    Example:
        >>> bottleneck = kae.bottlenecks.FiniteScalar(units=2, levels=(3, 5))
        >>> bottleneck.sizes, bottleneck.codebook_size
        ((3, 5), 15)
    """

    measured = ("usage", "perplexity")

    def __init__(self, units: int, decay: float = 0.99, **kwargs):
        super().__init__(units, **kwargs)
        if not 0 <= decay < 1:
            raise InputError(f"decay={decay}", "0 to below 1")
        self.decay = decay

    @property
    def codebook_size(self) -> int:
        """Number of different codes at a position."""
        return prod(self.sizes)

    def build(self, input_shape):
        super().build(input_shape)
        shape = (len(self.sizes), max(self.sizes))
        options = {"initializer": "zeros", "trainable": False, "dtype": "float32", "aggregation": "mean"}
        self.shares = self.add_weight(shape=shape, name="shares", autocast=False, **options)

    def call(self, features, training=False):
        return self.discretize(super().call(features, training=training), training)

    def discretize(self, values, training):
        """Returns the code that quantises values [batch, ..., units]; in training, with their gradient."""
        raise NotImplementedError

    def indices(self, code):
        """Returns the integers of a code: [batch, ..., units] → int32 [batch, ..., integers]."""
        raise NotImplementedError

    def codes(self, indices):
        """Returns the code of integers: the inverse of `indices`."""
        raise NotImplementedError

    def as_codes(self, codes):
        if "int" not in keras.backend.standardize_dtype(codes.dtype):
            return codes
        is_array = isinstance(codes, np.ndarray)  # The values of tensors may not be known yet.
        if is_array and codes.size and not ((codes >= 0) & (codes < self.sizes)).all():
            largest = ", ".join(str(size - 1) for size in dict.fromkeys(self.sizes))
            raise InputError(f"integers from {codes.min()} to {codes.max()} as codes", f"0 to {largest}")
        return self.codes(codes)

    def observe(self, indices):
        """Updates the shares with those of a batch's integers; returns the batch's shares and the updated ones."""
        parts, size = self.shares.shape
        flat = ops.reshape(indices, (-1, parts)) + size * ops.arange(parts, dtype="int32")
        ones = ops.ones_like(flat, dtype="float32")
        counts = ops.segment_sum(ops.reshape(ones, (-1,)), ops.reshape(flat, (-1,)), num_segments=parts * size)
        seen = ops.reshape(counts, (parts, size)) / ops.cast(ops.shape(flat)[0], "float32")
        self.shares.assign(self.decay * self.shares + (1.0 - self.decay) * seen)
        return seen, ops.convert_to_tensor(self.shares)

    def measures(self):
        shares = self.shares / ops.maximum(ops.sum(self.shares, axis=1, keepdims=True), SMALLEST)
        entropy = -ops.sum(shares * ops.log(ops.maximum(shares, SMALLEST)), axis=1)
        sizes = np.array(self.sizes, np.float32)
        used = ops.mean(ops.sum(ops.cast(shares > RARE / sizes[:, None], "float32"), axis=1) / sizes)
        return {"usage": used, "perplexity": ops.mean(ops.exp(entropy))}

    def get_config(self):
        return {**super().get_config(), "decay": self.decay}


def straight_through(values, code):
    """Returns `code` with the gradient of `values`, as if quantisation were the identity.

    Example:
        >>> float(straight_through(ops.convert_to_tensor(0.75), ops.convert_to_tensor(1.0)))
        1.0
    """
    return values + ops.stop_gradient(code - values)

"""An autoregressive density of discrete codes: a small transformer with causal attention."""

from typing import Self

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae._support.execution import MANY_STEPS, most_steps_a_call, require_tensorflow
from keras_ae.code_shapes import whole_number
from keras_ae.density import causal_transformer as transformer
from keras_ae.density.base import Density, steps_for
from keras_ae.optimizers import Adam

FEWEST = 2  # codes; a useful fit takes some thousands
BATCH = 64
STEPS_BY_DEFAULT = 10, 1_000, 8_000  # passes over the codes, fewest and most steps
AT_ONCE = 500  # sequences sampled together, with their keys and values in memory


class Autoregressive(Density):
    """The probability of integer codes, Πᵢ p(kᵢ | k₁ … kᵢ₋₁): position by position, and row by row of a map.

    Fit it to the output of `encode(…, indices=True)` for a discrete bottleneck: integers [n, …, integers per
    position]. It samples integers too, which `model.decode` takes. One transformer with causal attention models
    all conditionals, fitted by minimising the mean of −log p. An integer larger than any seen in the same part of
    a position has probability 0. Source: van den Oord et al., "Neural discrete representation learning", 2017,
    section 3.3, with the transformer of Vaswani et al., 2017 (pre-normalised), in place of the PixelCNN.

    Args:
        steps: Training steps, of 64 codes each; by default ten passes over the codes, clipped to between 1,000
            and 8,000 steps. A thousand take some ten seconds for 8 integers, longer for more. Too many overfit few
            codes: compare the log densities of held-out codes.
        width: Width of the transformer, a multiple of 4.
        blocks: Number of transformer blocks.
        learning_rate: Peak learning rate, after a warm-up over a tenth of the steps; then a cosine decay to 0.
        seed: Seed of the network's weights and of its training.

    Raises:
        InputError: If the width is not a multiple of 4.

    Example:
        >>> codes = np.random.default_rng(0).integers(4, size=(50, 2, 2, 1))
        >>> density = kae.density.Autoregressive(steps=10, width=8, blocks=1).fit(codes)
        >>> density.sample(3).shape, density.log_prob(codes).shape
        ((3, 4), (50,))
    """

    name, title, discrete = "autoregressive", "autoregressive", True

    def __init__(
        self,
        steps: int | None = None,
        width: int = 64,
        blocks: int = 2,
        learning_rate: float = 3e-3,
        seed: int = 0,
    ):
        self.steps = None if steps is None else whole_number("steps", steps)
        self.width = whole_number("width", width)
        self.blocks, self.learning_rate, self.seed = whole_number("blocks", blocks), learning_rate, seed
        if width % transformer.HEADS:
            raise InputError(f"width={width}", f"a multiple of {transformer.HEADS}")

    def fewest(self, dimensions: int) -> int:
        return FEWEST

    def fit(self, codes) -> Self:
        """Fits the density to integers [n, …, integers per position]; returns itself.

        Raises:
            InputError: If there are too few codes, or they are not integers from 0 up.
        """
        codes = np.asarray(codes)
        if codes.dtype.kind not in "iu" or codes.ndim < 2 or (codes.size and codes.min() < 0):
            received = f"{codes.dtype} codes of {codes.shape[1:]} for the density {self.name!r}"
            raise InputError(received, "integers from 0 on", "encode with indices=True, by a discrete bottleneck")
        self._parts = codes.shape[-1]
        return super().fit(codes)

    def _fit(self, codes: np.ndarray) -> Self:
        tokens = codes.astype(np.int32)
        sizes = tokens.reshape(-1, self._parts).max(axis=0) + 1
        counts = (tokens[:, :, None] == np.arange(sizes.max())).sum(axis=0) + 0.5
        allowed = np.arange(sizes.max()) < np.resize(sizes, tokens.shape[1])[:, None]
        biases = np.where(allowed, np.log(counts / len(tokens)), transformer.HIDDEN)
        self._set_sizes(sizes, tokens.shape[1])
        first = transformer.initial_weights(
            int(sizes.sum()), tokens.shape[1], self.width, self.blocks, biases, self.seed
        )
        self.weights = _fitted(first, tokens, self)
        return self

    def _set_sizes(self, sizes: np.ndarray, length: int) -> None:
        self.sizes, self.length = sizes, length
        rows = np.cumsum(sizes) - sizes  # of each part's first value, in the table of all parts
        self.offsets = np.resize(rows, length).astype(np.int32)

    def _arrays(self):
        return {"sizes": self.sizes, **self.weights}

    @classmethod
    def from_arrays(cls, arrays):
        made = cls(width=arrays["start"].shape[0])
        made.weights = {name: array for name, array in arrays.items() if name != "sizes"}
        made._set_sizes(arrays["sizes"], len(arrays["places"]))
        return made

    def _log_prob(self, codes):
        tokens = ops.cast(ops.round(codes), "int32")
        known = (tokens >= 0) & (tokens < np.resize(self.sizes, len(self.offsets)).astype(np.int32))
        tokens = ops.where(known, tokens, 0)
        logits = transformer.sequence_logits(self.weights, tokens + self.offsets)
        values = ops.arange(logits.shape[-1], dtype="int32")
        own = ops.where(tokens[..., None] == values, ops.log_softmax(logits), 0.0)
        return ops.sum(ops.where(known, ops.sum(own, axis=2), transformer.HIDDEN), axis=1)

    def sampler(self):
        import tensorflow as tf

        def draw(count, seed):
            at_once = tf.minimum(count, AT_ONCE)
            parts = tf.range(-(-count // tf.maximum(at_once, 1)))
            drawn = tf.map_fn(
                lambda part: transformer.drawn_sequences(
                    self.weights, self.offsets, at_once, tf.stack([seed, self.length * part])
                ),
                parts,
                parallel_iterations=1,
            )
            return tf.reshape(drawn, (-1, self.length))[:count]

        return draw


class _Transformer(keras.layers.Layer):
    """The transformer with its arrays as variables: for training only, never saved."""

    def __init__(self, arrays, offsets):
        super().__init__(dtype="float32")
        self.names, self.offsets = list(arrays), offsets
        for name, array in arrays.items():
            initializer = keras.initializers.Constant(array)
            setattr(self, f"of_{name}", self.add_weight(shape=array.shape, initializer=initializer, name=name))

    def call(self, tokens):
        weights = {name: ops.convert_to_tensor(getattr(self, f"of_{name}")) for name in self.names}
        return transformer.sequence_logits(weights, tokens + self.offsets)


def _fitted(arrays, tokens: np.ndarray, settings: Autoregressive) -> dict[str, np.ndarray]:
    """Returns the arrays of a transformer fitted to integers [n, d]."""
    require_tensorflow("fit this density")
    import tensorflow as tf

    steps = settings.steps or steps_for(tokens, BATCH, *STEPS_BY_DEFAULT)
    layer = _Transformer(arrays, settings.offsets)
    model = keras.Sequential([keras.Input((tokens.shape[1],), dtype="int32"), layer])
    warm = max(1, steps // 10)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm), warmup_target=settings.learning_rate, warmup_steps=warm
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    per_call = most_steps_a_call(MANY_STEPS, [steps])
    model.compile(Adam(rate, clipnorm=1.0), loss, jit_compile=False, steps_per_execution=per_call)
    data, seed = tf.constant(tokens), int(np.random.default_rng(settings.seed).integers(2**30))

    def batch(step):
        which = tf.random.stateless_uniform(
            (BATCH,), tf.stack([seed, tf.cast(step, tf.int32)]), 0, len(tokens), tf.int32
        )
        rows = tf.gather(data, which)
        return rows, rows

    model.fit(tf.data.Dataset.range(steps).map(batch).prefetch(8), shuffle=False, verbose=0)
    return {name: np.array(getattr(layer, f"of_{name}")) for name in layer.names}

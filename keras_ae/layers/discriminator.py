"""The network that tells two distributions of codes apart."""

import keras
from keras import ops

from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_numbers
from keras_ae.layers.spectral_normalization import SpectralNormalization


@keras.saving.register_keras_serializable(package="keras_ae")
class Discriminator(keras.layers.Layer):
    """A perceptron from rows [n, d] to logits [n, 1]: the log-odds that a row is of one kind, not the other.

    It is the second player of a bottleneck: both are trained in the same step. `distinguish` adds to the loss what
    the discriminator minimises, with a gradient for it alone; `held` gives its logits, with a gradient for the
    rows alone.

    Args:
        hidden: Widths of the hidden layers; their activation is a LeakyReLU of negative slope 0.2.
        normalized: Whether the kernels are spectrally normalised, which keeps the logits' slope small.

    Example:
        >>> discriminator = kae.layers.Discriminator(hidden=(8,))
        >>> tuple(discriminator(np.ones((3, 2), "float32")).shape)
        (3, 1)
    """

    def __init__(self, hidden: tuple[int, ...] = (64, 64), normalized: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.hidden, self.normalized = whole_numbers("hidden", hidden), normalized
        self.dense = [self._wrapped(self.hidden_layer(n, f"hidden_{i}")) for i, n in enumerate(self.hidden)]
        self.logit = self._wrapped(self.logit_layer("logit"))

    def hidden_layer(self, width: int, name: str) -> keras.layers.Layer:
        """Returns a hidden layer, without activation."""
        return keras.layers.Dense(width, dtype=self.dtype_policy, name=name)

    def logit_layer(self, name: str) -> keras.layers.Layer:
        """Returns the layer that gives the logits."""
        return keras.layers.Dense(1, dtype=self.dtype_policy, name=name)

    def _wrapped(self, layer: keras.layers.Layer) -> keras.layers.Layer:
        return SpectralNormalization(layer, name=layer.name) if self.normalized else layer

    def build(self, input_shape):
        shape = input_shape
        for layer in (*self.dense, self.logit):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def call(self, rows, training=False):
        for layer in self.dense:
            rows = ops.leaky_relu(layer(rows, training=training), negative_slope=0.2)
        return self.logit(rows, training=training)

    def held(self, rows):
        """Returns the float32 logits of rows; their gradient reaches the rows but not this layer's weights."""
        logits = ops.cast(self(rows, training=False), "float32")
        # In the difference, which is 0, the effect of the weights cancels, as neither call changes their norm.
        same = ops.cast(self(ops.stop_gradient(rows), training=False), "float32")
        return ops.stop_gradient(logits) + logits - same

    def cross_entropy(self, ones, others, training=None):
        """Returns the mean cross-entropy, in nats, of telling rows of the one kind from others.

        Guessing at random gives log 2. The gradient reaches this layer's weights alone.

        Args:
            ones, others: Rows [n, d] of either kind.
            training: Whether spectrally normalised kernels learn their norm; None takes the surrounding layer's.
        """
        rows = (ops.stop_gradient(each) for each in (ones, others))
        first, second = (ops.cast(self(each, training=training), "float32") for each in rows)
        return 0.5 * (ops.mean(ops.softplus(-first)) + ops.mean(ops.softplus(second)))

    def distinguish(self, ones, others) -> None:
        """Adds the `cross_entropy` to the loss."""
        self.add_loss(self.cross_entropy(ones, others))

    def compute_output_shape(self, input_shape):
        for layer in (*self.dense, self.logit):
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def get_config(self):
        return {**super().get_config(), "hidden": self.hidden, "normalized": self.normalized}

    @classmethod
    def examples(cls):
        return [Example({"hidden": [8, 8]}, (3,)), Example({"hidden": [4], "normalized": True}, (2,))]

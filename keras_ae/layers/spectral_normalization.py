"""Spectral normalisation as a reparametrisation (Miyato et al., 2018)."""

import keras
from keras import ops

from keras_ae.catalogue import Example

INITIAL_ITERATIONS = 15
SMALLEST = 1e-12


@keras.saving.register_keras_serializable(package="keras_ae")
class SpectralNormalization(keras.layers.Wrapper):
    """Wraps a layer so that it computes with W / σ(W), where σ(W) is the largest singular value of its kernel W.

    The stored kernel stays unnormalised, so optimizers and frozen kernels work as usual, and inference uses σ of
    the current kernel. The kernel counts as a matrix [output channels, everything else], as in the paper;
    for convolutions σ is therefore not the norm of the convolution itself. Each call makes `iterations` steps of
    power iteration. Training keeps the resulting vector as state, which is saved. No gradient passes through the
    vector (Miyato et al., eq. 10 to 12).

    Args:
        layer: A layer with a `kernel`: dense, convolution or transposed convolution.
        iterations: Steps of power iteration per call.

    Example:
        >>> layer = kae.layers.SpectralNormalization(keras.layers.Dense(2, use_bias=False))
        >>> layer.build((None, 2))
        >>> _ = layer.layer.kernel.assign([[4.0, 0.0], [0.0, 1.0]])
        >>> for _ in range(20):
        ...     outputs = layer(np.eye(2, dtype="float32"), training=True)
        >>> np.round(ops.convert_to_numpy(outputs), 3).tolist()
        [[1.0, 0.0], [0.0, 0.25]]
    """

    def __init__(self, layer: keras.layers.Layer, iterations: int = 1, **kwargs):
        # The wrapped layer computes in its own dtype; the singular value is computed in float32.
        super().__init__(layer, autocast=False, **{**kwargs, "dtype": "float32"})
        self.iterations = iterations

    def build(self, input_shape=None):
        super().build(input_shape)
        self.vector = self.add_weight(
            shape=(self._matrix().shape[-1],), initializer=self._first, trainable=False, name="singular_vector"
        )

    def _matrix(self):
        """Returns the kernel as a matrix [everything else, output channels]."""
        kernel = ops.cast(self.layer.kernel, "float32")
        if isinstance(self.layer, keras.layers.Conv2DTranspose):  # [height, width, output, input channels]
            kernel = ops.swapaxes(kernel, -1, -2)
        return ops.reshape(kernel, (-1, kernel.shape[-1]))

    def _first(self, shape, dtype=None):
        # An integer seed: layers may be built within another model's symbolic call, where no state can change.
        start = _unit(keras.random.normal(shape, dtype="float32", seed=0))
        return _iterated(self._matrix(), start, INITIAL_ITERATIONS)

    def call(self, inputs, training=False):
        matrix = self._matrix()
        vector = ops.stop_gradient(_iterated(matrix, self.vector, self.iterations))
        if training:
            self.vector.assign(vector)
        largest = ops.norm(ops.matmul(matrix, vector))
        kernel = ops.cast(self.layer.kernel, "float32") / ops.maximum(largest, SMALLEST)
        # Pass all of the layer's variables: JAX would read any other from outside an enclosing scope.
        values = [(v, kernel if v is self.layer.kernel else v.value) for v in self.layer.variables]
        with keras.StatelessScope(state_mapping=values):
            return self.layer(inputs)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "iterations": self.iterations}

    @classmethod
    def examples(cls):
        return [
            Example({"layer": keras.layers.Dense(4)}, (6,)),
            Example({"layer": keras.layers.Conv2D(4, 3, 2, "same"), "iterations": 2}, (4, 6, 3)),
            Example({"layer": keras.layers.Conv2DTranspose(3, 4, 2, "same", activation="relu")}, (2, 3, 4)),
        ]


def _unit(vector):
    return vector / ops.maximum(ops.norm(vector), SMALLEST)


def _iterated(matrix, vector, iterations: int):
    """Moves the vector [columns] towards the first right singular vector of the matrix [rows, columns]."""
    for _ in range(iterations):
        vector = _unit(ops.matmul(_unit(ops.matmul(matrix, vector)), matrix))
    return vector

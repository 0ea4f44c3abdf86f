"""Spectral normalisation as a reparametrisation (Miyato et al., 2018)."""

import keras
from keras import ops

from keras_ae.catalogue import Example

INITIAL_ITERATIONS = 15
SMALLEST = 1e-12


@keras.saving.register_keras_serializable(package="keras_ae")
class SpectralNormalization(keras.layers.Wrapper):
    """A layer that computes with W / σ(W), σ being the largest singular value of its kernel W.

    The kernel is normalised where it is used and stored as it is: what an optimizer or nobody (a frozen kernel)
    does to it never meets the normalisation, and inference sees σ of the kernel as it now is. The kernel counts as
    a matrix of [output channels, everything else], which for convolutions is the method's bound and not the norm
    of the convolution. One step of the power iteration a call follows the kernel; the vector that it makes in
    training is state, and is saved. No gradient passes through the vector (Miyato et al., eq. 10 to 12).

    Args:
        layer: One with a `kernel`: a dense layer, a convolution or a transposed convolution.
        iterations: Steps of the power iteration a call.
    """

    def __init__(self, layer: keras.layers.Layer, iterations: int = 1, **kwargs):
        # The layer inside computes in its own type, the singular value comes from the kernel in float32.
        super().__init__(layer, autocast=False, **{**kwargs, "dtype": "float32"})
        self.iterations = iterations

    def build(self, input_shape=None):
        super().build(input_shape)
        self.vector = self.add_weight(
            shape=(self._matrix().shape[-1],), initializer=self._first, trainable=False, name="singular_vector"
        )

    def _matrix(self):
        """The kernel as [everything else, output channels]."""
        kernel = ops.cast(self.layer.kernel, "float32")
        if isinstance(self.layer, keras.layers.Conv2DTranspose):  # [height, width, output, input channels]
            kernel = ops.swapaxes(kernel, -1, -2)
        return ops.reshape(kernel, (-1, kernel.shape[-1]))

    def _first(self, shape, dtype=None):
        # A number as seed: in another model's symbolic call, where layers may be built, no state can be drawn on.
        start = _unit(keras.random.normal(shape, dtype="float32", seed=0))
        return _iterated(self._matrix(), start, INITIAL_ITERATIONS)

    def call(self, inputs, training=False):
        matrix = self._matrix()
        vector = ops.stop_gradient(_iterated(matrix, self.vector, self.iterations))
        if training:
            self.vector.assign(vector)
        largest = ops.norm(ops.matmul(matrix, vector))
        kernel = ops.cast(self.layer.kernel, "float32") / ops.maximum(largest, SMALLEST)
        # All of the layer's variables are given: what is left out would be read past an enclosing scope (JAX).
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
    """The vector [columns] nearer to the first right singular vector of the matrix [rows, columns]."""
    for _ in range(iterations):
        vector = _unit(ops.matmul(_unit(ops.matmul(matrix, vector)), matrix))
    return vector

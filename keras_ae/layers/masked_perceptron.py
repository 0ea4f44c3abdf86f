"""A perceptron in which each output depends on only some of the inputs (MADE: Germain et al., 2015)."""

import keras
import numpy as np
from keras import ops

from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_number, whole_numbers


@keras.saving.register_keras_serializable(package="keras_ae")
class MaskedPerceptron(keras.layers.Layer):
    """A perceptron with two outputs for each of d values, which see only values of lower degree and any context.

    Inputs [batch, ..., d + context] → outputs [batch, ..., 2d]: first one for each value, then the other. With
    degrees 1, 2, …, d it is autoregressive; with degrees 1 and 2 alone the first values determine the others.
    Source: Germain et al., "MADE: masked autoencoder for distribution estimation", sections 3 and 4.

    Args:
        degrees: Degree of each value, 1 or more. Any further inputs are context.
        hidden: Width of the hidden layer, whose activation is SiLU.

    Example:
        >>> layer = kae.layers.MaskedPerceptron(degrees=(1, 2), hidden=8)
        >>> first, second = ops.convert_to_numpy(layer(np.array([[1.0, 2.0], [1.0, 9.0]], "float32")))
        >>> np.array_equal(first, second)  # Nothing depends on the last value.
        True
    """

    def __init__(self, degrees: tuple[int, ...], hidden: int = 64, **kwargs):
        super().__init__(**kwargs)
        self.degrees, self.hidden = whole_numbers("degrees", degrees), whole_number("hidden", hidden)

    def build(self, input_shape):
        values, context = len(self.degrees), input_shape[-1] - len(self.degrees)
        degrees = np.array(self.degrees)
        of_hidden = 1 + np.arange(self.hidden) % max(1, degrees.max() - 1)
        self.mask_in = np.ones((values + context, self.hidden), "float32")
        self.mask_in[:values] = degrees[:, None] <= of_hidden
        self.mask_out = np.tile((of_hidden[:, None] < degrees).astype(np.float32), (1, 2))
        shapes = {"kernel_in": self.mask_in.shape, "kernel_out": self.mask_out.shape}
        shapes |= {"bias_in": (self.hidden,), "bias_out": (2 * values,)}
        for name, shape in shapes.items():
            initializer = "glorot_uniform" if len(shape) == 2 else "zeros"
            setattr(self, name, self.add_weight(shape=shape, initializer=initializer, name=name))
        # Straight from the context: the values of the lowest degree have no hidden unit.
        self.kernel_context = (
            self.add_weight(shape=(context, 2 * values), initializer="glorot_uniform", name="kernel_context")
            if context
            else None
        )

    def call(self, inputs):
        hidden = ops.silu(ops.matmul(inputs, self.kernel_in * ops.cast(self.mask_in, inputs.dtype)) + self.bias_in)
        outputs = ops.matmul(hidden, self.kernel_out * ops.cast(self.mask_out, inputs.dtype)) + self.bias_out
        if self.kernel_context is None:
            return outputs
        return outputs + ops.matmul(inputs[..., len(self.degrees) :], self.kernel_context)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 2 * len(self.degrees))

    def get_config(self):
        return {**super().get_config(), "degrees": self.degrees, "hidden": self.hidden}

    @classmethod
    def examples(cls):
        return [
            Example({"degrees": [2, 1, 3], "hidden": 8}, (5,)),
            Example({"degrees": [1, 2], "hidden": 4}, (2, 2)),
        ]

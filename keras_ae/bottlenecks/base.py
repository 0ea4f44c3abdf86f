"""What every bottleneck is."""

from types import SimpleNamespace

import keras

from keras_ae import numerics


class Bottleneck(keras.layers.Layer):
    """A layer from features to code that owns its parameters, its sampling and its penalty.

    It works on the last axis: features [batch, ..., channels] become a code [batch, ..., units], so one and the
    same bottleneck makes code vectors behind a flattened encoder and code maps behind a convolutional one.

    A subclass overrides `call(features, training)`, and `compute_output_shape` where it changes the shape. If it
    regularises the code it calls `penalize` and sets `penalizes`, so that the training logs show the penalty.
    """

    penalizes = False

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.schedulable = SimpleNamespace()  # Variables in a list or a dict Keras would take for weights.

    def penalize(self, values, weight: float = 1.0) -> None:
        """Add a penalty to the loss: `weight` · mean over images of the sum over the code.

        Args:
            values: [batch, ...], one value for each part of the code.
            weight: Factor in front of the sum.
        """
        self.add_loss(weight * keras.ops.mean(numerics.sum_per_image(keras.ops.cast(values, "float32"))))

    def make_schedulable(self, **numbers: float) -> None:
        """Keep numbers that `call` computes with as variables, which schedules may change between training steps.

        They are the attributes of `schedulable`: float32 scalars, among `variables` as the state of a random seed
        is, but no weights: neither counted nor saved.
        """
        for name, number in numbers.items():
            initial = keras.initializers.Constant(number)
            keywords = {"dtype": "float32", "trainable": False, "autocast": False, "name": name}
            setattr(self.schedulable, name, keras.Variable(initial, shape=(), **keywords))

    @property
    def variables(self):
        """As of `keras.layers.Layer`, with what is schedulable."""
        return [*super().variables, *vars(self.schedulable).values()]

    def compute_output_shape(self, input_shape):
        return input_shape

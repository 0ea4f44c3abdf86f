"""What every bottleneck is."""

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

    def penalize(self, values, weight: float = 1.0) -> None:
        """Add a penalty to the loss: `weight` · mean over images of the sum over the code.

        Args:
            values: [batch, ...], one value for each part of the code.
            weight: Factor in front of the sum.
        """
        self.add_loss(weight * keras.ops.mean(numerics.sum_per_image(keras.ops.cast(values, "float32"))))

    def compute_output_shape(self, input_shape):
        return input_shape

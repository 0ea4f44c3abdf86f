"""The base class of all bottlenecks."""

from types import SimpleNamespace

import keras
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import InputError


class Bottleneck(keras.layers.Layer):
    """A layer from features to code that owns its parameters, its sampling and its penalty.

    It maps the last axis: features [batch, ..., channels] become a code [batch, ..., units]. The same bottleneck
    therefore makes code vectors after a flattened encoder and code maps after a convolutional one.

    A subclass overrides `call(features, training)`, and `compute_output_shape` if it changes the shape. If it
    regularises the code, it calls `penalize` and sets `penalizes`, so that the training logs show the penalty. It
    names any other values to log in `measured`, and returns them from `measures`. A discrete bottleneck, whose
    code at each position stands for a few integers, sets `sizes` to the number of values of each and overrides
    `indices` and `codes`. One that draws several codes per image in training sets their number in `samples` and
    overrides `weigh`.

    Example:
        >>> class Halved(kae.bottlenecks.Bottleneck):
        ...     def call(self, features, training=False):
        ...         return features / 2
        >>> ops.convert_to_numpy(Halved()(np.array([[4.0, 6.0]], "float32"))).tolist()
        [[2.0, 3.0]]
    """

    penalizes = False
    measured: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    samples = 1
    adam_epsilon = 1e-7  # Adam's ε where `keras_ae.runs` trains the bottleneck

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.schedulable = SimpleNamespace()  # Keras would track variables in a list or a dict as weights.

    def attach(self, image_shape: tuple[int, ...], features_shape: tuple[int, ...]) -> None:
        """Receives the shapes of images and features; the autoencoder calls it on construction.

        Args:
            image_shape: (height, width, channels) of the images.
            features_shape: (..., channels) of the features of an image.
        """

    @property
    def rounding_noise(self) -> float:
        """Standard deviation of the error that rounding adds to codes."""
        return 0.0

    def gain(self, image_channels: int) -> float:
        """Returns the initial factor from coefficients of an orthonormal transform to codes."""
        return 1.0

    def pass_on(self, deviations, gain: float = 1.0) -> None:
        """Initialises the code to `gain` times the features, where the layer allows it; called before training.

        Args:
            deviations: Expected standard deviations of the features: an array [units].
            gain: Factor applied to the features.
        """

    def penalize(self, values, weight: float = 1.0) -> None:
        """Adds a penalty to the loss: `weight` · mean over images of the sum over the code.

        Args:
            values: [batch, ...], one value for each part of the code.
            weight: Factor of the sum.
        """
        self.add_loss(weight * ops.mean(numerics.sum_per_image(ops.cast(values, "float32"))))

    def make_schedulable(self, **numbers: float) -> None:
        """Keeps numbers that `call` uses as variables, which schedules may change between training steps.

        They become attributes of `schedulable`: float32 scalars that, like the state of a random seed, are among
        `variables` but not among the weights, so they are neither counted nor saved.
        """
        for name, number in numbers.items():
            initial = keras.initializers.Constant(number)
            keywords = {"dtype": "float32", "trainable": False, "autocast": False, "name": name}
            setattr(self.schedulable, name, keras.Variable(initial, shape=(), **keywords))

    @property
    def variables(self):
        """Same as `keras.layers.Layer.variables`, plus the schedulable variables."""
        return [*super().variables, *vars(self.schedulable).values()]

    def measures(self) -> dict:
        """Returns a scalar tensor for each name in `measured`, from the bottleneck's current variables."""
        return {}

    def weigh(self, losses):
        """Weighs the `samples` codes drawn for each image of a batch.

        Args:
            losses: float32 [batch · samples]: the loss of each code with its penalty, image by image.

        Returns:
            The codes' weights [batch · samples], which multiply losses and penalties and sum to `samples` for each
            image; and a term to add to the weighted mean. Neither has a gradient.
        """
        return ops.ones_like(losses), ops.zeros((), "float32")

    def indices(self, code):
        """Returns the integers that a discrete code [batch, ..., units] stands for: int32 [batch, ..., integers].

        Raises:
            InputError: If the bottleneck is not discrete.
        """
        raise self._not_discrete()

    def codes(self, indices):
        """Returns the discrete code of integers: the inverse of `indices`.

        Raises:
            InputError: If the bottleneck is not discrete.
        """
        raise self._not_discrete()

    def as_codes(self, codes):
        """Returns codes as the decoder takes them; a discrete bottleneck looks integers up."""
        return codes

    def _not_discrete(self) -> InputError:
        expected = "a discrete one, such as VectorQuantized or FiniteScalar"
        return InputError(f"a {type(self).__name__} bottleneck for codes as integers", expected)

    def compute_output_shape(self, input_shape):
        return input_shape

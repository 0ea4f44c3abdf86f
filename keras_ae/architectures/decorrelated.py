"""The autoencoder of the decorrelated-bottleneck paper."""

from typing import Any

from keras_ae.architectures.fully_connected import fully_connected
from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Decorrelated, Dense
from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import vector_length


@with_examples(
    Example({"input_shape": (4, 6, 1), "code_shape": (3,), "hidden": (8,)}),
    Example({"input_shape": (5, 5, 1), "code_shape": (2,), "hidden": (6, 4), "alpha": 0.0, "code_slope": 1.0}),
)
def decorrelated(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int],
    alpha: float = 0.005,
    form: str = "squared",
    hidden: tuple[int, ...] = (128, 64),
    negative_slope: float = 0.2,
    code_slope: float = 0.2,
    initializer: str = "glorot_uniform",
    name: str = "decorrelated_autoencoder",
) -> Autoencoder:
    """784–128–64–n–64–128–784 for MNIST: dense layers with LeakyReLU, a final sigmoid and a decorrelation penalty.

    Source: "On reducing the correlation of bottleneck representations in autoencoders", section 3: binary
    cross-entropy, Adam at 5e-4, batches of 128, 100 epochs. The paper does not state the LeakyReLU's slope.

    Args:
        input_shape: (height, width, channels) of the images.
        code_shape: (n,) of the code.
        alpha: Weight α of the penalty; with 0 the bottleneck is a plain dense layer (the paper's standard loss).
        form: Form of the penalty: "squared", "absolute", "signed" or "correlation" (see
            `keras_ae.layers.Decorrelation`).
        hidden: Units of the encoder's layers; the decoder's are the same in reverse.
        negative_slope: Negative slope of the hidden layers' LeakyReLU.
        code_slope: Negative slope of the LeakyReLU on the code; 1 makes the code linear.
        initializer: Initializer of all kernels.
        name: Name of the model.

    Raises:
        InputError: If the code is not a vector.

    Example:
        >>> model = kae.architectures.decorrelated((28, 28, 1), (10,))
        >>> model.code_shape, model.bottleneck.decorrelation.alpha
        ((10,), 0.005)
    """
    options: dict[str, Any] = {"activation": code_slope, "initializer": initializer, "name": "bottleneck"}
    units = vector_length(code_shape)
    bottleneck = Decorrelated(units, alpha, form, **options) if alpha else Dense(units, **options)
    return fully_connected(
        input_shape,
        code_shape,
        hidden,
        activation=negative_slope,
        initializer=initializer,
        bottleneck=bottleneck,
        name=name,
    )

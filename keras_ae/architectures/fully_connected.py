"""A fully-connected autoencoder."""

from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Bottleneck
from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import whole_numbers
from keras_ae.networks import fully_connected_decoder, fully_connected_encoder


@with_examples(
    Example({"input_shape": (4, 6, 3), "code_shape": (3,), "hidden": (8,)}),
    Example({"input_shape": (5, 5, 1), "code_shape": (2,), "bottleneck": "variational"}),
)
def fully_connected(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int],
    hidden: tuple[int, ...] = (128, 64),
    activation="leaky_relu",
    output_activation="sigmoid",
    initializer="glorot_uniform",
    bottleneck: Bottleneck | str = "dense",
    name: str = "fully_connected_autoencoder",
) -> Autoencoder:
    """Dense layers down to a code vector, and mirrored back up.

    Args:
        input_shape: (height, width, channels) of the images.
        code_shape: (length,) of the code.
        hidden: Units of the encoder's layers; the decoder's are the same in reverse.
        activation: Activation of the hidden layers; a number is the negative slope of a LeakyReLU.
        output_activation: Activation of the image; "sigmoid" keeps it in [0, 1].
        initializer: Kernel initializer of encoder and decoder.
        bottleneck: A bottleneck that produces such codes, or its name.
        name: Name of the model.

    Raises:
        InputError: If the code is not a vector, or the bottleneck makes codes of another length.

    Example:
        >>> model = kae.architectures.fully_connected((4, 6, 3), (3,), hidden=(8,))
        >>> tuple(model(np.ones((2, 4, 6, 3), "float32")).shape), model.code_shape
        ((2, 4, 6, 3), (3,))
    """
    hidden = whole_numbers("hidden", hidden)
    encoder = fully_connected_encoder(input_shape, hidden, activation, initializer)
    decoder = fully_connected_decoder(
        code_shape, input_shape, hidden[::-1], activation, output_activation, initializer
    )
    return Autoencoder(encoder, bottleneck, decoder, name=name)

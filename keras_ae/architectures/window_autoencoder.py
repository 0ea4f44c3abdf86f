"""The autoencoders of windows, to stand in a LEA or to reconstruct whole images."""

from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Bottleneck
from keras_ae.catalogue import Example, with_examples
from keras_ae.errors import unknown_name
from keras_ae.networks import (
    convolutional_window_encoder,
    fully_connected_window_decoder,
    fully_connected_window_encoder,
    spatial_broadcast_decoder,
    transposed_window_decoder,
)

PAIRS = ("fc", "conv", "sb")


@with_examples(
    Example({"input_shape": (4, 4, 2), "code_shape": (3,)}),
    Example(
        {"input_shape": (3, 6, 1), "code_shape": (6,), "pair": "conv", "kernels": 2, "bottleneck": "k_sparse"}
    ),
    Example(
        {
            "input_shape": (8, 8, 1),
            "code_shape": (2,),
            "pair": "sb",
            "kernels": 3,
            "kernel_size": 3,
            "bottleneck": "capacity_controlled",
        }
    ),
)
def window_autoencoder(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int],
    pair: str = "fc",
    kernels: int = 32,
    kernel_size: int = 4,
    output_activation="linear",
    bottleneck: Bottleneck | str = "dense",
    name: str = "window_autoencoder",
) -> Autoencoder:
    """One of the thesis's autoencoder types with one of its pairs of encoder and decoder.

    Its types by name: "dense" is the standard one, "k_sparse", "variational" (with `beta` the β-VAE), and
    "capacity_controlled". Trained alone its loss is `keras_ae.losses.SumSquaredError` (eq. 3.2), with Adam at
    1e-4. Source: Penhouët's thesis, section 3.3; with `kernel_size=3` the parameters are
    those of Table 3.1, for example 2,493,914 for "dense" and "fc" with 10 code values for 28×28×1.

    Args:
        input_shape: (height, width, channels) of the windows, or of whole images.
        code_shape: (length,) of the code.
        pair: "fc": dense layers; "conv": strided and transposed convolutions; "sb": strided convolutions and a
            spatial broadcast decoder.
        kernels: K of the convolutions.
        kernel_size: k of the convolutions; 4 is the text's default, and 3 the table's.
        output_activation: After the last layer; "sigmoid" for values in [0, 1], as a log loss needs it.
        bottleneck: A bottleneck that makes such codes, or the name of one.
        name: Of the model.

    Raises:
        InputError: For an unknown pair, or a code that is no vector.
    """
    if pair not in PAIRS:
        raise unknown_name("pair", pair, PAIRS)
    output = {"output_activation": output_activation}
    if pair == "fc":
        encoder = fully_connected_window_encoder(input_shape)
        decoder = fully_connected_window_decoder(code_shape, input_shape, **output)
    else:
        sizes = {"kernels": kernels, "kernel_size": kernel_size}
        encoder = convolutional_window_encoder(input_shape, **sizes)
        make_decoder = transposed_window_decoder if pair == "conv" else spatial_broadcast_decoder
        decoder = make_decoder(code_shape, input_shape, **sizes, **output)
    return Autoencoder(encoder, bottleneck, decoder, name=name)

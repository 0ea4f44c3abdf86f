"""The autoencoders of windows, for a LEA or for whole images."""

from keras_ae._support.errors import unknown_name
from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Bottleneck
from keras_ae.catalogue import Example, with_examples
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
    hidden: int | None = None,
    strides: int = 2,
    padding: str = "same",
    name: str = "window_autoencoder",
) -> Autoencoder:
    """One of the thesis's autoencoder types with one of its pairs of encoder and decoder.

    The types are bottlenecks: "dense" (the standard one), "k_sparse", "variational" (the β-VAE, with `beta`) and
    "capacity_controlled". On its own it is trained on `keras_ae.losses.SumSquaredError` (eq. 3.2) with Adam at
    1e-4. Source: Penhouët's thesis, section 3.3. With `kernel_size=3` the parameter counts are those of Table 3.1,
    for example 2,493,914 for "dense" and "fc" with 10 code values for 28×28×1.

    Args:
        input_shape: (height, width, channels) of the windows, or of whole images.
        code_shape: (length,) of the code.
        pair: "fc": dense layers; "conv": strided and transposed convolutions; "sb": strided convolutions and a
            spatial broadcast decoder.
        kernels: Number K of kernels per convolution.
        kernel_size: Side k of the kernels; the text's default is 4, the table's 3.
        output_activation: Activation of the last layer; "sigmoid" for values in [0, 1], which a log loss needs.
        bottleneck: A bottleneck that produces such codes, or its name.
        hidden: Units of the encoder's last layer, and of the "fc" decoder's first; the thesis's by default.
        strides, padding: Options of the convolutions of "conv" and "sb", inside a window.
        name: Name of the model.

    Raises:
        InputError: If the pair is unknown or the code is not a vector.

    Example:
        >>> kae.architectures.window_autoencoder((28, 28, 1), (10,), pair="fc").count_params()  # Table 3.1
        2493914
    """
    if pair not in PAIRS:
        raise unknown_name("pair", pair, PAIRS)
    output = {"output_activation": output_activation}
    if pair == "fc":
        encoder = fully_connected_window_encoder(input_shape, hidden)
        decoder = fully_connected_window_decoder(code_shape, input_shape, **output, hidden=hidden)
    else:
        sizes = {"kernels": kernels, "kernel_size": kernel_size}
        steps = {"strides": strides, "padding": padding}
        encoder = convolutional_window_encoder(input_shape, **sizes, **steps, hidden=hidden)
        if pair == "conv":
            decoder = transposed_window_decoder(code_shape, input_shape, **sizes, **steps, **output)
        else:
            decoder = spatial_broadcast_decoder(code_shape, input_shape, **sizes, **output)
    return Autoencoder(encoder, bottleneck, decoder, name=name)

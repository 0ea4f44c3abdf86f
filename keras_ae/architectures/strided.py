"""The autoencoder of strided and transposed convolutions with a code vector."""

from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Bottleneck, as_bottleneck
from keras_ae.catalogue import Example, with_examples
from keras_ae.networks import strided_decoder, strided_encoder


@with_examples(
    Example({"input_shape": (8, 8, 3), "code_shape": (3,), "filters": 4, "strided_layers": 2}),
    Example({"input_shape": (8, 4, 1), "code_shape": (2,), "filters": 2, "bottleneck": "variational"}),
)
def strided(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int],
    filters: int = 32,
    strided_layers: int = 4,
    kernel_size: int = 4,
    output_activation="sigmoid",
    bottleneck: Bottleneck | str = "dense",
    name: str = "strided_autoencoder",
) -> Autoencoder:
    """Strided convolutions of f, 2f, 4f, … filters onto a code vector; a decoder of three levels back.

    Source: Daly et al., section 4; the architecture is that of WAE (Tolstikhin et al.) and RAE (Ghosh et al.).

    Args:
        input_shape: (height, width, channels) of the images; 4 divides height and width.
        code_shape: (length,) of the code.
        filters: Channels f of the first convolution.
        strided_layers: Number of strided convolutions; the last has f·2^(strided_layers - 1) channels, and so
            have the decoder's first feature maps.
        kernel_size: Side of the kernels.
        output_activation: Of the image; "sigmoid" keeps it in [0, 1].
        bottleneck: A bottleneck that makes such codes, or the name of one.
        name: Of the model.

    Raises:
        InputError: If 4 does not divide the image's sides.
    """
    widths = [filters * 2**i for i in range(strided_layers)]
    encoder = strided_encoder(input_shape, tuple(widths), kernel_size)
    decoder_widths = (widths[-1], max(widths[-1] // 2, 1), max(widths[-1] // 4, 1))
    decoder = strided_decoder(code_shape, input_shape, decoder_widths, kernel_size, output_activation)
    return Autoencoder(encoder, as_bottleneck(bottleneck, code_shape[-1]), decoder, name=name)

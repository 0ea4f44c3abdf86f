"""The autoencoder of strided and transposed convolutions around a code vector."""

import numpy as np

from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Bottleneck
from keras_ae.catalogue import Example, with_examples
from keras_ae.code_shapes import decoder_halvings, image_shape_of, whole_number
from keras_ae.layers import MOMENTUM
from keras_ae.networks import regularized_decoder, strided_decoder, strided_encoder


@with_examples(
    Example({"input_shape": (8, 8, 3), "code_shape": (3,), "filters": 4, "strided_layers": 2}),
    Example({"input_shape": (8, 4, 1), "code_shape": (2,), "filters": 2, "bottleneck": "variational"}),
    Example({"input_shape": (8, 8, 1), "code_shape": (2,), "filters": 2, "depth": (2, 1, 1, 2), "spectral": True}),
    Example({"input_shape": (16, 8, 1), "code_shape": (2,), "filters": 2, "decoder_layers": None}),
)
def strided(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int],
    filters: int = 32,
    strided_layers: int = 4,
    kernel_size: int = 4,
    output_activation="sigmoid",
    bottleneck: Bottleneck | str = "dense",
    depth: int | tuple[int, ...] = 1,
    image_strides: int = 1,
    noise: float = 0.0,
    spectral: bool = False,
    weight_decay: float = 0.0,
    gradient_penalty: float = 0.0,
    momentum: float = MOMENTUM,
    decoder_layers: int | None = 2,
    name: str = "strided_autoencoder",
) -> Autoencoder:
    """Strided convolutions of f, 2f, 4f, … filters down to a code vector, and a decoder back up.

    Source: Daly et al., "Variational autoencoders without the variation", section 3; the architecture is that of
    WAE (Tolstikhin et al.), RAE (Ghosh et al.) and EAE (Ghose et al.). The paper's models of CIFAR-10 have 32 to
    256 filters; those of CelebA at 64×64 have kernel_size 5 and image_strides 2. The authors' code of WAE and
    RAE has a third transposed convolution there, of f filters, and a last one of stride 1 (decoder_layers=3); the
    paper's text can be read either way.

    The paper does not say how its depths [3, 3, 2, 1] of four encoder layers apply to its decoder. Here the
    decoder has as many convolutions as the encoder has with the same number of filters.

    Args:
        input_shape: (height, width, channels) of the images; 2^decoder_layers · image_strides must divide height
            and width.
        code_shape: (length,) of the code.
        filters: Channels f of the first convolution.
        strided_layers: Number of strided convolutions; the last, like the decoder's first feature maps, has
            f·2^(strided_layers - 1) channels.
        kernel_size: Side of the kernels.
        output_activation: Activation of the image; "sigmoid" keeps it in [0, 1].
        bottleneck: A bottleneck that produces such codes, or its name.
        depth: Convolutions per number of filters, the strided one last: one number for all, or one per strided
            layer of the encoder.
        image_strides: Strides of the last transposed convolution; 2 starts from maps of half the size.
        noise: Standard deviation of Gaussian noise on the images, in training only. For noise on the code, use the
            bottleneck's, such as `Dense(noise=0.1)`.
        spectral: Whether all convolutions and the decoder's dense layer are spectrally normalised.
        weight_decay: Weight decay of the decoder's kernels; see `keras_ae.networks.regularized_decoder`.
        gradient_penalty: Weight of the decoder's gradient penalty; see `keras_ae.networks.regularized_decoder`.
        momentum: Momentum of batch normalisation's moving averages. 0.9 suits training runs of any length. The
            paper states none; the 0.99 of its authors' code lags behind in the first thousand steps.
        decoder_layers: Number of the decoder's transposed convolutions of stride 2 before the one that outputs the
            image. Each has half the filters of the one before. None: as many as the encoder's strided layers, but
            no more than the image's sides can be halved; at 64×64 pixels a step then costs a fifth.
        name: Name of the model.

    Raises:
        InputError: If 2^decoder_layers · image_strides does not divide the image's sides, or the depths are
            invalid.

    Example:
        >>> model = kae.architectures.strided((8, 8, 3), (5,), filters=4, strided_layers=2)
        >>> tuple(model.encode(np.ones((2, 8, 8, 3), "float32")).shape)
        (2, 5)
    """
    filters, strided_layers = whole_number("filters", filters), whole_number("strided_layers", strided_layers)
    widths = [filters * 2**i for i in range(strided_layers)]
    encoder = strided_encoder(input_shape, tuple(widths), kernel_size, depth, noise, momentum)
    doublings = decoder_halvings(image_shape_of(input_shape), decoder_layers, strided_layers, image_strides)
    decoder_widths = tuple(max(widths[-1] // 2**i, 1) for i in range(doublings + 1))
    mirrored = _mirrored(depth, strided_layers, doublings)
    shape = {"depth": mirrored, "image_strides": image_strides, "momentum": momentum}
    decoder = strided_decoder(code_shape, input_shape, decoder_widths, kernel_size, output_activation, **shape)
    if spectral:
        encoder = regularized_decoder(encoder, spectral=True)
    if spectral or weight_decay or gradient_penalty:
        decoder = regularized_decoder(decoder, weight_decay, gradient_penalty, spectral)
    return Autoencoder(encoder, bottleneck, decoder, name=name)


def _mirrored(depth: int | tuple[int, ...], layers: int, decoder_layers: int) -> int | tuple[int, ...]:
    """Returns the decoder's depths: those of the encoder's levels in reverse, from the second-last on."""
    if isinstance(depth, int | np.integer):
        return int(depth)
    return tuple(depth[max(layers - 2 - i, 0)] for i in range(decoder_layers))

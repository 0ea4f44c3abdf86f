"""The autoencoder of learned image compression."""

from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Bottleneck
from keras_ae.catalogue import Example, with_examples
from keras_ae.networks import compressive_decoder, compressive_encoder


@with_examples(
    Example({"input_shape": (8, 8, 3), "code_shape": (2, 2, 3), "filters": 4}),
    Example({"input_shape": (8, 12, 1), "code_shape": (2, 3, 2), "filters": 2, "bottleneck": "scale_hyperprior"}),
)
def compressive(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int, int, int],
    filters: int = 32,
    kernel_size: int = 5,
    output_activation="linear",
    bottleneck: Bottleneck | str = "entropy_coded",
    name: str = "compressive_autoencoder",
) -> Autoencoder:
    """Strided convolutions with generalised divisive normalisation around a quantised code.

    Source: Ballé et al., "End-to-end optimized image compression" (2017) and "Variational image compression with a
    scale hyperprior" (2018), figure 4: four convolutions of 5×5 and stride 2 each way, with 128 or 192 filters. No
    layer depends on the image's size: `keras_ae.compression.Codec` takes images of any size.

    Args:
        input_shape: (height, width, channels) of the images to train on.
        code_shape: (height, width, channels) of the code; its sides are the image's, halved a few times.
        filters: Channels of each convolution but the last.
        kernel_size: Side of the kernels.
        output_activation: Activation of the image; linear in the papers, so that values may leave [0, 1] a little.
        bottleneck: A bottleneck that produces such codes, or its name.
        name: Name of the model.

    Raises:
        InputError: If halving the image's sides does not lead to the code's.

    Example:
        >>> model = kae.architectures.compressive((16, 16, 3), (4, 4, 6), filters=8)
        >>> tuple(model.encode(np.ones((1, 16, 16, 3), "float32")).shape)
        (1, 4, 4, 6)
    """
    layers = {"filters": filters, "kernel_size": kernel_size}
    encoder = compressive_encoder(input_shape, tuple(code_shape[:2]), **layers)
    decoder = compressive_decoder(code_shape, input_shape, **layers, output_activation=output_activation)
    return Autoencoder(encoder, bottleneck, decoder, name=name)

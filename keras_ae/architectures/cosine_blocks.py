"""Learned compression that starts from the cosines of blocks."""

from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Bottleneck, as_bottleneck
from keras_ae.catalogue import Example, with_examples
from keras_ae.networks import cosine_decoder, cosine_encoder


@with_examples(
    Example({"input_shape": (8, 8, 3), "code_shape": (2, 2, 6), "filters": 4}),
    Example({"input_shape": (8, 12, 1), "code_shape": (2, 3, 5), "filters": 2, "bottleneck": "scale_hyperprior"}),
)
def cosine_blocks(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int, int, int],
    filters: int = 128,
    blocks: int = 2,
    output_activation="linear",
    bottleneck: Bottleneck | str = "entropy_coded",
    name: str = "cosine_autoencoder",
) -> Autoencoder:
    """The cosine transform of an image's blocks, and a decoder whose residual network corrects the result.

    The network adds nothing at first, and the code layer passes the coefficients on: an untrained model is a
    transform codec like JPEG, with the block size that the code's map implies. Training fits the bottleneck's
    prior and the decoder. A strided network (`compressive`) first has to learn a transform, which takes many
    thousands of steps. For rounded codes, the coefficients are scaled so that a step is optimal for the weight of
    the bits. No layer depends on the image's size: `keras_ae.compression.Codec` takes images of any size.

    Args:
        input_shape: (height, width, channels) of the images to train on.
        code_shape: (height, width, channels) of the code. A code of 8×8×256 for images of 256×256 pixels keeps the
            256 coefficients of lowest frequency of each 32×32 block.
        filters: Channels of the residual network.
        blocks: Residual blocks of this network.
        output_activation: Activation of the image; linear, so that values may leave [0, 1] a little.
        bottleneck: A bottleneck that produces such codes, or its name.
        name: Name of the model.

    Raises:
        InputError: If the code's sides do not divide the image's, or a block has fewer values than the code has
            channels.

    Example:
        >>> model = kae.architectures.cosine_blocks((16, 16, 1), (2, 2, 64), filters=8)
        >>> images = np.tile(np.linspace(0, 1, 16, dtype="float32")[:, None, None], (2, 1, 16, 1))
        >>> bool(np.abs(model.predict(images, verbose=0) - images).mean() < 0.05)  # untrained
        True
    """
    encoder = cosine_encoder(input_shape, code_shape)
    bottleneck = as_bottleneck(bottleneck, code_shape[-1])
    gain = bottleneck.gain(input_shape[-1])
    options = {"filters": filters, "blocks": blocks, "gain": gain, "noise": bottleneck.rounding_noise}
    decoder = cosine_decoder(code_shape, input_shape, **options, output_activation=output_activation)
    model = Autoencoder(encoder, bottleneck, decoder, name=name)
    bottleneck.pass_on(encoder.get_layer("cosines").deviations, gain)
    return model

"""The convolutional autoencoder of the bottleneck-shape paper."""

from typing import Any

from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Bottleneck
from keras_ae.catalogue import Example, with_examples
from keras_ae.networks import convolutional_decoder, convolutional_encoder


@with_examples(
    Example({"input_shape": (8, 8, 3), "code_shape": (2, 2, 5), "strided_layers": 2, "residual_blocks": 1}),
    Example(
        {
            "input_shape": (8, 12, 1),
            "code_shape": (4, 6, 2),
            "strided_layers": 2,
            "residual_blocks": 1,
            "width": 2,
            "normalize": "batch",
            "normalize_output": False,
            "output_activation": "sigmoid",
            "bottleneck": "variational",
        }
    ),
)
def convolutional(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int, int, int],
    strided_layers: int = 5,
    residual_blocks: int = 2,
    width: int | None = None,
    normalize: bool | str = True,
    normalize_output: bool = True,
    output_activation="relu",
    bottleneck: Bottleneck | str = "identity",
    name: str = "convolutional_autoencoder",
) -> Autoencoder:
    """A convolutional autoencoder whose feature maps keep the image's volume until the bottleneck.

    Source: Manakov et al., "Walking the Tightrope", section 2.2 and eq. 3 to 6. With the defaults this is the
    authors' network: 48,824,109 parameters for a 3×3×48 code of 96×96×3 images, trained with mean squared error,
    Adam at 5e-4 and batches of 32.

    Args:
        input_shape: (height, width, channels) of the images.
        code_shape: (height, width, channels) of the code; `keras_ae.code_shapes` lists the possible ones.
        strided_layers: Number n_l of strided convolutions and of upsamplings.
        residual_blocks: Blocks at each width.
        width: Channels at full size; the image's by default, as in the paper.
        normalize: Normalisation of all units but the last. "instance" (or True), as in the paper, hides each map's
            mean and contrast from what follows, which may keep the network from learning to copy its input.
            "batch" preserves each image's brightness, in which photographs differ. With False, without
            normalisation, the network may not learn.
        normalize_output: Whether the last unit has instance normalisation, as in the paper. It removes the
            brightness and contrast of the individual image.
        output_activation: Activation of the last unit, as in the paper; "sigmoid" suits one without normalisation.
        bottleneck: A bottleneck from and to `code_shape`, or its name. By default the last strided convolution's
            output is the code.
        name: Name of the model.

    Raises:
        InputError: If the layers cannot make this code; the message names the nearest possible sizes.

    Example:
        >>> model = kae.architectures.convolutional((8, 8, 3), (2, 2, 5), strided_layers=2, residual_blocks=1)
        >>> tuple(model.encode(np.ones((1, 8, 8, 3), "float32")).shape)
        (1, 2, 2, 5)
    """
    layers: dict[str, Any] = {
        "strided_layers": strided_layers,
        "residual_blocks": residual_blocks,
        "width": width,
        "normalize": normalize,
    }
    encoder = convolutional_encoder(input_shape, code_shape, **layers)
    decoder = convolutional_decoder(
        code_shape, input_shape, **layers, normalize_output=normalize_output, output_activation=output_activation
    )
    return Autoencoder(encoder, bottleneck, decoder, name=name)

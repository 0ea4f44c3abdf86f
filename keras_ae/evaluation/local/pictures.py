"""Pictures of a locally embedded autoencoder's (LEA) inputs, codes and reconstructions, from `LocalImages`.

Each is an array [height, width, 1 or 3] in [0, 1]. Source: Penhouët's thesis, sections 4.2, 4.4 and 4.5, and
Figures 4.2 to 4.4 and 5.2.
"""

import numpy as np

from keras_ae._support.pictures import grid
from keras_ae.evaluation.local.locally_embedded import LocalImages


def reconstruction_picture(seen: LocalImages) -> np.ndarray:
    """Draws inputs in the upper row, and the reconstructions from all windows below.

    Inputs with neither one nor three channels show their mean. Black is the lowest value of the inputs, white the
    highest.

    Example:
        >>> model = kae.architectures.lea_fc((8, 8, 1), (2,), classes=3, window=4, units=4)
        >>> seen = kae.evaluation.local_images(model, "lea", np.zeros((2, 8, 8, 1)))
        >>> kae.evaluation.reconstruction_picture(seen).ndim
        3
    """
    inputs, reconstructions = _visible(seen.inputs), _visible(seen.reconstructions)
    return grid(*(_scaled(images, inputs.min(), inputs.max()) for images in (inputs, reconstructions)))


def code_map_picture(seen: LocalImages) -> np.ndarray:
    """Draws a row per image: the input, then its code maps, enlarged by an integer factor up to the input's size.

    Each code value ranges from black, its lowest over these images, to white, its highest.

    Example:
        >>> model = kae.architectures.lea_fc((8, 8, 1), (2,), classes=3, window=4, units=4)
        >>> seen = kae.evaluation.local_images(model, "lea", np.zeros((2, 8, 8, 1)))
        >>> kae.evaluation.code_map_picture(seen).ndim
        3
    """
    maps = _enlarged(seen.code_maps, seen.inputs.shape[1:3])
    maps = _scaled(maps, maps.min(axis=(0, 1, 2)), maps.max(axis=(0, 1, 2)))
    inputs = _visible(seen.inputs)
    inputs = _scaled(inputs, inputs.min(), inputs.max())
    inputs = _padded(inputs, maps.shape[1:3])
    rows = []
    for image, code_maps in zip(inputs, maps, strict=True):
        gray = np.moveaxis(code_maps, -1, 0)[..., None]
        rows.append(np.concatenate([image[None], np.repeat(gray, image.shape[-1], axis=-1)]))
    return grid(*rows)


def confidence_picture(seen: LocalImages) -> np.ndarray:
    """Draws the confidence maps in a row: white for windows reconstructed without error, black for the worst.

    Example:
        >>> model = kae.architectures.lea_fc((8, 8, 1), (2,), classes=3, window=4, units=4)
        >>> seen = kae.evaluation.local_images(model, "lea", np.zeros((2, 8, 8, 1)))
        >>> kae.evaluation.confidence_picture(seen).shape[-1]
        1
    """
    return grid(_enlarged(np.clip(seen.confidence, 0, 1)[..., None], seen.inputs.shape[1:3]))


def _visible(images: np.ndarray) -> np.ndarray:
    return images if images.shape[-1] in (1, 3) else images.mean(axis=-1, keepdims=True)


def _scaled(values: np.ndarray, lowest, highest) -> np.ndarray:
    """Rescales [lowest, highest] to [0, 1]; 0 where the range is empty."""
    extent = np.asarray(highest - lowest)
    return np.clip((values - lowest) / np.where(extent > 0, extent, 1), 0, 1)


def _enlarged(maps: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """Enlarges maps [n, rows, columns, c] by repeating values, at most up to the sides."""
    times = max(1, min(side // count for side, count in zip(sides, maps.shape[1:3], strict=True)))
    return maps.repeat(times, axis=1).repeat(times, axis=2)


def _padded(images: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """Crops images, or pads them with black, at the lower right to these sides, to fit a grid with maps."""
    images = images[:, : sides[0], : sides[1]]
    missing = (side - length for side, length in zip(sides, images.shape[1:3], strict=True))
    return np.pad(images, ((0, 0), *((0, m) for m in missing), (0, 0)))

"""Pictures of what a locally embedded autoencoder (LEA) sees and makes of it, from its `LocalImages`.

Each is an array [height, width, 1 or 3] in [0, 1]. Source: Penhouët's thesis, sections 4.2,
4.4 and 4.5, and Figures 4.2 to 4.4 and 5.2.
"""

import numpy as np

from keras_ae.evaluation.locally_embedded import LocalImages
from keras_ae.pictures import grid


def reconstruction_picture(seen: LocalImages) -> np.ndarray:
    """Inputs in the upper row, below them the reconstructions put together from all windows.

    Inputs of neither one nor three channels show their mean. Black is the lowest value shown of the inputs, white
    the highest.
    """
    inputs, reconstructions = _visible(seen.inputs), _visible(seen.reconstructions)
    return grid(*(_scaled(images, inputs.min(), inputs.max()) for images in (inputs, reconstructions)))


def code_map_picture(seen: LocalImages) -> np.ndarray:
    """A row an image: the input, then its code maps, as large as the input where that is a whole multiple.

    Each code value goes from black, its lowest over these images, to white.
    """
    maps = _enlarged(seen.code_maps, seen.inputs.shape[1:3])
    maps = _scaled(maps, maps.min(axis=(0, 1, 2)), maps.max(axis=(0, 1, 2)))
    inputs = _visible(seen.inputs)
    inputs = _scaled(inputs, inputs.min(), inputs.max())
    inputs = _padded(inputs, maps.shape[1:3])
    rows = []
    for image, of_image in zip(inputs, maps, strict=True):
        gray = np.moveaxis(of_image, -1, 0)[..., None]
        rows.append(np.concatenate([image[None], np.repeat(gray, image.shape[-1], axis=-1)]))
    return grid(*rows)


def confidence_picture(seen: LocalImages) -> np.ndarray:
    """The confidence maps in a row: white where a window is reconstructed without error, black at the worst."""
    return grid(_enlarged(np.clip(seen.confidence, 0, 1)[..., None], seen.inputs.shape[1:3]))


def _visible(images: np.ndarray) -> np.ndarray:
    return images if images.shape[-1] in (1, 3) else images.mean(axis=-1, keepdims=True)


def _scaled(values: np.ndarray, lowest, highest) -> np.ndarray:
    """From [lowest, highest] to [0, 1]; 0 where there is no range."""
    extent = np.asarray(highest - lowest)
    return np.clip((values - lowest) / np.where(extent > 0, extent, 1), 0, 1)


def _enlarged(maps: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """Maps [n, rows, columns, c] with each value repeated, up to the sides and not beyond."""
    times = max(1, min(side // count for side, count in zip(sides, maps.shape[1:3], strict=True)))
    return maps.repeat(times, axis=1).repeat(times, axis=2)


def _padded(images: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """Images cut or filled with black at the lower right to these sides, to stand in a grid with maps."""
    images = images[:, : sides[0], : sides[1]]
    missing = (side - length for side, length in zip(sides, images.shape[1:3], strict=True))
    return np.pad(images, ((0, 0), *((0, m) for m in missing), (0, 0)))

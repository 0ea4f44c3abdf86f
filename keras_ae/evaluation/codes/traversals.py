"""Latent traversals: images decoded while a single code value changes."""

from collections.abc import Sequence

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.evaluation.codes.checks import places
from keras_ae.evaluation.inference import in_batches

STEPS = 13  # images per code value, as in Figure 5.1


def latent_traversals(
    model,
    values: Sequence[int] | None = None,
    extent: float | Sequence[float] = 3.0,
    steps: int = STEPS,
    origin: np.ndarray | None = None,
) -> np.ndarray:
    """Decodes codes that differ from an origin in one value at a time (Penhouët, 2019, Figure 5.1).

    Args:
        model: An `Autoencoder`.
        values: Code values to change, as indices of the flattened code or a mask, such as that of `active_codes`;
            all by default.
        extent: Values run from −`extent` to `extent`: one number, or one for each of `values`; 3 covers N(0, 1).
        steps: Images per code value, both ends included: at least 2.
        origin: The code [...] that gives the other values; all 0 by default.

    Returns:
        float32 [values, steps, height, width, channels].

    Raises:
        InputError: If a code value does not exist, extents or origin do not fit, or there are too few steps.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (3,), hidden=(8,))
        >>> kae.evaluation.latent_traversals(model, values=[0, 2], steps=5).shape
        (2, 5, 4, 4, 1)
    """
    if steps < 2:
        raise InputError(f"{steps} steps", "at least 2: both ends", "give more")
    shape = tuple(model.code_shape)
    count = int(np.prod(shape))
    varied = np.arange(count) if values is None else places(values, count, "code values")
    if not len(varied):
        raise InputError("no code values", f"some of 0 to {count - 1}", "choose at least one")
    extents = np.asarray(extent, np.float32).reshape(-1)
    if len(extents) not in (1, len(varied)):
        raise InputError(f"{len(extents)} extents", f"one, or {len(varied)}, one a code value")
    origin = np.zeros(shape, np.float32) if origin is None else np.asarray(origin, np.float32)
    if origin.shape != shape:
        raise InputError(f"an origin of {origin.shape}", f"a code of {shape}")
    codes = np.tile(origin.reshape(-1), (len(varied), steps, 1))
    for row, value in enumerate(varied):
        reach = extents[row % len(extents)]
        codes[row, :, value] = np.linspace(-reach, reach, steps, dtype=np.float32)
    images = in_batches(model.decode, codes.reshape(-1, *shape))
    return images.astype(np.float32).reshape(len(varied), steps, *images.shape[1:])

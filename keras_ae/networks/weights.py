"""Loads weights trained elsewhere into a model."""

from collections.abc import Iterable

import keras
import numpy as np

from keras_ae._support.errors import InputError, unknown_name

# From PyTorch's order of a kernel's axes (output channels first) to that of Keras (output channels last).
# Transposed convolutions swap input and output in both.
_FROM_TORCH = {2: (1, 0), 3: (2, 1, 0), 4: (2, 3, 1, 0), 5: (2, 3, 4, 1, 0)}
_LAYOUTS = ("keras", "torch")


def set_weights_in_order(model: keras.Model, arrays: Iterable, layout: str = "keras") -> None:
    """Sets all weights of a model from arrays in the order of its layers, or none of them.

    This is the order of `model.weights`, and of the values of a PyTorch `state_dict` whose modules were created in
    the order in which they are applied: kernel and bias of a convolution; scale and shift (and running mean and
    variance) of a normalisation.

    Flattening orders values by height, width, channels in Keras and by channels, height, width in PyTorch: first
    reorder the kernel of any dense layer that follows a flatten layer.

    Args:
        model: A built model.
        arrays: One array for each weight.
        layout: "keras": kernels in Keras's layout, (height, width, in, out) for convolutions and (in, out) for
            dense layers; "torch": in PyTorch's, (out, in, height, width) and (out, in). The latter skips arrays
            without axes: the batch counts of batch normalisations.

    Raises:
        InputError: If the numbers of arrays and weights differ, an array's shape differs from its weight's (the
            message names the first one), or the layout is unknown.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> torch_arrays = [np.array([[3.0, 4.0]]), np.array([0.5])]  # [out, in] and [out]
        >>> kae.networks.set_weights_in_order(model, torch_arrays, layout="torch")
        >>> ops.convert_to_numpy(model(np.array([[1.0, 1.0]]))).tolist()
        [[7.5]]
    """
    if layout not in _LAYOUTS:
        raise unknown_name("layout", layout, _LAYOUTS)
    arrays = [np.asarray(array) for array in arrays]
    if layout == "torch":
        arrays = [array.transpose(_FROM_TORCH.get(array.ndim)) for array in arrays if array.ndim]
    for i, (weight, array) in enumerate(zip(model.weights, arrays, strict=False)):
        if tuple(weight.shape) != array.shape:
            raise InputError(
                f"array {i} of {_x(array.shape)} for {weight.path}",
                _x(weight.shape),
                "give the weights of the same network in the order of its layers",
            )
    if len(arrays) != len(model.weights):
        received = f"{len(arrays)} arrays for the {len(model.weights)} weights of {model.name}"
        raise InputError(received, "one for each", "leave none out")
    model.set_weights(arrays)


def _x(shape) -> str:
    return "×".join(map(str, shape)) or "no axes"

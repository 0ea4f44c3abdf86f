"""Weights trained elsewhere, carried over into a model."""

from collections.abc import Iterable

import keras
import numpy as np

from keras_ae.errors import InputError, unknown_name

# PyTorch's order of a kernel's axes, output channels first, as Keras's, output channels last. Transposed
# convolutions have input and output the other way round in both.
_FROM_TORCH = {2: (1, 0), 3: (2, 1, 0), 4: (2, 3, 1, 0), 5: (2, 3, 4, 1, 0)}
_LAYOUTS = ("keras", "torch")


def set_weights_in_order(model: keras.Model, arrays: Iterable, layout: str = "keras") -> None:
    """Set all weights of a model from arrays in the order of its layers.

    That is the order of `model.weights`, and of the values of a PyTorch `state_dict` whose modules were made in
    the order in which they are applied: of each convolution kernel and bias, of each normalisation scale and shift
    (and running mean and variance). Either all weights are set or none.

    Layers that flatten feature maps order their values by height, width, channels here and by channels, height,
    width in PyTorch: the kernel of a dense layer behind one has to be brought into order before.

    Args:
        model: A built model.
        arrays: One for each weight.
        layout: "keras": kernels as Keras has them, (height, width, in, out) of a convolution and (in, out) of a
            dense layer; "torch": as PyTorch has them, (out, in, height, width) and (out, in). Arrays without axes,
            PyTorch's count of batches of a batch normalisation, then are left out.

    Raises:
        InputError: For another number of arrays than of weights; for one of another shape, naming the first layer
            that does not fit; and for an unknown layout.
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

"""The discrete cosine transform of an image's blocks, and its inverse."""

from functools import cached_property
from math import prod

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_number, whole_numbers

# Standard deviation of a grey coefficient (divided by √channels) at an eighth of the highest frequency, between
# those of photographs (0.4) and machined surfaces (0.15), as are that of the constant and the power of the
# frequency; and the deviation of colour differences relative to grey.
DEVIATION, CONSTANT, POWER, COLOUR = 0.25, 0.2, 1.2, 0.4
EIGHTH = 1 / 8


@keras.saving.register_keras_serializable(package="keras_ae")
class BlockCosines(keras.layers.Layer):
    """The discrete cosine transform (DCT-II, orthonormal) of blocks of an image, or its inverse.

    Each block of `block` pixels, with its channels, becomes the first `units` of its coefficients, in decreasing
    order of their variation in photographs: low frequencies first, grey before colour differences (three channels
    become (r + g + b) / √3, (r − b) / √2 and (r − 2g + b) / √6). The inverse takes the omitted coefficients as 0.
    JPEG uses this transform, with blocks of 8×8. There is nothing to train.

    Forward: [batch, height, width, channels] → [batch, height / rows, width / columns, units]. Inverse: back.

    Args:
        block: (rows, columns) of a block, or one number for both.
        channels: Channels of the image.
        units: Coefficients kept per block, at most rows · columns · channels.
        inverse: Whether to transform coefficients back into an image.

    Raises:
        InputError: If a block has fewer coefficients than `units`, or inputs do not consist of whole blocks.

    Example:
        >>> image = np.random.default_rng(0).random((1, 8, 12, 3), "float32")
        >>> coefficients = kae.layers.BlockCosines(4, 3, 48)(image)
        >>> again = kae.layers.BlockCosines(4, 3, 48, inverse=True)(coefficients)
        >>> tuple(coefficients.shape), bool(np.allclose(again, image, atol=1e-5))
        ((1, 2, 3, 48), True)
    """

    def __init__(self, block, channels: int, units: int, inverse: bool = False, **kwargs):
        super().__init__(**kwargs)
        sides = whole_numbers("block", block)
        self.block = sides * 2 if len(sides) == 1 else sides
        self.channels, self.units = whole_number("channels", channels), whole_number("units", units)
        self.inverse = inverse
        if self.units > self.values:
            shown = "×".join(map(str, (*self.block, self.channels)))
            raise InputError(f"{units} units of blocks of {shown} values", f"at most {self.values}")

    @property
    def values(self) -> int:
        """Number of values in a block: pixels times channels."""
        return prod(self.block) * self.channels

    @cached_property
    def deviations(self) -> np.ndarray:
        """Expected standard deviations of coefficients of images in [0, 1]: float32 [units]."""
        return self._expected[self._order]

    @cached_property
    def _order(self) -> np.ndarray:
        """Flat indices of the kept coefficients among (row, column, channel) frequencies: int32 [units]."""
        return np.argsort(-self._expected, kind="stable")[: self.units].astype("int32")

    @cached_property
    def _expected(self) -> np.ndarray:
        rows, columns = (np.arange(side) / side for side in self.block)
        frequency = np.hypot(rows[:, None], columns)
        expected = DEVIATION * (np.maximum(frequency, 1e-9) / EIGHTH) ** -POWER
        expected[0, 0] = CONSTANT * np.sqrt(prod(self.block))
        share = np.where(np.arange(self.channels) == 0, 1.0, COLOUR) * np.sqrt(self.channels)
        return (expected[..., None] * share).ravel().astype("float32")

    def build(self, input_shape):
        last = self.units if self.inverse else self.channels
        sides = (1, 1) if self.inverse else self.block
        divided = (side is None or side % block == 0 for side, block in zip(input_shape[1:3], sides, strict=True))
        if len(input_shape) != 4 or input_shape[-1] != last or not all(divided):
            received = f"inputs of {tuple(input_shape)} for blocks of {self.block[0]}×{self.block[1]}"
            raise InputError(received, f"(n, height, width, {last}), with sides that blocks divide", "pad them")

    def call(self, inputs):
        outputs = self._image(inputs) if self.inverse else self._coefficients(inputs)
        return ops.cast(outputs, self.compute_dtype)

    def _coefficients(self, image):
        batch, height, width, _ = ops.shape(image)
        rows, columns = self.block
        down, across = height // rows, width // columns
        image = ops.matmul(image, self._basis(self.channels).T)
        image = ops.reshape(image, (batch, down, rows, width * self.channels))
        image = ops.matmul(self._basis(rows), image)  # [batch, down, row frequency, pixels of a row · channel]
        image = ops.reshape(image, (batch, down * rows, across, columns, self.channels))
        image = ops.matmul(self._basis(columns), image)
        image = ops.reshape(image, (batch, down, rows, across, columns * self.channels))
        image = ops.reshape(ops.transpose(image, (0, 1, 3, 2, 4)), (batch, down, across, self.values))
        return ops.take(image, self._order, axis=-1)

    def _image(self, coefficients):
        batch, down, across, _ = ops.shape(coefficients)
        rows, columns = self.block
        missing = ops.zeros((batch, down, across, self.values - self.units), coefficients.dtype)
        places = np.argsort(np.append(self._order, np.setdiff1d(np.arange(self.values), self._order)))
        image = ops.take(ops.concatenate([coefficients, missing], axis=-1), places.astype("int32"), axis=-1)
        image = ops.reshape(image, (batch, down, across, rows, columns * self.channels))
        image = ops.transpose(image, (0, 1, 3, 2, 4))
        image = ops.reshape(image, (batch, down * rows, across, columns, self.channels))
        image = ops.matmul(self._basis(columns).T, image)
        image = ops.reshape(image, (batch, down, rows, across * columns * self.channels))
        image = ops.matmul(self._basis(rows).T, image)
        image = ops.reshape(image, (batch, down * rows, across * columns, self.channels))
        return ops.matmul(image, self._basis(self.channels))

    def _basis(self, size: int) -> np.ndarray:
        """Returns cosines of rising frequency as rows: an orthonormal matrix, float32 [size, size]."""
        frequency, place = np.arange(size)[:, None], np.arange(size) + 0.5
        basis = np.cos(np.pi / size * frequency * place) * np.sqrt(2 / size)
        basis[0] /= np.sqrt(2)
        return basis.astype("float32")

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        rows, columns = self.block
        if self.inverse:
            return (batch, height and height * rows, width and width * columns, self.channels)
        return (batch, height and height // rows, width and width // columns, self.units)

    def get_config(self):
        own = {"block": self.block, "channels": self.channels, "units": self.units, "inverse": self.inverse}
        return {**super().get_config(), **own}

    @classmethod
    def examples(cls):
        return [
            Example({"block": 4, "channels": 3, "units": 10}, (8, 12, 3)),
            Example({"block": (2, 4), "channels": 1, "units": 8, "inverse": True}, (3, 2, 8)),
        ]

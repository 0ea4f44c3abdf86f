"""Models whose answers are known, and their images."""

import io

import numpy as np
from keras import ops
from PIL import Image

from keras_ae.explore import ExploredImages


class Lossy:
    """An autoencoder of 2 × 3 images: the code is the first four pixels, 2x − 1; the others become 0.5."""

    image_shape, code_shape = (2, 3, 1), (4,)

    def encode(self, images):
        return 2 * ops.reshape(images, (-1, 6))[:, :4] - 1

    def decode(self, codes):
        kept = (codes + 1) / 2
        return ops.reshape(ops.concatenate([kept, 0.5 * ops.ones_like(kept[:, :2])], axis=1), (-1, 2, 3, 1))


class Mapped:
    """An autoencoder of colour images whose code is the image: 4 × 2 positions of 3 channels."""

    image_shape, code_shape = (4, 2, 3), (4, 2, 3)

    def encode(self, images):
        return ops.convert_to_tensor(images)

    def decode(self, codes):
        return ops.convert_to_tensor(codes)


def images_of(shape, count: int = 30, spreads=None) -> ExploredImages:
    """Random images with a label and a factor; pixel i is 0.5 ± `spreads[i]`, or anything from 0 to 1."""
    generator = np.random.default_rng(0)
    images = generator.random((2 * count, *shape)).astype(np.float32)
    if spreads is not None:
        signs = np.sign(images.reshape(2 * count, -1) - 0.5)
        images = np.float32(0.5 + signs * np.float32(spreads)).reshape(images.shape)
    labels = np.stack([np.arange(count) % 3, np.arange(count) % 30], axis=1).astype(np.int32)
    shown, training = images[:count], images[count:]
    return ExploredImages("made up", "test", shown, training, shown, labels, ("kind", "place"))


def png(pixels: np.ndarray) -> bytes:
    """A file of uint8 pixels [h, w] or [h, w, 3]."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()

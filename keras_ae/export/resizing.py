"""Preparation of images within an exported graph: bytes of any size, resized to the last bit as files are."""

from collections.abc import Sequence

import numpy as np

from keras_ae.data import Preparation, covered

FIXED_POINT = float(1 << 22)  # Pillow multiplies bytes by whole numbers, and divides by this in the end
SUPPORT, SHARPNESS = 2.0, -0.5  # of the bicubic kernel


class Resizing:
    """Does what `Preparation` does to single images, as TensorFlow operations on a batch of images of one size.

    Pixels are those of Pillow, bit by bit: each axis is a product with a matrix of weights in double precision,
    whose results are rounded to bytes as Pillow does. (JPEG files that are more than four times as large are
    decoded at a fraction of their size when they are read from folders; that differs by rounding.)

    Args:
        preparation: A preparation with a size.

    Example:
        >>> resizing = Resizing(kae.data.Preparation(size=(2, 2), resize="stretch"))
        >>> photographs = np.full((1, 5, 7, 1), 255, "uint8")
        >>> resizing.images(photographs).numpy().ravel().tolist()
        [1.0, 1.0, 1.0, 1.0]
        >>> resizing.maps(np.zeros((1, 2, 2), "float32"), photographs).shape.as_list()
        [1, 5, 7]
    """

    def __init__(self, preparation: Preparation):
        self.preparation = preparation

    def images(self, images):
        """Returns uint8 images [n, h, w, c] of any size as float32 [n, height, width, c] in [0, 1]."""
        import tensorflow as tf

        pixels = self._framed(tf.cast(images, tf.float64))
        rows, columns = self._axes(pixels)
        pixels = _levels(tf.einsum("ij,nkjc->nkic", columns.weights(), pixels))
        pixels = _levels(tf.einsum("ij,njkc->nikc", rows.weights(), pixels))
        return tf.cast(pixels, tf.float32) / 255

    def maps(self, maps, images):
        """Brings maps, float32 [n, height, width], back to the height and width of `images`: [n, h, w].

        Pixels that a crop has cut off get the value of the nearest pixel within the crop.
        """
        import tensorflow as tf

        rows, columns = self._axes(self._framed(tf.cast(images, tf.float64)))
        shape = tf.shape(images)
        inner = tf.einsum("ij,njk->nik", rows.back(shape[1], self._offset(shape[1], 0)), maps)
        return tf.einsum("ij,nkj->nki", columns.back(shape[2], self._offset(shape[2], 1)), inner)

    def _framed(self, pixels):
        """Padded, then cropped."""
        import tensorflow as tf

        pad, crop = self.preparation.pad, self.preparation.crop
        if any(pad):
            pixels = tf.pad(pixels, [[0, 0], [pad[0]] * 2, [pad[1]] * 2, [0, 0]], "REFLECT")
        if crop is not None:
            top, left = ((tf.shape(pixels)[axis + 1] - crop[axis]) // 2 for axis in (0, 1))
            pixels = pixels[:, top : top + crop[0], left : left + crop[1]]
        return pixels

    def _offset(self, length, axis: int):
        """Where the framed image begins in the image itself."""
        pad, crop = self.preparation.pad[axis], self.preparation.crop
        return -pad + (0 if crop is None else (length + 2 * pad - crop[axis]) // 2)

    def _axes(self, pixels) -> tuple["_Axis", "_Axis"]:
        import tensorflow as tf

        sizes = tf.shape(pixels)[1], tf.shape(pixels)[2]
        height, width = (tf.cast(size, tf.float64) for size in sizes)
        rows, columns = self.preparation.size
        inner: Sequence
        if self.preparation.resize == "pad":
            scale = tf.minimum(rows / height, columns / width)
            inner = [tf.maximum(tf.round(side * scale), 1) for side in (height, width)]
            first = tuple((whole - side) // 2 for whole, side in zip((rows, columns), inner, strict=True))
            starts, ends = (0.0, 0.0), (height, width)
        else:
            inner, first = (float(rows), float(columns)), (0.0, 0.0)
            starts, ends = (0.0, 0.0), (height, width)
            if self.preparation.resize == "crop":
                left, top, right, bottom = covered(width, height, columns / rows, tf.minimum)
                starts, ends = (top, left), (bottom, right)
        vertical, horizontal = (
            _Axis(size, whole, _single(start), _single(end), begin, count)
            for size, whole, start, end, begin, count in zip(
                sizes, (rows, columns), starts, ends, first, inner, strict=True
            )
        )
        return vertical, horizontal


class _Axis:
    """An axis: `count` places from `first` on, of `whole`, show what is from `start` to `end` of `size` pixels."""

    def __init__(self, size, whole: int, start, end, first, count):
        import tensorflow as tf

        self.size, self.whole, self.start, self.first = size, whole, tf.cast(start, tf.float64), first
        self.count = tf.cast(count, tf.float64)
        self.scale = tf.cast(end - start, tf.float64) / self.count

    def weights(self):
        """float64 [whole, size]: multiples of 2⁻²², as Pillow's."""
        import tensorflow as tf

        place = tf.range(self.whole, dtype=tf.float64)[:, None] - self.first
        pixel = tf.range(tf.cast(self.size, tf.float64), dtype=tf.float64)[None]
        centre, blur = self.start + (place + 0.5) * self.scale, tf.maximum(self.scale, 1.0)
        weights = _bicubic((pixel - centre + 0.5) / blur)
        weights /= tf.maximum(tf.reduce_sum(weights, axis=1, keepdims=True), 1e-12)
        weights = tf.sign(weights) * tf.floor(tf.abs(weights) * FIXED_POINT + 0.5) / FIXED_POINT
        return tf.where((place >= 0) & (place < self.count), weights, tf.zeros_like(weights))

    def back(self, length, offset):
        """float32 [length, whole]: linear interpolation at each pixel of the image, the rim being repeated."""
        import tensorflow as tf

        pixel = tf.range(tf.cast(length, tf.float64), dtype=tf.float64) - tf.cast(offset, tf.float64)
        place = self.first + (pixel + 0.5 - self.start) / self.scale - 0.5
        place = tf.clip_by_value(place, self.first, self.first + self.count - 1)
        distance = tf.abs(place[:, None] - tf.range(self.whole, dtype=tf.float64)[None])
        return tf.cast(tf.maximum(1 - distance, 0), tf.float32)


def _single(value):
    """Pillow takes boxes in single precision."""
    import tensorflow as tf

    return tf.cast(value, tf.float32)


def _bicubic(x):
    import tensorflow as tf

    x, a = tf.abs(x), SHARPNESS
    inner = ((a + 2) * x - (a + 3)) * x * x + 1
    outer = (((x - 5) * x + 8) * x - 4) * a
    return tf.where(x < 1, inner, tf.where(x < SUPPORT, outer, tf.zeros_like(x)))


def _levels(values):
    """Rounded to bytes, as Pillow does after each axis."""
    import tensorflow as tf

    return tf.clip_by_value(tf.floor(values + 0.5), np.float64(0), np.float64(255))

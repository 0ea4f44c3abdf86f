"""Prepares images within an exported graph: bytes of any size, resized exactly as those of files."""

from collections.abc import Sequence

import numpy as np

from keras_ae.data import Preparation, covered
from keras_ae.export.once import traced_once

FIXED_POINT = float(1 << 22)  # Pillow multiplies bytes by whole numbers, and divides by this in the end
SUPPORT, SHARPNESS = 2.0, -0.5  # of the bicubic kernel
BLOCK = 32  # places whose pixels are gathered together
CONVERTED = (1, 3)  # numbers of channels between which images are converted
LUMINANCE = (19595, 38470, 7471)  # of red, green and blue, in 65,536ths


class Resizing:
    """Does what `Preparation` does to single images, in TensorFlow, to a batch of images of one size.

    Pixels equal Pillow's, bit by bit: along each axis they are multiplied by weights in double precision and
    rounded to bytes, as Pillow does. (JPEG files that are at least four times as large, without padding or
    crop, are decoded at a fraction of their size when read from folders; those differ by rounding.)

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
        self._images, self._maps = traced_once(self._prepared), traced_once(self._back)

    def images(self, images, channels: int | None = None):
        """Returns uint8 images [n, h, w, c] of any size as float32 [n, height, width, channels] in [0, 1].

        With 1 or 3 channels, images may be gray or in colour.
        """
        return self._images(with_channels(images, channels) if channels in CONVERTED else images)

    def maps(self, maps, images):
        """Brings maps, float32 [n, height, width], back to the height and width of `images`: [n, h, w].

        Pixels that a crop has cut off get the value of the nearest pixel within the crop.
        """
        import tensorflow as tf

        return self._maps(maps, tf.shape(images))

    def _prepared(self, images):
        import tensorflow as tf

        pixels = self._framed(images)
        # One image at a time: in double precision they are eight times as large.
        pixels = tf.cond(
            tf.reduce_all(tf.shape(pixels)[1:3] == self.preparation.size),
            lambda: pixels,
            lambda: tf.map_fn(self._resized, pixels, parallel_iterations=1),
        )
        return tf.cast(pixels, tf.float32) / 255

    def _resized(self, image):
        """Resizes one image's bytes [h, w, c] to [height, width, c]: first its width, then its height."""
        import tensorflow as tf

        rows, columns = self._axes(tf.unstack(tf.shape(image)[:2]))
        wide = tf.transpose(columns.resized(tf.transpose(image, (1, 0, 2))), (1, 0, 2))
        return rows.resized(wide)

    def _back(self, maps, shape):
        rows, columns = self._axes(self._framed_size(shape))
        inner = rows.back(maps, 1, shape[1], self._offset(shape[1], 0))
        return columns.back(inner, 2, shape[2], self._offset(shape[2], 1))

    def _framed(self, pixels):
        """Pads images, then crops them; refuses images that are too small for that, as the loader does."""
        import tensorflow as tf

        pad, crop, (rows, columns) = self.preparation.pad, self.preparation.crop, self.preparation.smallest
        enough = tf.reduce_all(tf.shape(pixels)[1:3] >= (rows, columns))
        large = tf.debugging.Assert(enough, [f"expected images of at least {rows} × {columns} pixels"])
        with tf.control_dependencies([] if large is None else [large]):
            pixels = tf.identity(pixels)
        if any(pad):
            pixels = tf.pad(pixels, [[0, 0], [pad[0]] * 2, [pad[1]] * 2, [0, 0]], "REFLECT")
        if crop is not None:
            top, left = ((tf.shape(pixels)[axis + 1] - crop[axis]) // 2 for axis in (0, 1))
            pixels = pixels[:, top : top + crop[0], left : left + crop[1]]
        return pixels

    def _framed_size(self, shape) -> list:
        """Returns the height and width of images of this shape once they are padded and cropped."""
        if self.preparation.crop is not None:
            return list(self.preparation.crop)
        return [shape[axis + 1] + 2 * self.preparation.pad[axis] for axis in (0, 1)]

    def _offset(self, length, axis: int):
        """Returns where the framed image begins in the image itself."""
        pad, crop = self.preparation.pad[axis], self.preparation.crop
        return -pad + (0 if crop is None else (length + 2 * pad - crop[axis]) // 2)

    def _axes(self, sizes: Sequence) -> tuple["_Axis", "_Axis"]:
        """Returns the vertical and the horizontal axis of a framed image of this height and width."""
        import tensorflow as tf

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
    """An axis: of `whole` places, the `count` from `first` on show pixels `start` to `end` out of `size`."""

    def __init__(self, size, whole: int, start, end, first, count):
        import tensorflow as tf

        self.size, self.whole, self.start, self.first = size, whole, tf.cast(start, tf.float64), first
        self.count = tf.cast(count, tf.float64)
        self.scale = tf.cast(end - start, tf.float64) / self.count

    def resized(self, lines):
        """Resizes bytes [size, m, c] to [whole, m, c], along the first axis.

        Places are computed in blocks, from the pixels that any place of a block sees: a part of a large image.
        """
        import tensorflow as tf

        blocks, blur = -(-self.whole // BLOCK), tf.maximum(self.scale, 1.0)
        place = tf.reshape(tf.range(blocks * BLOCK, dtype=tf.float64), (blocks, BLOCK)) - self.first
        centre = self.start + (place + 0.5) * self.scale
        seen = tf.cast(tf.math.ceil((BLOCK - 1) * self.scale + 2 * SUPPORT * blur), tf.int32) + 2
        seen = tf.minimum(seen, self.size)
        begin = tf.cast(tf.floor(centre[:, 0] - SUPPORT * blur), tf.int32)
        pixel = tf.clip_by_value(begin, 0, self.size - seen)[:, None] + tf.range(seen)
        values = tf.cast(tf.gather(lines, pixel), tf.float64)  # [blocks, seen, m, c]
        weights = self._weights(place, centre, blur, tf.cast(pixel, tf.float64))
        shape = tf.shape(lines)
        values = tf.matmul(weights, tf.reshape(values, (blocks, -1, shape[1] * shape[2])))
        return _bytes(tf.reshape(values, (blocks * BLOCK, shape[1], shape[2]))[: self.whole])

    def _weights(self, place, centre, blur, pixel):
        """float64 [blocks, places, seen]: multiples of 2⁻²², like Pillow's."""
        import tensorflow as tf

        weights = _bicubic((pixel[:, None] - centre[..., None] + 0.5) / blur)
        weights /= tf.maximum(tf.reduce_sum(weights, axis=-1, keepdims=True), 1e-12)
        weights = tf.sign(weights) * tf.floor(tf.abs(weights) * FIXED_POINT + 0.5) / FIXED_POINT
        inside = (place >= 0) & (place < self.count)
        return tf.where(inside[..., None], weights, tf.zeros_like(weights))

    def back(self, maps, axis: int, length, offset):
        """Resizes maps to `length` pixels along an axis: linear interpolation, with the rim repeated."""
        import tensorflow as tf

        pixel = tf.range(tf.cast(length, tf.float64), dtype=tf.float64) - tf.cast(offset, tf.float64)
        place = self.first + (pixel + 0.5 - self.start) / self.scale - 0.5
        place = tf.clip_by_value(place, self.first, self.first + self.count - 1)
        before = tf.floor(place)
        part = tf.reshape(tf.cast(place - before, tf.float32), (-1, 1) if axis == 1 else (-1,))
        low = tf.cast(before, tf.int32)
        high = tf.minimum(low + 1, self.whole - 1)
        return (1 - part) * tf.gather(maps, low, axis=axis) + part * tf.gather(maps, high, axis=axis)


def with_channels(images, channels: int):
    """Converts bytes [n, h, w, 1 or 3] to `channels`, 1 or 3, as when files are read: gray is Pillow's.

    Example:
        >>> with_channels(np.uint8([[[[255, 0, 0]]]]), 1).numpy().ravel().tolist()
        [76]
    """
    import tensorflow as tf

    given = tf.shape(images)[3]
    known = tf.debugging.Assert((given == 1) | (given == 3), ["expected images with 1 or 3 channels"])

    def converted():
        if channels == 3:
            return tf.repeat(images[..., :1], 3, axis=3)
        weighted = tf.cast(images, tf.int32) * tf.constant(LUMINANCE)
        return tf.cast((tf.reduce_sum(weighted, axis=3, keepdims=True) + 32768) // 65536, tf.uint8)

    with tf.control_dependencies([] if known is None else [known]):
        found = tf.cond(given == channels, lambda: tf.identity(images), converted)
    return tf.ensure_shape(found, (*images.shape[:3], channels))


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


def _bytes(values):
    """Rounds to bytes, as Pillow does after each axis."""
    import tensorflow as tf

    return tf.cast(tf.clip_by_value(tf.floor(values + 0.5), np.float64(0), np.float64(255)), tf.uint8)

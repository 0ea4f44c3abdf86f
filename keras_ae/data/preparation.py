"""What is done to every image before it is used: reflected borders, a central crop, a new size."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps


@dataclass(frozen=True)
class Preparation:
    """Pads, then crops, then resizes; each where it is given. Everything in pixels, height before width.

    The bottleneck-shape paper's CelebA, 178 wide and 218 high, is `pad=(0, 7), crop=(192, 192), size=(96, 96)`: 7
    columns mirrored on each side, 13 rows off the top and off the bottom, halved bicubically. The
    deterministic-vs-variational paper's is `crop=(140, 140), size=(64, 64)`.

    Attributes:
        pad: Rows to add above and below, and columns left and right, mirrored without repeating the border.
        crop: Height and width of the central part to keep; an odd remainder is one larger at the bottom or right.
        size: Height and width to resize to, by shrinking or growing the shorter side to fit and cropping the
            centre (bicubic, antialiased).
    """

    pad: tuple[int, int] = (0, 0)
    crop: tuple[int, int] | None = None
    size: tuple[int, int] | None = None

    @property
    def only_resizes(self) -> bool:
        return self.size is not None and self.crop is None and not any(self.pad)

    def __bool__(self) -> bool:
        return self != AS_IS

    def image(self, image: Image.Image) -> Image.Image:
        """The image prepared, in its own mode.

        Raises:
            ValueError: The image is too small to mirror so much of it, or to be cropped so.
        """
        image = self._crop(self._pad(image))
        if self.size is None:
            return image
        return ImageOps.fit(image, (self.size[1], self.size[0]), method=Image.Resampling.BICUBIC)

    def array(self, images: np.ndarray) -> np.ndarray:
        """uint8 or float32 [n, h, w, c] prepared, in their own type.

        Raises:
            ValueError: As for `image`.
        """
        if not self:
            return images
        prepared = None
        for i, image in enumerate(images):
            for channel in range(images.shape[-1]):
                plane = np.asarray(self.image(Image.fromarray(np.ascontiguousarray(image[..., channel]))))
                if prepared is None:
                    prepared = np.empty((len(images), *plane.shape, images.shape[-1]), images.dtype)
                prepared[i, ..., channel] = plane
        if prepared is None:
            return images
        # Bicubic resizing overshoots at edges; 8-bit images are clipped by Pillow itself.
        return prepared if images.dtype == np.uint8 else prepared.clip(0, 1)

    def _pad(self, image: Image.Image) -> Image.Image:
        if not any(self.pad):
            return image
        rows, columns = self.pad
        if rows >= image.height or columns >= image.width:
            raise ValueError(f"{_size(image)} pixels are too few to mirror {rows} rows and {columns} columns")
        pixels = np.asarray(image)
        width = ((rows, rows), (columns, columns), (0, 0))[: pixels.ndim]
        return Image.fromarray(np.pad(pixels, width, mode="reflect"))

    def _crop(self, image: Image.Image) -> Image.Image:
        if self.crop is None:
            return image
        height, width = self.crop
        top, left = (image.height - height) // 2, (image.width - width) // 2
        if top < 0 or left < 0:
            raise ValueError(f"{_size(image)} pixels are too few to crop {height} × {width} out of them")
        return image.crop((left, top, left + width, top + height))


AS_IS = Preparation()


def _size(image: Image.Image) -> str:
    return f"{image.height} × {image.width}"

"""The spatial attack: rotations and translations."""

import numpy as np
from scipy.ndimage import rotate, shift

from keras_ae.evaluation.attacks.base import UntargetedAttack
from keras_ae.evaluation.attacks.first_hit import first_hits


class Spatial(UntargetedAttack):
    """Rotates and shifts the image: the first misclassified result in a grid of `granularity`³ transformations.

    The shift of rows is the outermost loop, the angle the innermost. The image is rotated on a larger canvas with
    linear interpolation, shifted with cubic splines, and cropped to its middle; pixels from outside are 0.

    Source: Engstrom et al., "A rotation and a translation suffice: fooling CNNs with simple transformations",
    2017; Foolbox 1.8's SpatialAttack, which transforms with SciPy. Foolbox 3's interpolates differently, loops in
    another order, and on TensorFlow zeroes the last row and column even for the identity.

    Args:
        max_shift: Largest shift in pixels, along rows and columns.
        max_angle: Largest angle in degrees.
        granularity: Number of values of the angle and of each shift, from minus the largest to the largest.
    """

    def __init__(self, max_shift: float = 5.0, max_angle: float = 5.0, granularity: int = 10):
        self.max_shift, self.max_angle, self.granularity = max_shift, max_angle, granularity

    def search(self, classifier, images, labels, rows):
        """See `UntargetedAttack.search`."""
        shifts = np.linspace(-self.max_shift, self.max_shift, self.granularity)
        angles = np.linspace(-self.max_angle, self.max_angle, self.granularity)
        rotated = [rotate(images, angle, axes=(1, 2), reshape=True, order=1) for angle in angles]
        # A shift is separable and the same for all images: one matrix for rows and one for columns.
        shifting = [
            [_shift_and_crop(turned.shape[axis], images.shape[axis], shifts) for axis in (1, 2)]
            for turned in rotated
        ]

        def candidates(chosen, places):
            made = []
            for place in places:
                vertical, horizontal, angle = np.unravel_index(place, 3 * (self.granularity,))
                down, across = shifting[angle][0][vertical], shifting[angle][1][horizontal]
                made.append(np.einsum("yh,nhwc,xw->nyxc", down, rotated[angle][chosen], across, optimize=True))
            return classifier.clip(np.stack(made, axis=1))

        places, hits = first_hits(classifier, labels, self.granularity**3, candidates)
        return np.where((places >= 0).reshape(-1, 1, 1, 1), hits, images)


def _shift_and_crop(size: int, cropped: int, shifts: np.ndarray) -> np.ndarray:
    """Returns matrices [shifts, cropped, size] that shift a line of `size` values by cubic splines and crop it."""
    start = size // 2 - cropped // 2
    lines = np.eye(size)
    matrices = [np.stack([shift(line, by, mode="constant") for line in lines], axis=1) for by in shifts]
    return np.stack(matrices)[:, start : start + cropped].astype(np.float32)

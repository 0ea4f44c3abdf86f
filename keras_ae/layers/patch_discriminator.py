"""The network that tells the patches of two kinds of images apart (PatchGAN: Isola et al., 2017)."""

import keras
from keras import ops

from keras_ae.catalogue import Example
from keras_ae.layers.discriminator import Discriminator


@keras.saving.register_keras_serializable(package="keras_ae")
class PatchDiscriminator(Discriminator):
    """A convolutional `Discriminator`: images [n, h, w, c] in [0, 1] → logits [n, h', w', 1], one per patch.

    Each hidden layer has 4×4 kernels and halves the sides; the last layer has 3×3 kernels. With two hidden layers,
    the patches are 18×18 pixels, with three 38×38. Source: Isola et al., "Image-to-image translation with
    conditional adversarial networks", section 3.2.2.

    Args:
        hidden: Filters of the hidden layers; their activation is a LeakyReLU of negative slope 0.2.
        normalized: Whether the kernels are spectrally normalised, which keeps the logits' slope small.

    Example:
        >>> discriminator = kae.layers.PatchDiscriminator(hidden=(8, 8))
        >>> tuple(discriminator(np.ones((3, 16, 12, 1), "float32")).shape)
        (3, 4, 3, 1)
    """

    def __init__(self, hidden: tuple[int, ...] = (32, 64), normalized: bool = True, **kwargs):
        super().__init__(hidden, normalized, **kwargs)

    def hidden_layer(self, width, name):
        return keras.layers.Conv2D(width, 4, 2, "same", dtype=self.dtype_policy, name=name)

    def logit_layer(self, name):
        return keras.layers.Conv2D(1, 3, padding="same", dtype=self.dtype_policy, name=name)

    def call(self, rows, training=False):
        return super().call(2.0 * ops.cast(rows, self.compute_dtype) - 1.0, training=training)

    @classmethod
    def examples(cls):
        return [
            Example({"hidden": [4, 4]}, (8, 6, 2)),
            Example({"hidden": [4], "normalized": False}, (4, 4, 1)),
        ]

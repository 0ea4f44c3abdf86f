"""The locally embedded autoencoder (LEA): a layer that encodes every window of its input."""

from math import prod

import keras
from keras import ops

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.catalogue import Example, Named
from keras_ae.code_shapes import check_channels_last
from keras_ae.layers.local_objective import LocalObjective
from keras_ae.layers.locally_embedded_windows import FEW_VALUES, Recombined, Windowing, as_pair
from keras_ae.losses import WINDOW_LOSSES


@keras.saving.register_keras_serializable(package="keras_ae")
class LocallyEmbeddedAutoencoder(LocalObjective):
    """Images or feature maps → code maps: one autoencoder encodes every window.

    Input [batch, height, width, channels] of any range; output [batch, rows, columns, code length]. It takes the
    place of a convolution or a pooling layer. Its objective is the loss between windows and their reconstructions,
    plus the bottleneck's penalty; both are means over all windows of the batch. `MultiObjective` trains it beside
    a main loss; a plain `keras.Model` adds its loss to the model's.

    An encoder with a method `slide` (see `keras_ae.networks.SlidingEncoder`) runs as a convolution where that is
    faster; any other encodes windows that were cut out. Only the loss needs the decoder: compiled functions that
    only predict leave it out, and so do exported models. Source: Penhouët's thesis, chapter 3, eq. 3.1 and 3.2.

    Args:
        autoencoder: A built `keras_ae.Autoencoder` of windows, whose code is a vector.
        window: (height, width) or one number: the size that the autoencoder takes, which is the default.
        strides: Steps down and to the right, or one number; the window's sides if left out.
        padding: "same" (zeros) or "valid".
        loss: "sum_squared_error", eq. 3.2: a sum over each window's values; or a mean over all values: "mse",
            "mae", "log_loss" (eq. 2.19 to 2.21; the last for values in [0, 1] only).

    Raises:
        InputError: If the arguments do not fit each other or the input.

    Example:
        >>> autoencoder = kae.architectures.window_autoencoder((4, 4, 1), code_shape=(3,))
        >>> lea = kae.layers.LocallyEmbeddedAutoencoder(autoencoder, strides=2)
        >>> tuple(lea(np.ones((1, 8, 12, 1), "float32")).shape)  # [batch, rows, columns, code length]
        (1, 4, 6, 3)
    """

    def __init__(
        self,
        autoencoder: keras.Model,
        window: int | tuple[int, int] | None = None,
        strides: int | tuple[int, int] | None = None,
        padding: str = "same",
        loss: str = "sum_squared_error",
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_channels_last()
        self.autoencoder, self.padding, self.loss = autoencoder, padding, loss
        self.window = as_pair(autoencoder.image_shape[:2] if window is None else window)
        self.strides = as_pair(self.window if strides is None else strides)
        self.windowing = Windowing(self.window, self.strides, padding)
        if loss not in WINDOW_LOSSES:
            raise unknown_name("loss", str(loss), WINDOW_LOSSES)
        if self.window != tuple(autoencoder.image_shape[:2]):
            raise InputError(
                f"window {self.window}",
                f"{tuple(autoencoder.image_shape[:2])}, which the autoencoder takes",
                "leave the window out, or build an autoencoder of this window",
            )
        if len(autoencoder.code_shape) != 1:
            raise InputError(
                f"an autoencoder with codes of {tuple(autoencoder.code_shape)}", "codes that are vectors"
            )

    def build(self, input_shape):
        if input_shape[-1] != self.autoencoder.image_shape[-1] or None in input_shape[1:3]:
            raise InputError(
                f"input of {tuple(input_shape[1:])}",
                f"(height, width, {self.autoencoder.image_shape[-1]}), all known",
                "build the autoencoder for this input's channels, and give the input's height and width",
            )
        rows, columns = self.windowing.axes(input_shape[1:3])
        self.of_windows = rows.count * columns.count > 1  # See `_support/execution.py`.

    def call(self, images, training=False):
        codes, shape = self._encode(images, training)
        reconstructions = self.autoencoder.decode(codes, training)
        pair = (ops.cast(values, "float32") for values in (self._flat_windows(images), reconstructions))
        self.add_loss(WINDOW_LOSSES[self.loss](*pair))
        return ops.reshape(codes, shape)

    def encode(self, images, training: bool = False):
        """Returns the code maps that `call` returns, without computing the loss: faster in eager mode."""
        return ops.reshape(*self._encode(images, training))

    def windows(self, images):
        """[batch, height, width, channels] → windows [batch, rows, columns, *window, channels]."""
        return self.windowing.extract(ops.convert_to_tensor(images))

    def reconstruct_windows(self, images):
        """Returns the reconstructions of `windows(images)`, in inference mode."""
        return self.decode(self.encode(images))

    def decode(self, codes):
        """Code maps [batch, rows, columns, code length] → windows [batch, rows, columns, *window, channels]."""
        windows = self.autoencoder.decode(ops.reshape(codes, (-1, codes.shape[-1])))
        return ops.reshape(windows, (-1, *codes.shape[1:3], *self.autoencoder.image_shape))

    def recombine(self, windows, sides: tuple[int, int]) -> Recombined:
        """Inverts `windows`: averages where windows overlap, and masks the pixels that a window covers.

        Args:
            windows: [batch, rows, columns, *window, channels].
            sides: (height, width) of the images.
        """
        return self.windowing.recombine(ops.convert_to_tensor(windows), sides)

    def reconstruct(self, images) -> Recombined:
        """Returns reconstructed images, assembled from the reconstructions of their windows."""
        return self.recombine(self.reconstruct_windows(images), images.shape[1:3])

    def _flat_windows(self, images):
        return ops.reshape(self.windowing.extract(images), (-1, *self.autoencoder.image_shape))

    def _encode(self, images, training):
        """Codes [batch · windows, length], as the bottleneck sees them, and the shape of the code maps."""
        images = ops.convert_to_tensor(images)
        encoder, bottleneck = self.autoencoder.encoder, self.autoencoder.bottleneck
        if self._slides(training):
            features = encoder.slide(images, self.strides, self.padding)
            features = ops.reshape(features, (-1, features.shape[-1]))
        else:
            features = encoder(self._flat_windows(images), training=training)
        codes = bottleneck(features, training=training)
        return codes, (-1, *self.compute_output_shape(images.shape)[1:])

    def _slides(self, training: bool) -> bool:
        """Whether the encoder runs as a convolution instead of on windows cut out.

        A convolution is slower where the windows tile the image, and in training on small windows: the loss cuts
        them out anyway, and the gradients of a strided convolution would be the slowest part.
        """
        if not hasattr(self.autoencoder.encoder, "slide") or self.windowing.tiles:
            return False
        return not training or prod(self.autoencoder.image_shape) > FEW_VALUES

    def compute_output_shape(self, input_shape):
        rows, columns = self.windowing.axes(input_shape[1:3])
        return (input_shape[0], rows.count, columns.count, *self.autoencoder.code_shape)

    def get_config(self):
        kept = {name: getattr(self, name) for name in ("window", "strides", "padding", "loss")}
        autoencoder = keras.saving.serialize_keras_object(self.autoencoder)
        return {**super().get_config(), "autoencoder": autoencoder, **kept}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "autoencoder": keras.saving.deserialize_keras_object(config["autoencoder"])})

    @classmethod
    def examples(cls):
        def windows(input_shape, code_shape, **options):
            keywords = {"input_shape": input_shape, "code_shape": code_shape, **options}
            return Named("architecture", "window_autoencoder", keywords)

        variational = windows((2, 3, 1), (2,), bottleneck="variational")
        sparse = windows((3, 3, 2), (3,), pair="conv", kernels=2, kernel_size=3)
        return [
            Example({"autoencoder": windows((4, 4, 2), (3,)), "strides": 2}, (6, 8, 2)),
            Example({"autoencoder": variational, "strides": (3, 4), "padding": "valid"}, (9, 7, 1)),
            Example({"autoencoder": sparse, "loss": "mae"}, (7, 6, 2)),
        ]

"""The locally embedded autoencoder (LEA): a layer that encodes every window of its input."""

from math import inf, prod

import keras
from keras import ops

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.catalogue import Example, Named
from keras_ae.code_shapes import check_channels_last
from keras_ae.layers.apart import Apart
from keras_ae.layers.local_objective import LocalObjective
from keras_ae.layers.locally_embedded_windows import FEW_VALUES, Recombined, Windowing, as_pair
from keras_ae.losses import WINDOW_LOSSES, window_loss

_KEPT = ("window", "strides", "padding", "loss", "isolated", "weight", "window_fraction", "seed")


@keras.saving.register_keras_serializable(package="keras_ae")
class LocallyEmbeddedAutoencoder(LocalObjective):
    """Maps images or feature maps to code maps: one autoencoder encodes every window.

    Input [batch, height, width, channels] of any range; output [batch, rows, columns, code length]. It takes the
    place of a convolution or a pooling layer. Its objective is the loss between windows and their reconstructions,
    plus the bottleneck's penalty; both are means over all windows of the batch. `MultiObjective` trains it beside
    a main loss; a plain `keras.Model` adds its loss to the model's.

    An encoder with a method `slide` (see `keras_ae.networks.SlidingEncoder`) runs as a convolution where that is
    faster; any other encodes cut-out windows. Only the loss needs the decoder: compiled functions that only
    predict leave it out, and so do exported models. Source: Penhouët's thesis, chapter 3, eq. 3.1 and 3.2.

    With `isolated`, any model trains it alternately, with one optimizer and on every backend of Keras: losses
    downstream change none of its weights, and its own loss changes none of those upstream.

    With `window_fraction`, a training step computes its own loss on a random sub-grid of the windows, which costs
    less; evaluation uses all windows. All windows are equally likely, so the estimate of the loss on all windows
    is unbiased if that loss is a mean of terms of single windows: with deterministic, k-sparse and variational (β)
    codes. Other penalties are estimated with a bias: capacities (γ·|KL − C|), decorrelation and distances of
    distributions (MMD, entropy); so are batch statistics.

    Args:
        autoencoder: A built `keras_ae.Autoencoder` of windows, whose code is a vector.
        window: (height, width) or one number: the size that the autoencoder takes, which is the default.
        strides: Steps down and to the right, or one number; the window's sides if left out.
        padding: "same" (zeros) or "valid".
        loss: "sum_squared_error", eq. 3.2: a sum over each window's values; or a mean over all values: "mse",
            "mae", "log_loss" (eq. 2.19 to 2.21; the last for values in [0, 1] only); or a `keras.losses.Loss`
            of windows [n, *window, channels], averaged over them, such as `keras_ae.losses.FeatureError`.
        isolated: Whether gradients of downstream losses stop at its weights, and those of its own at its input.
        weight: Factor of its objective, penalty included; 0 or more.
        window_fraction: Fraction of the windows, above 0 to 1, on which training computes its own loss.
        seed: Seed for the choice of these windows.

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
        loss: "str | keras.losses.Loss" = "sum_squared_error",
        isolated: bool = False,
        weight: float = 1.0,
        window_fraction: float = 1.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_channels_last()
        self.autoencoder, self.padding, self.loss = autoencoder, padding, loss
        self.isolated, self.weight, self.window_fraction, self.seed = isolated, weight, window_fraction, seed
        self.network = getattr(loss, "network", None)  # tracked, so that its weights are saved with the layer
        self.offsets = keras.random.SeedGenerator(seed) if window_fraction < 1 else None
        self.window = as_pair(autoencoder.image_shape[:2] if window is None else window)
        self.strides = as_pair(self.window if strides is None else strides)
        self.windowing = Windowing(self.window, self.strides, padding)
        if not isinstance(loss, keras.losses.Loss) and loss not in WINDOW_LOSSES:
            raise unknown_name("loss", str(loss), WINDOW_LOSSES)
        if not 0 < window_fraction <= 1:
            raise InputError(
                f"window_fraction={window_fraction}", "a part of the windows, above 0 to 1", "give 0.25"
            )
        if not 0 <= weight < inf:
            raise InputError(f"weight={weight}", "a number, 0 or more", "correct it")
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
        if input_shape[-1] != self.autoencoder.image_shape[-1]:
            raise InputError(
                f"input of {tuple(input_shape[1:])}",
                f"(height, width, {self.autoencoder.image_shape[-1]})",
                "build the autoencoder for this input's channels",
            )
        if None in input_shape[1:3]:
            if self.window_fraction < 1:
                received = f"window_fraction={self.window_fraction} for input of {tuple(input_shape[1:])}"
                raise InputError(received, "a known height and width", "give them, or leave it out")
            self.of_windows = True
            return
        rows, columns = self.windowing.axes(input_shape[1:3])
        self.of_windows = rows.count * columns.count > 1  # See `_support/execution.py`.

    def call(self, images, training=False):
        images = ops.convert_to_tensor(images)
        some = training and self.window_fraction < 1
        if not (self.isolated or some or self.weight != 1):
            codes, shape = self._encode(images, training)
            self.add_loss(self._loss(self._flat_windows(images), codes, training))
            return ops.reshape(codes, shape)
        # Two paths that start from the same random state: with all windows both have the same codes.
        parts = (self.autoencoder.encoder, self.autoencoder.bottleneck, self.autoencoder.decoder)
        with Apart(parts, frozen=self.isolated):
            codes = ops.reshape(*self._encode(images, training))
        own = ops.stop_gradient(images) if self.isolated else images
        windows = self._some_windows(own) if some else self._flat_windows(own)
        with Apart(parts) as scope:
            own_codes = self.autoencoder.encode(windows, training) if some else self._encode(own, training)[0]
            objective = self._loss(windows, own_codes, training)
        scope.keep_state()
        # Keras sums a loss that is given per window, as importance-weighted codes give it.
        self.add_loss(self.weight * sum(map(ops.sum, scope.losses), start=objective))
        return codes

    def _loss(self, windows, codes, training):
        """Returns the loss between windows [n, *window, channels] and the decoded codes [n, length]."""
        reconstructions = self.autoencoder.decode(codes, training)
        return window_loss(self.loss, *(ops.cast(values, "float32") for values in (windows, reconstructions)))

    def encode(self, images, training: bool = False):
        """Returns the code maps that `call` returns, without computing the loss: faster in eager mode."""
        return ops.reshape(*self._encode(images, training))

    def windows(self, images):
        """Returns the windows of images: [batch, height, width, c] → [batch, rows, columns, *window, c]."""
        return self.windowing.extract(ops.convert_to_tensor(images))

    def reconstruct_windows(self, images):
        """Returns the reconstructions of `windows(images)`, in inference mode."""
        return self.decode(self.encode(images))

    def decode(self, codes):
        """Decodes code maps [n, rows, columns, code length] into windows [n, rows, columns, *window, channels]."""
        windows = self.autoencoder.decode(ops.reshape(codes, (-1, codes.shape[-1])))
        return ops.reshape(windows, (-1, *codes.shape[1:3], *self.autoencoder.image_shape))

    def recombine(self, windows, sides: tuple[int, int]) -> Recombined:
        """Inverts `windows`: averages where they overlap, and returns a mask of the pixels that a window covers.

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

    def _some_windows(self, images):
        """Cuts out the windows of a sub-grid with a random start: [n, *window, channels]."""
        start = keras.random.uniform((2,), seed=self.offsets)
        windows = self.windowing.extract_some(images, self.window_fraction, start)
        return ops.reshape(windows, (-1, *self.autoencoder.image_shape))

    def _encode(self, images, training):
        """Returns codes [batch · windows, length], as the bottleneck sees them, and the code maps' shape."""
        images = ops.convert_to_tensor(images)
        encoder, bottleneck = self.autoencoder.encoder, self.autoencoder.bottleneck
        if self._slides(training):
            features = encoder.slide(images, self.strides, self.padding)
            features = ops.reshape(features, (-1, features.shape[-1]))
        else:
            features = encoder(self._flat_windows(images), training=training)
        codes = bottleneck(features, training=training)
        return codes, (-1, *self.windowing.counts(ops.shape(images)[1:3]), *self.autoencoder.code_shape)

    def _slides(self, training: bool) -> bool:
        """Returns whether the encoder runs as a convolution instead of on cut-out windows.

        A convolution is slower where the windows tile the image, and in training on small windows: the loss cuts
        them out anyway, and the gradients of a strided convolution would be the slowest part.
        """
        if not hasattr(self.autoencoder.encoder, "slide") or self.windowing.tiles:
            return False
        return not training or prod(self.autoencoder.image_shape) > FEW_VALUES

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.windowing.counts(input_shape[1:3]), *self.autoencoder.code_shape)

    def get_config(self):
        kept = {name: getattr(self, name) for name in _KEPT}
        parts = {"autoencoder": self.autoencoder}
        if isinstance(self.loss, keras.losses.Loss):
            parts["loss"] = self.loss
        serialized = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        return {**super().get_config(), **kept, **serialized}

    @classmethod
    def from_config(cls, config):
        parts = {name: config[name] for name in ("autoencoder", "loss") if isinstance(config.get(name), dict)}
        made = {name: keras.saving.deserialize_keras_object(part) for name, part in parts.items()}
        return cls(**{**config, **made})

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
            Example({"autoencoder": variational, "isolated": True, "window_fraction": 0.3, "seed": 1}, (9, 7, 1)),
        ]

"""A frozen network from images to feature maps, which autoencoders and scores treat like images."""

from collections.abc import Iterable, Iterator

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae._support.execution import compiled
from keras_ae._support.image_arrays import as_images, raw_batches
from keras_ae._support.pixels import tensor_in_unit
from keras_ae.features.lighting import even_light

SETTINGS = ("size", "channels", "neighbours", "per_image", "even_light")
BATCH = 16  # images taken from an array at a time: maps are large
FLICKER = 1e-3  # added to the deviation within an image: so that channels that hardly vary there are not amplified
FAINTEST = 1e-6  # a channel with a smaller deviation is constant


@keras.saving.register_keras_serializable(package="keras_ae")
class FeatureMaps(keras.Model):
    """Feature maps of images: layers of a frozen network, resized to one size, each channel normalised.

    `adapt` learns the channels' mean and deviation from normal images; no weight is ever trained.
    `keras_ae.architectures.features` builds one from a network's name.

    Args:
        network: Model from images [n, h, w, 3] to one tensor of maps [n, rows, columns, channels], or several.
        matrix, offset: [3, 3] and [3]: the network's input is `image @ matrix + offset` for images in [0, 1].
        size: (rows, columns) of the maps. Larger maps are averaged over blocks, smaller ones interpolated.
        channels: Number of the images' channels: 3, or 1 for gray images.
        neighbours: Width of the square over which each value is averaged first, an odd number.
        per_image: Whether each channel is first centred and scaled by its mean and deviation over the positions of
            the image itself, which removes lighting and exposure (and any anomaly of the image as a whole).
        even_light: Whether uneven light is removed from the images before the network sees them (`even_light`).

    Example:
        >>> pixels = keras.Input((8, 8, 3))
        >>> maps = FeatureMaps(keras.Model(pixels, pixels), np.eye(3), np.zeros(3), size=(4, 4), channels=1)
        >>> maps.adapt(np.zeros((2, 8, 8, 1), "uint8")).map_shape
        (4, 4, 3)
    """

    def __init__(
        self,
        network: keras.Model,
        matrix,
        offset,
        size: tuple[int, int],
        channels: int = 3,
        neighbours: int = 1,
        per_image: bool = False,
        even_light: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        network.trainable = False
        self.network, self.channels, self.neighbours = network, channels, neighbours
        rows, columns = size
        self.size = (rows, columns)
        self.matrix, self.offset, self.per_image = np.float32(matrix), np.float32(offset), per_image
        self.even_light = even_light
        if channels not in (1, 3):
            raise InputError(f"features of images with {channels} channels", "images with 1 or 3 channels")
        if neighbours < 1 or neighbours % 2 == 0:
            raise InputError(f"neighbours={neighbours}", "an odd number", "3 averages a value and those around it")
        for output in network.outputs:
            if len(output.shape) != 4 or None in output.shape[1:]:
                received = f"a layer with outputs of {tuple(output.shape)} for features"
                raise InputError(received, "maps (n, rows, columns, channels)", "name another layer")
        depth = (sum(output.shape[-1] for output in network.outputs),)
        self.mean = self.add_weight(shape=depth, initializer="zeros", trainable=False, name="mean")
        self.deviation = self.add_weight(shape=depth, initializer="ones", trainable=False, name="deviation")
        self(keras.Input(self.image_shape))

    @property
    def trainable(self) -> bool:
        """Whether weights are trained: those of the network never are."""
        return keras.layers.Layer.trainable.fget(self)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        keras.layers.Layer.trainable.fset(self, value)  # sets those of the layers inside, too
        if hasattr(self, "network"):
            self.network.trainable = False

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images."""
        return (*self.network.input_shape[1:3], self.channels)

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """(rows, columns, channels) of the maps."""
        return (*self.size, int(self.mean.shape[0]))

    def call(self, images, training=False):
        """Returns float32 maps [n, rows, columns, channels] of images [n, h, w, c], floats in [0, 1] or uint8.

        Gray images may lack the axis of their channel.
        """
        return self.scaled(self.unscaled(images))

    def scaled(self, maps):
        """Returns the maps of `unscaled` with each channel standardised by its mean and deviation."""
        return (maps - self.mean) / self.deviation

    def target(self, images):
        """Returns the maps of images, as scores use them; maps stay as they are."""
        return images if tuple(images.shape[1:]) == self.map_shape else self(images)

    def adapt(self, images) -> "FeatureMaps":
        """Learns mean and deviation of each channel over all positions of normal images, and returns itself.

        Args:
            images: An array [n, h, w, c], or batches of such arrays (labels are ignored), read once.

        Raises:
            InputError: There are no images, or they have another shape or range.
        """
        unscaled = compiled(lambda batch: self.unscaled(batch))
        return self.adapt_to(ops.convert_to_numpy(unscaled(batch)) for batch in self._batches(images))

    def adapt_to(self, batches: Iterable[np.ndarray]) -> "FeatureMaps":
        """Learns the same from maps that `unscaled` returned for normal images, read once, and returns itself.

        Raises:
            InputError: There are no maps.
        """
        count, total, squares = 0, 0.0, 0.0
        for batch in batches:
            maps = batch.astype(np.float64)
            count += maps[..., 0].size
            total, squares = total + maps.sum((0, 1, 2)), squares + np.square(maps).sum((0, 1, 2))
        if not count:
            raise InputError("no images to adapt features to", "at least one", "give normal images")
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - np.square(mean), 0))
        self.mean.assign(np.float32(mean))
        self.deviation.assign(np.float32(np.where(deviation < FAINTEST, 1, deviation)))
        return self

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.map_shape)

    def get_config(self):
        network = keras.saving.serialize_keras_object(self.network)
        settings = {name: getattr(self, name) for name in SETTINGS}
        arrays = {"matrix": self.matrix.tolist(), "offset": self.offset.tolist()}
        return {"name": self.name, "network": network, **arrays, **settings}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        network = keras.saving.deserialize_keras_object(config["network"], custom_objects=custom_objects)
        return cls(**{**config, "network": network})

    def unscaled(self, images):
        """Returns the maps of images, float32, before the channels are scaled by what `adapt` learned."""
        images = ops.cast(tensor_in_unit(images), "float32")
        images = ops.expand_dims(images, -1) if self.channels == 1 and len(images.shape) == 3 else images
        images = even_light(images) if self.even_light else images
        images = ops.concatenate([images] * 3, axis=-1) if self.channels == 1 else images
        outputs = self.network(ops.matmul(images, self.matrix) + self.offset, training=False)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        maps = ops.concatenate([self._sized(ops.cast(output, "float32")) for output in outputs], axis=-1)
        return scaled_per_image(maps) if self.per_image else maps

    def _batches(self, images) -> Iterator[np.ndarray]:
        for batch in raw_batches(images, self.image_shape, BATCH):
            yield as_images(batch[0] if isinstance(batch, tuple) else batch, self.image_shape)

    def _sized(self, maps):
        if self.neighbours > 1:
            maps = ops.average_pool(maps, self.neighbours, 1, "same")
        blocks = tuple(max(1, have // want) for have, want in zip(maps.shape[1:3], self.size, strict=True))
        if max(blocks) > 1:
            maps = ops.average_pool(maps, blocks, blocks, "valid")
        if tuple(maps.shape[1:3]) == self.size:
            return maps
        return ops.image.resize(maps, self.size, interpolation="bilinear", data_format="channels_last")


def scaled_per_image(maps):
    """Centres and scales each channel of maps [n, rows, columns, channels] over the positions of its image.

    Example:
        >>> np.array(scaled_per_image(np.float32([[[[1.0], [3.0]]]]))).round(2).ravel().tolist()
        [-1.0, 1.0]
    """
    centred = maps - ops.mean(maps, axis=(1, 2), keepdims=True)
    return centred / (ops.sqrt(ops.mean(ops.square(centred), axis=(1, 2), keepdims=True)) + FLICKER)


def frozen_features(model) -> FeatureMaps | None:
    """Returns a model's frozen features: the model itself, or those an autoencoder reconstructs; None without any.

    Example:
        >>> frozen_features(keras.Sequential()) is None
        True
    """
    return model if isinstance(model, FeatureMaps) else getattr(model, "features", None)

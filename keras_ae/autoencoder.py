"""The autoencoder: encoder → bottleneck → decoder, trained with Keras's own `compile` and `fit`."""

import keras
from keras import ops

from keras_ae import _keras
from keras_ae.bottlenecks import Bottleneck
from keras_ae.errors import InputError
from keras_ae.execution import AutomaticExecution


@keras.saving.register_keras_serializable(package="keras_ae")
class Autoencoder(_keras.AcrossWorkers, AutomaticExecution, keras.Model):
    """A model that is trained to give back its input.

    `fit` takes images alone (the target is the input), or (input, target) pairs, which train it to denoise. The
    logs show `loss`, and, where the bottleneck penalises its code, `penalty`: all that is added to the compiled
    loss, by layers and by regularised weights, the encoder's and the decoder's too. (Where only these two add
    something it is not shown: whether they do is known from the first batch on, and the logs from before it.)

    Args:
        encoder: Model from images [batch, height, width, channels] to features.
        bottleneck: Layer from features to code.
        decoder: Model from code to images.

    Raises:
        InputError: If the three do not fit together.
    """

    def __init__(self, encoder: keras.Model, bottleneck: Bottleneck, decoder: keras.Model, **kwargs):
        super().__init__(**kwargs)
        self.encoder, self.bottleneck, self.decoder = encoder, bottleneck, decoder
        code_shape = tuple(bottleneck.compute_output_shape(encoder.output_shape)[1:])
        if code_shape != tuple(decoder.input_shape[1:]):
            raise InputError(
                f"a bottleneck that makes codes of {code_shape}",
                f"codes of {tuple(decoder.input_shape[1:])}, which the decoder takes",
                "give bottleneck and decoder the same code shape",
            )
        self.penalty = keras.metrics.Mean(name="penalty") if bottleneck.penalizes else None
        self(keras.Input(self.image_shape))  # Built now: it can be summarised, saved and counted at once.

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images."""
        return tuple(self.encoder.input_shape[1:])

    @property
    def code_shape(self) -> tuple[int, ...]:
        """Shape of one image's code."""
        return tuple(self.decoder.input_shape[1:])

    def encode(self, images, training: bool = False):
        """Codes [batch, ...] of images [batch, height, width, channels]; of a variational code the mean."""
        return self.bottleneck(self.encoder(images, training=training), training=training)

    def decode(self, codes, training: bool = False):
        """Images [batch, height, width, channels] of codes [batch, ...]."""
        return self.decoder(codes, training=training)

    def reconstruct(self, images):
        """`decode(encode(images))`, as at inference. For many images `predict` does the same in batches."""
        return self(images, training=False)

    def call(self, images, training=False):
        return self.decode(self.encode(images, training), training)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.decoder.output_shape[1:])

    def compile(self, optimizer="adam", loss="mse", **kwargs):
        """Like `keras.Model.compile`; `jit_compile` and `steps_per_execution` are "auto" unless given.

        "auto" is resolved by device and kind of model (`keras_ae.execution`). The steps a call it comes to are
        lowered where `fit` is told a number of steps that they do not divide.
        """
        super().compile(optimizer, loss, **kwargs)

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        y = x if y is None else y
        if not _agree(y.shape[1:], y_pred.shape[1:]):
            raise InputError(
                f"target images of {tuple(y.shape[1:])}",
                f"{tuple(y_pred.shape[1:])}, as the decoder gives them",
            )
        if sample_weight is not None and all(side == 1 for side in sample_weight.shape[1:]):
            # Keras would broadcast one weight an image over the image's columns.
            sample_weight = ops.reshape(sample_weight, (-1,) + (1,) * (len(y.shape) - 2))
        if self.penalty is not None:
            self.penalty.update_state(sum(self.losses), sample_weight=ops.shape(y_pred)[0])
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, x if y is None else y, y_pred, sample_weight)

    def get_config(self):
        parts = {"encoder": self.encoder, "bottleneck": self.bottleneck, "decoder": self.decoder}
        serialized = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        dtype = keras.dtype_policies.serialize(self.dtype_policy)  # by which `compile` scales the loss, or not
        return {"name": self.name, "dtype": dtype, **serialized}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("encoder", "bottleneck", "decoder")
        }
        return cls(**parts, name=config.get("name"), dtype=config.get("dtype"))


def _agree(one, other) -> bool:
    """Whether two shapes may be the same, as far as their sides are known."""
    if len(one) != len(other):
        return False
    return all(None in (a, b) or a == b for a, b in zip(one, other, strict=True))


def load_model(path) -> keras.Model:
    """Load a model saved with `model.save("….keras")`, without running code that the file may carry."""
    return keras.saving.load_model(path, safe_mode=True)

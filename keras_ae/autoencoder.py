"""The autoencoder: encoder → bottleneck → decoder, trained with Keras's own `compile` and `fit`."""

from math import prod

import keras
from keras import ops

from keras_ae._support import keras_private
from keras_ae._support.autoencoder_arguments import check_built, check_features, with_target
from keras_ae._support.errors import InputError
from keras_ae._support.execution import AutomaticExecution
from keras_ae._support.pixels import tensor_in_unit, warn_of_bytes
from keras_ae.bottlenecks import Bottleneck, as_bottleneck
from keras_ae.code_shapes import check_channels_last, shapes_agree
from keras_ae.losses import loss_per_image, weights_of_images

PARTS = ("encoder", "bottleneck", "decoder", "features")


@keras.saving.register_keras_serializable(package="keras_ae")
class Autoencoder(keras_private.AcrossWorkers, AutomaticExecution, keras.Model):
    """A model trained to reconstruct its input.

    Images are floats in [0, 1], or uint8, which every method divides by 255. `fit` takes images alone (the target
    is the input), or (input, target) pairs, which train it to denoise. The logs show `loss`, and, where the
    bottleneck penalises its code, `penalty`: everything added to the compiled loss by layers and regularised
    weights, including the encoder's and decoder's. (If only the encoder and decoder add something, it is not
    shown: the logs' names are fixed before the first batch reveals it.)

    Args:
        encoder: Model from images [batch, height, width, channels] to features.
        bottleneck: Layer from features to code, or the name of one that produces the decoder's codes.
        decoder: Model from code to images.
        features: A frozen model from images to maps, if these are to be reconstructed instead of the images.
            Methods then also take maps in place of images, so that maps need not be recomputed each time.

    Raises:
        InputError: If the parts do not fit together, or are not models and layers of these kinds.
    """

    def __init__(
        self,
        encoder: keras.Model,
        bottleneck: Bottleneck | str,
        decoder: keras.Model,
        features: keras.Model | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_channels_last()
        check_built("encoder", encoder)
        check_built("decoder", decoder)
        bottleneck = as_bottleneck(bottleneck, decoder.input_shape[-1])
        self.encoder, self.bottleneck, self.decoder, self.features = encoder, bottleneck, decoder, features
        if features is not None:
            check_features(features, encoder)
        code_shape = tuple(bottleneck.compute_output_shape(encoder.output_shape)[1:])
        if code_shape != tuple(decoder.input_shape[1:]):
            raise InputError(
                f"a bottleneck that makes codes of {code_shape}",
                f"codes of {tuple(decoder.input_shape[1:])}, which the decoder takes",
                "give bottleneck and decoder the same code shape",
            )
        bottleneck.attach(self.image_shape, tuple(encoder.output_shape[1:]))
        self.penalty = keras.metrics.Mean(name="penalty") if bottleneck.penalizes else None
        self.measures = [keras.metrics.Mean(name=name) for name in bottleneck.measured]
        self(keras.Input(self.image_shape))  # Built now, so that it can be summarised, saved and counted at once.

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images."""
        return tuple(self.encoder.input_shape[1:] if self.features is None else self.features.image_shape)

    @property
    def code_shape(self) -> tuple[int, ...]:
        """Shape of one image's code."""
        return tuple(self.decoder.input_shape[1:])

    @property
    def indices_shape(self) -> tuple[int, ...] | None:
        """Shape of one image's code as integers; None unless the bottleneck is discrete."""
        sizes = self.bottleneck.sizes
        return (*self.code_shape[:-1], len(sizes)) if sizes else None

    def __call__(self, images, *args, **kwargs):
        self._check(images)  # Not in `call`, where Keras would replace the error by another.
        return super().__call__(tensor_in_unit(images), *args, **kwargs)

    def _check(self, images) -> None:
        """Refuses images of another shape, as far as it is known; grey images may lack the channel axis."""
        expected = self.image_shape
        shape = _shape_of(images, "images", f"{expected}")
        given = shape[1:]
        if self._are_maps(images):
            return
        if not shapes_agree((*given, 1) if _lacks_channel(given, expected) else given, expected):
            one = shapes_agree(shape, expected)
            action = "give a batch: images[None]" if one else "resize them, or build a model for them"
            raise InputError(f"images of {given}", f"{expected}", action)
        warn_of_bytes(images)

    def _are_maps(self, images) -> bool:
        """Whether these already are maps computed by `features`."""
        return self.features is not None and tuple(images.shape[1:]) == tuple(self.encoder.input_shape[1:])

    def target(self, images):
        """Returns the target of the reconstruction of images [batch, ...]: float images, or their features."""
        images = tensor_in_unit(images)
        return images if self.features is None or self._are_maps(images) else self.features(images)

    def encode(self, images, training: bool = False, indices: bool = False):
        """Returns codes [batch, ...] of images [batch, height, width, channels]; a variational code's mean.

        They have the layers' compute dtype; `keras_ae.evaluation.encode` returns float32 arrays. With `indices`,
        discrete codes are returned as int32 [batch, *indices_shape].

        Raises:
            InputError: For images of another shape, or `indices` of a bottleneck that is not discrete.
        """
        self._check(images)
        code = self._codes(images, training)
        return self.bottleneck.indices(code) if indices else code

    def _codes(self, images, training, samples: int = 1):
        """Codes [batch · samples, ...], image by image."""
        features = self.encoder(self.target(images), training=training)
        features = features if samples == 1 else ops.repeat(features, samples, axis=0)
        return self.bottleneck(features, training=training)

    def decode(self, codes, training: bool = False):
        """Returns the images [batch, height, width, channels] of codes [batch, ...], in the layers' compute dtype.

        With a discrete bottleneck, codes may be integers, as `encode` returns them. Codes may be flat, [batch,
        values], as densities sample them.

        Raises:
            InputError: For codes of another shape, or integers outside the bottleneck's range.
        """
        return self.decoder(self.bottleneck.as_codes(self._unflattened(codes)), training=training)

    def _unflattened(self, codes):
        """Codes in the shape of the decoder's input, or of the integers for it; refuses other shapes."""
        shape = _shape_of(codes, "codes", f"{self.code_shape}")
        given = shape[1:]
        forms = [form for form in dict.fromkeys((self.code_shape, self.indices_shape)) if form is not None]
        if any(shapes_agree(given, form) for form in forms):
            return codes
        for form in forms:
            if None not in form and given == (prod(form),):
                return ops.reshape(codes, (-1, *form))
        one = any(shapes_agree(shape, form) for form in forms)
        action = "give a batch: codes[None]" if one else "give codes of this model"
        raise InputError(f"codes of {given}", f"{' or '.join(map(str, forms))}", action)

    def reconstruct(self, images):
        """Returns `decode(encode(images))` in inference mode. `predict` does this in batches, for many images."""
        return self(images, training=False)

    def call(self, images, training=False):
        codes = self._codes(images, training, self.bottleneck.samples if training else 1)
        # As Keras advises for outputs; NumPy could not load bfloat16 arrays from `predict`.
        return ops.cast(self.decode(codes, training), "float32")

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.decoder.output_shape[1:])

    def compile(self, optimizer="adam", loss="mse", **kwargs):  # type: ignore[override]  # other defaults
        """Like `keras.Model.compile`; `jit_compile` and `steps_per_execution` are "auto" unless given.

        "auto" depends on the device and the kind of model. `fit` lowers its steps per call if they do not divide
        the given number of steps.
        """
        super().compile(optimizer, loss, **kwargs)

    def fit(self, x=None, *args, **kwargs):
        """Same as in Keras; weights may come without targets, also in `validation_data=(x, None, weights)`."""
        if hasattr(x, "shape"):  # An already traced step may take images of any height and width.
            self._check(x)
        self._trace_anew(x)
        given = with_target(keras.Model.fit, self, x, *args, **kwargs)
        validation = given.get("validation_data")
        if isinstance(validation, tuple) and len(validation) == 3 and validation[1] is None:
            given["validation_data"] = (validation[0], validation[0], validation[2])
        return super().fit(**given)

    def evaluate(self, x=None, *args, **kwargs):
        """Same as in Keras; `sample_weight` may come without `y`."""
        self._trace_anew(x)
        return super().evaluate(**with_target(keras.Model.evaluate, self, x, *args, **kwargs))

    def predict(self, x, *args, **kwargs):  # type: ignore[override]  # names the images
        """Same as in Keras."""
        self._trace_anew(x)
        return super().predict(x, *args, **kwargs)

    def _trace_anew(self, x) -> None:
        """Discards compiled steps if images follow features, or features follow images.

        TensorFlow would relax the shape to any size, and could then not tell the two apart.
        """
        if self.features is None:
            return
        spec = getattr(x, "element_spec", x)
        shape = getattr(spec[0] if isinstance(spec, tuple) else spec, "shape", None)
        kind = None if shape is None else int(shape[-1] or 0)
        if kind != getattr(self, "_traced_kind", kind):
            self.train_function = self.test_function = self.predict_function = None
        self._traced_kind = kind

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        self._build_optimizer()

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        y = self._target(x, y, y_pred)
        if not shapes_agree(y.shape[1:], y_pred.shape[1:]):
            raise InputError(
                f"target images of {tuple(y.shape[1:])}",
                f"{tuple(y_pred.shape[1:])}, as the decoder gives them",
            )
        sample_weight, more = weights_of_images(sample_weight, len(y_pred.shape)), 0.0
        several = training and self.bottleneck.samples > 1
        if several:
            y = ops.repeat(y, self.bottleneck.samples, axis=0)
            sample_weight, more = self._weighed(y, y_pred, sample_weight)
        if self.penalty is not None:
            self.penalty.update_state(
                sum(map(ops.sum, self.losses), start=more), sample_weight=ops.shape(y_pred)[0]
            )
        measured = self.bottleneck.measures() if self.measures else {}
        for metric in self.measures:
            metric.update_state(measured[metric.name])
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return loss + keras_private.aggregated(self, more) if several else loss

    def _weighed(self, y, y_pred, sample_weight):
        """Returns the weights of each image's codes, and a term to add to the loss; see `Bottleneck.weigh`."""
        of_codes = next(loss for loss in self.losses if len(loss.shape))  # all others are scalars
        count = ops.cast(ops.shape(of_codes)[0], "float32")
        weights, more = self.bottleneck.weigh(loss_per_image(self.loss, y, y_pred) + count * of_codes)
        more = more + ops.sum((weights - 1.0) * of_codes)
        weights = weights_of_images(weights, len(y_pred.shape))
        if sample_weight is not None:
            weights = weights * ops.repeat(sample_weight, self.bottleneck.samples, axis=0)
        return weights, more

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        sample_weight = weights_of_images(sample_weight, len(y_pred.shape))
        if self.bottleneck.samples > 1:  # the first code of each image
            images = ops.shape(x if y is None else y)[0]
            y_pred = ops.reshape(y_pred, (images, -1, *y_pred.shape[1:]))[:, 0]
        return super().compute_metrics(x, self._target(x, y, y_pred), y_pred, sample_weight)

    def _target(self, x, y, y_pred):
        """Returns the target, from `y` or from `x` itself; grey images get a channel axis."""
        y = self.target(x if y is None else y)
        return ops.expand_dims(y, -1) if _lacks_channel(y.shape, y_pred.shape) else y

    def get_config(self):
        parts = {name: getattr(self, name) for name in PARTS if getattr(self, name) is not None}
        serialized = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        dtype = keras.dtype_policies.serialize(self.dtype_policy)  # by which `compile` scales the loss, or not
        return {"name": self.name, "dtype": dtype, **serialized}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in PARTS
            if name in config
        }
        return cls(**parts, name=config.get("name"), dtype=config.get("dtype"))


def _shape_of(values, what: str, expected: str) -> tuple:
    """The shape of an array or tensor; refuses anything else, such as a list (`InputError`)."""
    shape = getattr(values, "shape", None)
    if shape is None:
        raise InputError(f"a {type(values).__name__} as {what}", f"one array or tensor of {expected} an image")
    if getattr(shape, "rank", 0) is None:  # TensorFlow's, for a generator without a signature
        raise InputError(f"{what} of unknown shape", expected, "tell tf.data the shape")
    return tuple(shape)


def _lacks_channel(shape, full) -> bool:
    """Whether grey images lack the channel axis, as Keras allows."""
    return full[-1] == 1 and len(shape) == len(full) - 1

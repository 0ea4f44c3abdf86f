"""Smooth networks: the decoders of the regularised autoencoder (Ghosh et al., 2020)."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import InputError
from keras_ae.catalogue import Example
from keras_ae.layers import SpectralNormalization

KERNELS = (keras.layers.Dense, keras.layers.Conv2D, keras.layers.Conv2DTranspose)


@keras.saving.register_keras_serializable(package="keras_ae")
class JacobianPenalty(keras.layers.Wrapper):
    """Wraps a decoder D and adds weight · ‖∂D(z)/∂z‖²_F, averaged over the codes, to the loss in training.

    The norm is estimated without second derivatives: E ‖D(z + s·u) − D(z)‖² / s² over u ~ N(0, I), with one u per
    code, which is the squared Frobenius norm up to a term of order s². Codes and moved codes pass through the
    decoder as one batch, so that batch normalisation treats them alike. The differences are too small for half
    precision: train in float32.

    Args:
        layer: The decoder.
        weight: Weight of the squared norm, a sum over the image's values.
        step: The distance s, in units of the code.
        seed: Seed of the directions u.

    Example:
        >>> decoder = kae.networks.fully_connected_decoder((3,), (4, 4, 1), hidden=(8,))
        >>> penalized = kae.networks.JacobianPenalty(decoder, weight=1e-3, seed=1)
        >>> images = penalized(np.ones((2, 3), "float32"), training=True)
        >>> tuple(images.shape), float(penalized.losses[0]) > 0
        ((2, 4, 4, 1), True)
    """

    def __init__(
        self, layer: keras.Model, weight: float = 1e-6, step: float = 0.01, seed: int | None = None, **kwargs
    ):
        super().__init__(layer, **kwargs)
        self.weight, self.step, self.seed = weight, step, seed
        self.directions = keras.random.SeedGenerator(seed)

    def call(self, codes, training=False):
        if not training:
            return self.layer(codes, training=False)
        moves = self.step * keras.random.normal(ops.shape(codes), dtype=codes.dtype, seed=self.directions)
        images = self.layer(ops.concatenate([codes, codes + moves]), training=True)
        images, moved = images[: ops.shape(codes)[0]], images[ops.shape(codes)[0] :]
        slopes = (ops.cast(moved, "float32") - ops.cast(images, "float32")) / self.step
        self.add_loss(self.weight * ops.mean(numerics.sum_per_image(ops.square(slopes))))
        return images

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "weight": self.weight, "step": self.step, "seed": self.seed}


def regularized_decoder(
    decoder: keras.Model,
    weight_decay: float = 0.0,
    gradient_penalty: float = 0.0,
    spectral: bool = False,
    seed: int | None = None,
) -> keras.Model:
    """Returns an untrained copy of a decoder, regularised by any of the RAE's three methods.

    Source: Ghosh et al., "From variational to deterministic autoencoders", section 3: RAE-L2, RAE-GP and RAE-SN.
    They complement a penalty on the code, `keras_ae.bottlenecks.L2Code`. Added to a loss that is a *mean* over an
    image's values, a weight acts as strongly as weight · number of values added to a sum. Networks other
    than decoders work too.

    Weight decay and spectral normalisation apply to dense layers, convolutions and transposed convolutions that
    are direct layers of the model, as in `strided_decoder`, not to those inside composite layers or nested models,
    as in `convolutional_decoder`. The gradient penalty works with any decoder.

    Args:
        decoder: A functional model. It is not changed, and its weights are not copied.
        weight_decay: Weight decay: adds weight_decay · ‖W‖² to the loss for every kernel W.
        gradient_penalty: Weight of `JacobianPenalty`.
        spectral: Whether dense layers and convolutions are spectrally normalised, the last one too
            (`keras_ae.layers.SpectralNormalization`).
        seed: Seed of the gradient penalty.

    Raises:
        InputError: If weight decay or spectral normalisation would miss a kernel.

    Example:
        >>> decoder = kae.networks.fully_connected_decoder((3,), (4, 4, 1), hidden=(8,))
        >>> smooth = kae.networks.regularized_decoder(decoder, spectral=True)
        >>> [type(layer).__name__ for layer in smooth.layers][1]
        'SpectralNormalization'
    """
    if weight_decay or spectral:
        _check_kernels(decoder)

    def regularized(layer):
        config = layer.get_config()
        has_kernel = isinstance(layer, KERNELS)
        if weight_decay and has_kernel:
            config["kernel_regularizer"] = keras.regularizers.L2(weight_decay)
        clone = type(layer).from_config(config)
        return SpectralNormalization(clone, name=layer.name) if spectral and has_kernel else clone

    smooth = keras.models.clone_model(decoder, clone_function=regularized)
    if not gradient_penalty:
        return smooth
    code = keras.Input(decoder.input_shape[1:], name="code")
    penalized = JacobianPenalty(smooth, gradient_penalty, seed=seed, name="decoder")
    return keras.Model(code, penalized(code), name=decoder.name)


def _check_kernels(model: keras.Model) -> None:
    for layer in model.layers:
        if not isinstance(layer, KERNELS) and any(len(weight.shape) > 1 for weight in layer.weights):
            raise InputError(
                f"layer {layer.name!r} of kind {type(layer).__name__}, which has kernels of its own",
                f"kernels in {', '.join(kind.__name__ for kind in KERNELS)} alone",
                "regularize by the gradient penalty alone, or give another decoder",
            )


def _examples() -> list[Example]:
    """Examples with new decoders each time: models must not share them."""

    def decoder():
        code = keras.Input((3,), name="code")
        maps = keras.layers.Reshape((2, 2, 2))(keras.layers.Dense(8)(code))
        return keras.Model(code, keras.layers.Conv2DTranspose(1, 2, 2, activation="sigmoid")(maps))

    options = ({"weight_decay": 1e-3}, {"gradient_penalty": 1e-3, "seed": 1}, {"spectral": True})
    return [Example({"decoder": decoder(), **option}) for option in options]


regularized_decoder.examples = _examples  # type: ignore[attr-defined]  # builders are functions with examples

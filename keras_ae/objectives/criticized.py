"""The autoencoder with a critic of its reconstructions, trained in the same step."""

import keras
from keras import ops

from keras_ae._support import keras_private
from keras_ae._support.errors import InputError
from keras_ae.autoencoder import PARTS, Autoencoder
from keras_ae.layers import Discriminator, PatchDiscriminator


@keras.saving.register_keras_serializable(package="keras_ae")
class CriticizedAutoencoder(Autoencoder):
    """An `Autoencoder` trained to make its reconstructions indistinguishable from images to a discriminator.

    It adds two terms to the compiled loss: weight · mean log(1 + e^−D(y)) of the reconstructions y, whose gradient
    reaches encoder, bottleneck and decoder, and the discriminator's cross-entropy, whose gradient reaches the
    discriminator alone; `fit` thus stays Keras's own. The logs show the second as `critic`: log 2 = 0.69 for mere
    guessing. The critic takes no part in validation, evaluation or exports. With `FeatureDissimilarity` it is the
    recipe of the autoencoders of Esser et al., "Taming transformers for high-resolution image synthesis", 2021,
    eq. 5 to 7, and of Rombach et al., "High-resolution image synthesis with latent diffusion models", 2022,
    section 3.1. There the weight follows the gradients; here it is the variable `critic_weight`, fixed or set by a
    schedule.

    Args:
        encoder, bottleneck, decoder, features: Parts of an `Autoencoder`, such as `model.encoder` of a built one.
        critic: A discriminator of images; by default a `PatchDiscriminator`.
        weight: Weight of the first term; the initial value of `critic_weight`.

    Raises:
        InputError: If the critic is not a discriminator, or the bottleneck draws several codes per image.

    Example:
        >>> plain = kae.architectures.convolutional((8, 8, 1), (4, 4, 2), strided_layers=1, width=1)
        >>> critic = kae.layers.PatchDiscriminator(hidden=(8,))
        >>> model = kae.objectives.CriticizedAutoencoder(
        ...     plain.encoder, plain.bottleneck, plain.decoder, critic=critic, weight=0.01
        ... )
        >>> model.compile("adam", "mse")
        >>> sorted(model.fit(np.ones((4, 8, 8, 1), "float32"), verbose=0).history)
        ['critic', 'loss']
    """

    def __init__(
        self,
        encoder,
        bottleneck,
        decoder,
        features=None,
        critic: Discriminator | None = None,
        weight: float = 0.01,
        **kwargs,
    ):
        critic = PatchDiscriminator() if critic is None else critic
        if not isinstance(critic, Discriminator):
            received = f"a {type(critic).__name__} as critic"
            raise InputError(received, "a PatchDiscriminator or another Discriminator")
        if not critic.built:
            critic.build((None, *decoder.output_shape[1:]))
        # Before the autoencoder is built: afterwards Keras accepts no more state.
        self.critic, self.weight = critic, weight
        self.critic_weight = keras.Variable(weight, dtype="float32", trainable=False, name="critic_weight")
        self.critic_loss = keras.metrics.Mean(name="critic")
        super().__init__(encoder, bottleneck, decoder, features, **kwargs)
        if self.bottleneck.samples > 1:
            received = f"a critic beside a bottleneck of {self.bottleneck.samples} codes an image"
            raise InputError(received, "a bottleneck of one code", "leave one of the two out")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if not training:
            return loss
        images = ops.cast(self._target(x, y, y_pred), "float32")
        cross_entropy = self.critic.cross_entropy(images, y_pred, training=True)
        self.critic_loss.update_state(cross_entropy, sample_weight=ops.shape(y_pred)[0])
        doubted = self.critic_weight * ops.mean(ops.softplus(-self.critic.held(y_pred)))
        return loss + keras_private.aggregated(self, doubted + cross_entropy)

    def get_config(self):
        return {
            **super().get_config(),
            "critic": keras.saving.serialize_keras_object(self.critic),
            "weight": self.weight,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        given = {name: value for name, value in config.items() if name in ("name", "dtype", "weight")}
        for name in (*PARTS, "critic"):
            if name in config:
                given[name] = keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
        return cls(**given)

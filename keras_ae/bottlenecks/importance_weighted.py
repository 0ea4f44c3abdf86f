"""The bottleneck of the importance-weighted autoencoder (IWAE: Burda et al., 2016)."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae.bottlenecks.variational import Variational
from keras_ae.catalogue import Example
from keras_ae.code_shapes import whole_number

SMALLEST_BETA = 1e-8  # stands for a β of 0, with which a schedule may begin: only each image's best code counts


@keras.saving.register_keras_serializable(package="keras_ae")
class ImportanceWeighted(Variational):
    """A variational bottleneck that draws k codes for each image in training and weights them by their fit.

    The loss of an image is −β · log (1/k)·Σᵢ exp(−(Lᵢ/β + log q(zᵢ | x) − log N(zᵢ; 0, I))), where Lᵢ is the
    compiled loss of the image decoded from code i: Lᵢ/β counts as −log p(x | zᵢ) in nats, as it does beside the KL
    of `Variational`. With the loss `gaussian_likelihood` and β = 1 it is the paper's bound. With one code it is
    the VAE's, without the closed form of the KL; with more codes it approaches −β·log p(x). The encoder sees each
    image once, bottleneck and decoder k times. In validation the loss is that of `Variational`. Where the
    bottleneck is used without an `Autoencoder`, as in a locally embedded one, it draws one code. Source: Burda,
    Grosse & Salakhutdinov, "Importance weighted autoencoders", eq. 8, with the gradient of eq. 14.

    Args:
        units: Length of the code (at each position).
        samples: Number k of codes per image in a training step; the paper uses 5 and 50.
        **kwargs: Options of `Variational`.

    Example:
        >>> bottleneck = kae.bottlenecks.ImportanceWeighted(units=2, samples=3, seed=1)
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,), bottleneck=bottleneck)
        >>> images = np.ones((5, 4, 4, 1), "float32")
        >>> model(images, training=True).shape[0], model(images).shape[0]
        (15, 5)
    """

    def __init__(self, units: int, samples: int = 5, **kwargs):
        super().__init__(units, **kwargs)
        self.samples = whole_number("samples", samples)

    def regularize_posterior(self, posterior, code, training):
        if not training:
            return super().regularize_posterior(posterior, code, training)
        log_ratio = numerics.normal_log_density(code, *posterior) - numerics.normal_log_density(code, 0.0, 0.0)
        rows = numerics.sum_per_image(log_ratio)
        # One value per code, summing to the mean: an autoencoder weights them, any other model adds them up.
        self.add_loss(self.schedulable.beta * rows / ops.cast(ops.shape(rows)[0], "float32"))

    def weigh(self, losses):
        beta = ops.maximum(ops.convert_to_tensor(self.schedulable.beta), SMALLEST_BETA)
        log_weights = ops.stop_gradient(-ops.reshape(losses, (-1, self.samples)) / beta)
        shares = ops.softmax(log_weights, axis=1)
        bound = -beta * (ops.logsumexp(log_weights, axis=1) - ops.log(float(self.samples)))
        mean = -beta * ops.sum(shares * log_weights, axis=1)
        return ops.reshape(self.samples * shares, (-1,)), ops.mean(bound - mean)

    def get_config(self):
        return {**super().get_config(), "samples": self.samples}

    @classmethod
    def examples(cls):
        return [Example({"units": 4, "seed": 1}, (12,)), Example({"units": 2, "samples": 3}, (2, 3, 4))]

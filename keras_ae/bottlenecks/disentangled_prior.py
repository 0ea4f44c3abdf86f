"""The variational bottleneck with a disentangled inferred prior (DIP-VAE: Kumar et al., 2018)."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import unknown_name
from keras_ae.bottlenecks.variational import Variational
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative

FORMS = ("I", "II")


@keras.saving.register_keras_serializable(package="keras_ae")
class DisentangledPrior(Variational):
    """A variational code whose covariance over the images is pulled towards the identity matrix.

    The penalty is β · (KL + off_diagonal · Σ_{i≠j} C²ᵢⱼ + diagonal · Σᵢ (Cᵢᵢ − 1)²). Here C is the covariance over
    the batch (with 1/n) of the posterior means (form "I"), or that of the sampled codes (form "II"): the
    covariance of the means plus the mean of the posterior variances. Source: Kumar et al., "Variational inference
    of disentangled latent concepts from unlabeled observations", eq. 6 and 7.

    Args:
        units: Length of the code (at each position).
        form: "I" or "II".
        off_diagonal, diagonal: Weights of the two sums. The paper uses λ_d = 10·λ_od for form I and λ_d = λ_od
            for form II, with λ_od from 1 to 500.
        **kwargs: Options of `Variational`.

    Raises:
        InputError: If the form is unknown, or a weight is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.DisentangledPrior(units=3, form="II")
        >>> tuple(bottleneck(np.ones((4, 5), "float32"), training=True).shape)
        (4, 3)
    """

    def __init__(self, units: int, form: str = "I", off_diagonal: float = 10.0, diagonal: float = 100.0, **kwargs):
        super().__init__(units, **kwargs)
        if form not in FORMS:
            raise unknown_name("form", form, FORMS)
        not_negative(off_diagonal=off_diagonal, diagonal=diagonal)
        self.form, self.off_diagonal, self.diagonal = form, off_diagonal, diagonal

    def regularize_posterior(self, posterior, code, training):
        super().regularize_posterior(posterior, code, training)
        mean, log_std = (ops.cast(numerics.rows_per_image(part), "float32") for part in posterior)
        covariance = numerics.covariance(mean)
        identity = ops.eye(mean.shape[1], dtype="float32")
        if self.form == "II":
            covariance = covariance + identity * ops.mean(ops.exp(2.0 * log_std), axis=0)
        squares = ops.square(covariance - identity)
        penalty = self.off_diagonal * ops.sum(squares * (1.0 - identity)) + self.diagonal * ops.sum(
            squares * identity
        )
        self.add_loss(self.schedulable.beta * penalty)

    def get_config(self):
        own = {"form": self.form, "off_diagonal": self.off_diagonal, "diagonal": self.diagonal}
        return {**super().get_config(), **own}

    @classmethod
    def examples(cls):
        return [Example({"units": 4, "seed": 1}, (12,)), Example({"units": 2, "form": "II"}, (2, 3, 4))]

"""The variational bottleneck with a larger weight on total correlation (β-TC-VAE: Chen et al., 2018)."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import InputError, unknown_name
from keras_ae.bottlenecks.variational import INFERENCE_SEED, Variational
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative, whole_number

ESTIMATORS = ("weighted", "stratified")


@keras.saving.register_keras_serializable(package="keras_ae")
class TotalCorrelation(Variational):
    """A variational code of independent values: penalty β · (I(x; z) + c · TC(z) + Σⱼ KL(q(zⱼ) ‖ p(zⱼ))).

    With c = 1 the sum is the KL of `Variational` on average; c weighs the total correlation KL(q(z) ‖ Πⱼ q(zⱼ)).
    All three are means over the batch, in nats, estimated from one draw of each posterior (`divergence_parts`); at
    inference the noise is fixed. A batch of more than 1,024 codes is reduced to 1,024. Source: Chen et al.,
    "Isolating sources of disentanglement in variational autoencoders", eq. 2 and 4; the estimators are those of
    its eq. S3 (weighted) and S6 (stratified).

    Args:
        units: Length of the code (at each position).
        correlation: Weight c of the total correlation; the paper's β, 6 on dSprites.
        estimator: "weighted", whose estimates differ from the true ones by a constant, or "stratified".
        images: Number N of training images; "stratified" needs it. Without it, "weighted" takes the batch for all
            images, which gives the same gradients.
        **kwargs: Options of `Variational`; its β weights the whole.

    Raises:
        InputError: If the estimator is unknown, or "stratified" without `images`, or `correlation` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.TotalCorrelation(units=3, correlation=6.0, seed=1)
        >>> tuple(bottleneck(np.ones((4, 5), "float32"), training=True).shape), len(bottleneck.losses)
        ((4, 3), 1)
    """

    def __init__(
        self,
        units: int,
        correlation: float = 6.0,
        estimator: str = "weighted",
        images: int | None = None,
        **kwargs,
    ):
        super().__init__(units, **kwargs)
        if estimator not in ESTIMATORS:
            raise unknown_name("estimator", estimator, ESTIMATORS)
        if estimator == "stratified" and images is None:
            raise InputError("the estimator 'stratified' without images", "the number of training images")
        not_negative(correlation=correlation)
        self.correlation, self.estimator = correlation, estimator
        self.images = None if images is None else whole_number("images", images)

    def regularize_posterior(self, posterior, code, training):
        code = code if training else self.sample(posterior, INFERENCE_SEED)
        parts = (code, *posterior)
        codes, means, log_stds = (numerics.rows_to_pair(numerics.rows_per_image(part)) for part in parts)
        log_weights = minibatch_log_weights(ops.shape(codes)[0], self.images, self.estimator)
        information, correlation, divergence = divergence_parts(codes, means, log_stds, log_weights)
        self.add_loss(self.schedulable.beta * (information + self.correlation * correlation + divergence))

    def get_config(self):
        own = {name: getattr(self, name) for name in ("correlation", "estimator", "images")}
        return {**super().get_config(), **own}

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4, "seed": 1}, (12,)),
            Example({"units": 2, "estimator": "stratified", "images": 100, "beta": 0.1}, (2, 3, 4)),
        ]


def minibatch_log_weights(batch, images: int | None = None, estimator: str = "weighted"):
    """Returns log w [n, n] for which Σⱼ wᵢⱼ q(zᵢ | xⱼ) estimates q(zᵢ), the average posterior of N images.

    "weighted": 1/(N·n) everywhere. "stratified", for n = M + 1 images: 1/N for the image itself, (N − M)/(N·M) for
    one other, and 1/M for the rest. Without `images` N is n for "stratified" and 1 for "weighted": 1/n everywhere.

    Args:
        batch: Number n of images in the batch.
        images: Number N of all images, n or more.
        estimator: "weighted" or "stratified".

    Example:
        >>> weights = ops.exp(kae.bottlenecks.minibatch_log_weights(3, images=10, estimator="stratified"))
        >>> ops.convert_to_numpy(weights[0]).astype("float64").round(4).tolist()  # 1/10, 8/20 and 1/2
        [0.1, 0.4, 0.5]
    """
    n = ops.cast(batch, "float32")
    if estimator == "weighted":
        return ops.zeros((batch, batch)) - ops.log(n * (images or 1.0))
    size, others = ops.maximum(n, float(images or 0)), ops.maximum(n - 1.0, 1.0)
    own = ops.eye(batch, dtype="float32")
    next_one = ops.roll(own, 1, axis=1) * (1.0 - own)
    left = ops.maximum(size - others, 1.0) / (size * others)
    return ops.log(own / size + next_one * left + (1.0 - own - next_one) / others)


def divergence_parts(codes, means, log_stds, log_weights):
    """Returns the parts of the mean KL(q(z | x) ‖ N(0, I)) of a batch: three float32 scalars, in nats.

    Index-code mutual information: mean of log q(z | x) − log q(z). Total correlation: mean of
    log q(z) − Σⱼ log q(zⱼ). Dimension-wise KL: mean of Σⱼ log q(zⱼ) − log p(zⱼ). They are estimates, which may be
    negative, and sum to the mean of log q(z | x) − log p(z) whatever the weights.

    Args:
        codes, means, log_stds: [n, d] each: a code drawn from each image's posterior, and the posteriors.
        log_weights: [n, n], see `minibatch_log_weights`.

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(500, 1)) * np.ones((1, 2))  # the same value twice
        >>> means, log_stds = 0.8 * codes, np.full((500, 2), np.log(0.6))
        >>> parts = kae.bottlenecks.divergence_parts(codes, means, log_stds, np.full((500, 500), -np.log(500)))
        >>> float(parts[1]) > 0.1  # they depend on each other
        True
    """
    pairs = numerics.normal_log_density(ops.expand_dims(codes, 1), means[None], log_stds[None])
    average = ops.logsumexp(ops.sum(pairs, axis=2) + log_weights, axis=1)
    of_values = ops.sum(ops.logsumexp(pairs + log_weights[:, :, None], axis=1), axis=1)
    posterior = ops.sum(numerics.normal_log_density(codes, means, log_stds), axis=1)
    prior = ops.sum(numerics.normal_log_density(codes, 0.0, 0.0), axis=1)
    return ops.mean(posterior - average), ops.mean(average - of_values), ops.mean(of_values - prior)

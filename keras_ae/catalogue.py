"""The library's parts by name, known without importing Keras.

A part is a class or a builder function with a classmethod or attribute `examples()`; the examples feed the
conformance suite, `keras-ae compare` and the documentation. Another package can add parts through the entry
point groups `keras_ae.bottlenecks`, `keras_ae.architectures`, `keras_ae.purposes` and `keras_ae.defects`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from keras_ae._support.catalogues import Catalogue, Place


@dataclass(frozen=True)
class Named:
    """A part given by name within an example of another part; it is imported and built only with that part.

    Args:
        kind: Kind of the part, as its catalogue calls it: "architecture".
        name: Name in that catalogue.
        keywords: Constructor keywords.
    """

    kind: str
    name: str
    keywords: dict[str, Any] = field(default_factory=dict)

    def build(self):
        """Returns a new instance."""
        return _CATALOGUES[self.kind][self.name](**self.keywords)


@dataclass(frozen=True)
class Example:
    """Constructor keywords of a small instance, and an input shape (without the batch) that it accepts.

    Models know their own input, so builders of models leave `input_shape` out.
    """

    keywords: dict[str, Any] = field(default_factory=dict)
    input_shape: tuple[int, ...] | None = None

    def build(self, make: Callable, **more):
        """Returns a new instance of the class or function `make`, with these keywords and `more`."""
        values = {**self.keywords, **more}
        return make(**{name: v.build() if isinstance(v, Named) else v for name, v in values.items()})


def with_examples(*examples: Example) -> Callable:
    """Returns a decorator that gives a builder function its `examples()`."""

    def attach(builder):
        builder.examples = lambda: list(examples)
        return builder

    return attach


LAYERS = Catalogue(
    "layer",
    {
        "batch_normalization": "keras_ae.layers.batch_normalization:BatchNormalization",
        "instance_normalization": "keras_ae.layers.instance_normalization:InstanceNormalization",
        "decorrelation": "keras_ae.layers.decorrelation:Decorrelation",
        "convolution_unit": "keras_ae.layers.convolution_unit:ConvolutionUnit",
        "residual_block": "keras_ae.layers.residual_block:ResidualBlock",
        "upsampling_unit": "keras_ae.layers.upsampling_unit:UpsamplingUnit",
        "unrolled_conv2d": "keras_ae.layers.unrolled_convolution:UnrolledConv2D",
        "unrolled_conv2d_transpose": "keras_ae.layers.unrolled_convolution:UnrolledConv2DTranspose",
        "discriminator": "keras_ae.layers.discriminator:Discriminator",
        "patch_discriminator": "keras_ae.layers.patch_discriminator:PatchDiscriminator",
        "factorized_prior": "keras_ae.layers.factorized_prior:FactorizedPrior",
        "block_cosines": "keras_ae.layers.block_cosines:BlockCosines",
        "channel_scale": "keras_ae.layers.channel_scale:ChannelScale",
        "generalized_divisive_normalization": (
            "keras_ae.layers.generalized_divisive_normalization:GeneralizedDivisiveNormalization"
        ),
        "masked_perceptron": "keras_ae.layers.masked_perceptron:MaskedPerceptron",
        "spatial_broadcast": "keras_ae.layers.spatial_broadcast:SpatialBroadcast",
        "spectral_normalization": "keras_ae.layers.spectral_normalization:SpectralNormalization",
        "locally_embedded_autoencoder": "keras_ae.layers.locally_embedded:LocallyEmbeddedAutoencoder",
    },
)
BOTTLENECKS = Catalogue(
    "bottleneck",
    {
        "identity": "keras_ae.bottlenecks.identity:Identity",
        "dense": "keras_ae.bottlenecks.dense:Dense",
        "decorrelated": "keras_ae.bottlenecks.decorrelated:Decorrelated",
        "variational": "keras_ae.bottlenecks.variational:Variational",
        "k_sparse": "keras_ae.bottlenecks.k_sparse:KSparse",
        "capacity_controlled": "keras_ae.bottlenecks.capacity_controlled:CapacityControlled",
        "wasserstein_mmd": "keras_ae.bottlenecks.wasserstein_mmd:WassersteinMMD",
        "entropic": "keras_ae.bottlenecks.entropic:Entropic",
        "l2_code": "keras_ae.bottlenecks.l2_code:L2Code",
        "gaussian_mixture_regularized": (
            "keras_ae.bottlenecks.gaussian_mixture_regularized:GaussianMixtureRegularized"
        ),
        "total_correlation": "keras_ae.bottlenecks.total_correlation:TotalCorrelation",
        "disentangled_prior": "keras_ae.bottlenecks.disentangled_prior:DisentangledPrior",
        "info_vae": "keras_ae.bottlenecks.info_vae:InfoVAE",
        "finite_scalar": "keras_ae.bottlenecks.finite_scalar:FiniteScalar",
        "vector_quantized": "keras_ae.bottlenecks.vector_quantized:VectorQuantized",
        "factor_vae": "keras_ae.bottlenecks.factor_vae:FactorVAE",
        "adversarial": "keras_ae.bottlenecks.adversarial:Adversarial",
        "vamp_prior": "keras_ae.bottlenecks.vamp_prior:VampPrior",
        "real_nvp": "keras_ae.bottlenecks.real_nvp:RealNVP",
        "inverse_autoregressive": "keras_ae.bottlenecks.inverse_autoregressive:InverseAutoregressive",
        "hyperspherical": "keras_ae.bottlenecks.hyperspherical:Hyperspherical",
        "sparse_kl": "keras_ae.bottlenecks.sparse_kl:SparseKL",
        "contractive": "keras_ae.bottlenecks.contractive:Contractive",
        "variance_covariance": "keras_ae.bottlenecks.variance_covariance:VarianceCovariance",
        "free_bits": "keras_ae.bottlenecks.free_bits:FreeBits",
        "importance_weighted": "keras_ae.bottlenecks.importance_weighted:ImportanceWeighted",
        "entropy_coded": "keras_ae.bottlenecks.entropy_coded:EntropyCoded",
        "scale_hyperprior": "keras_ae.bottlenecks.scale_hyperprior:ScaleHyperprior",
    },
    group="keras_ae.bottlenecks",
)
NETWORKS = Catalogue(
    "network",
    {
        "convolutional_encoder": "keras_ae.networks.convolutional:convolutional_encoder",
        "convolutional_decoder": "keras_ae.networks.convolutional:convolutional_decoder",
        "strided_encoder": "keras_ae.networks.strided:strided_encoder",
        "strided_decoder": "keras_ae.networks.strided:strided_decoder",
        "compressive_encoder": "keras_ae.networks.compressive:compressive_encoder",
        "compressive_decoder": "keras_ae.networks.compressive:compressive_decoder",
        "cosine_encoder": "keras_ae.networks.cosine_blocks:cosine_encoder",
        "cosine_decoder": "keras_ae.networks.cosine_blocks:cosine_decoder",
        "regularized_decoder": "keras_ae.networks.regularized:regularized_decoder",
        "fully_connected_encoder": "keras_ae.networks.fully_connected:fully_connected_encoder",
        "fully_connected_decoder": "keras_ae.networks.fully_connected:fully_connected_decoder",
        "fully_connected_window_encoder": "keras_ae.networks.windows:fully_connected_window_encoder",
        "fully_connected_window_decoder": "keras_ae.networks.windows:fully_connected_window_decoder",
        "convolutional_window_encoder": "keras_ae.networks.windows:convolutional_window_encoder",
        "transposed_window_decoder": "keras_ae.networks.windows:transposed_window_decoder",
        "spatial_broadcast_decoder": "keras_ae.networks.windows:spatial_broadcast_decoder",
    },
)
ARCHITECTURES = Catalogue(
    "architecture",
    {
        "convolutional": Place(
            "keras_ae.architectures.convolutional:convolutional", 3, "keras_ae.code_shapes:check_convolutional"
        ),
        "decorrelated": Place("keras_ae.architectures.decorrelated:decorrelated", 1),
        "strided": Place(
            "keras_ae.architectures.strided:strided", 1, "keras_ae.code_shapes:check_strided", cost=1.5
        ),
        "fully_connected": Place("keras_ae.architectures.fully_connected:fully_connected", 1, cost=0.1),
        "compressive": Place(
            "keras_ae.architectures.compressive:compressive", 3, "keras_ae.code_shapes:check_compressive"
        ),
        "cosine_blocks": Place(
            "keras_ae.architectures.cosine_blocks:cosine_blocks", 3, "keras_ae.code_shapes:check_cosine_blocks"
        ),
        "feature_autoencoder": Place("keras_ae.architectures.feature_autoencoder:feature_autoencoder", 3),
        "window_autoencoder": Place("keras_ae.architectures.window_autoencoder:window_autoencoder", 1),
        "classic": "keras_ae.architectures.classifiers:classic",
        "pool_fc": "keras_ae.architectures.classifiers:pool_fc",
        "decoder_free": Place("keras_ae.architectures.classifiers:decoder_free", 1),
        "cnn_lea": Place("keras_ae.architectures.locally_embedded:cnn_lea", 1),
        "lea_fc": Place("keras_ae.architectures.locally_embedded:lea_fc", 1),
        "lea_only": Place("keras_ae.architectures.locally_embedded:lea_only", 1),
    },
    group="keras_ae.architectures",
)
# In the order of the thesis on locally embedded autoencoders, section 4.6.
ATTACKS = Catalogue(
    "attack",
    {
        name: f"keras_ae.evaluation.attacks.{name}:{attribute}"
        for name, attribute in {
            "gradient_sign": "GradientSign",
            "projected_gradient_descent": "ProjectedGradientDescent",
            "deep_fool": "DeepFool",
            "adef": "ADef",
            "slsqp": "SLSQP",
            "saliency_map": "SaliencyMap",
            "single_pixel": "SinglePixel",
            "local_search": "LocalSearch",
            "spatial": "Spatial",
            "gaussian_blur": "GaussianBlur",
            "contrast_reduction": "ContrastReduction",
            "additive_gaussian_noise": "AdditiveGaussianNoise",
            "salt_and_pepper_noise": "SaltAndPepperNoise",
        }.items()
    },
)
# What a bottleneck is for, in a comparison.
PURPOSES = Catalogue(
    "purpose",
    {
        "reconstruct": "keras_ae.comparison.reconstruct:Reconstruct",
        "generate": "keras_ae.comparison.generate:Generate",
        "detect": "keras_ae.comparison.detect:Detect",
        "compress": "keras_ae.comparison.compress:Compress",
    },
    group="keras_ae.purposes",
)
# Simulated defects: functions of an image, of one that gives others, and of a generator.
DEFECTS = Catalogue(
    "simulated defect",
    {name: f"keras_ae.detection.defects.{name}:{name}" for name in ("patch", "scar", "texture")},
    group="keras_ae.defects",
)
_CATALOGUES = {c.kind: c for c in (LAYERS, BOTTLENECKS, NETWORKS, ARCHITECTURES, ATTACKS, PURPOSES)}

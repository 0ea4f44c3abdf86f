"""The models of Table 1, and the systems of Table 2: bottlenecks, weights and schedules."""

from dataclasses import replace
from math import ceil, prod

from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig
from keras_ae.studies import StudyRun

BETA = 0.01
NORMS = {"BN": "batch", "SN": "spectral", "LN": "layer"}
SHAPES = {"cifar10": (32, 32, 3), "celeb_a": (64, 64, 3), "mnist": (28, 28, 1), "digits": (8, 8, 1)}
BATCH = 128
# The paper has no weights of what the other systems add; these are their authors'. The WAE's λ is 10 (100 on
# CelebA) beside 0.05 times a sum of squares in their program. RAE-L2's loss on MNIST is a mean of squares
# + 1e-4 · mean(z²) + 1e-7 · ‖W‖². Beside the GMM-DAE's penalties their squared error counts 2000 times. The others
# are the library's defaults, and so not the authors'.
WAE_WEIGHTS, WAE_ERROR = {"celeb_a": 100.0}, 0.05  # 10 on the others
CODE_WEIGHT, WEIGHT_DECAY, GRADIENT_PENALTY = 1e-4, 1e-7, 1e-6
# The GMM-DAE's modes are unit vectors, and each of its terms is divided by its mean for samples of the mixture.
GMM_DAE = {"placement": "unit", "calibrated_for": 128, "weight": 1 / 2000, "covariance_weight": 1 / 2000}
OF_AUTHORS = ("DAE", "VAE", "VAE-sum", "WAE", "RAE-L2", "GMM-DAE")
MOMENTUM = 0.99  # of batch normalisation: the default of the papers' programs
OF_ARCHITECTURE = {"celeb_a": ("kernel_size=5", "image_strides=2")}


def values_of(data: DataConfig) -> int:
    """Pixel values of an image."""
    shape = SHAPES[data.source]
    return prod((*(data.image_size or shape[:2]), shape[2]))


def bottleneck(
    model: str, data: str, units: int, values: int
) -> tuple[str, dict[str, float], dict[str, float | bool]]:
    """A model of Table 2 for images of so many values: its bottleneck, this one's options and the architecture's.

    Binary cross-entropy is a mean over the pixels, the KL divergence of the VAE a mean over the code's values too:
    with the sum, "VAE-sum", β weighs 3072 times as much as beside a sum over CIFAR-10's pixels.
    """
    return {
        "DAE": ("dense", {}, {}),
        "VAE": ("variational", {"beta": BETA / units}, {}),
        "VAE-sum": ("variational", {"beta": BETA}, {}),
        "WAE": ("wasserstein_mmd", {"weight": WAE_WEIGHTS.get(data, 10.0) / WAE_ERROR / values}, {}),
        "RAE-L2": ("l2_code", {"weight": 2 * CODE_WEIGHT / units}, {"weight_decay": WEIGHT_DECAY}),
        "RAE-GP": ("l2_code", {"weight": 2 * CODE_WEIGHT / units}, {"gradient_penalty": GRADIENT_PENALTY}),
        "RAE-SN": ("l2_code", {"weight": 2 * CODE_WEIGHT / units}, {"spectral": True}),
        "EAE": ("entropic", {}, {"spectral": True}),
        "GMM-DAE": ("gaussian_mixture_regularized", GMM_DAE, {}),
    }[model]


def variant_options(variant: str) -> tuple[str, ...]:
    """What a variant of the DAE adds: "BN", "SN", "LN", "frozen", "noise 0.1" on the code, "image noise 0.1", "".

    Raises:
        KeyError: For another text.
    """
    words = variant.split()
    if words[-2:-1] == ["noise"]:
        return (f"noise={words[-1]}",) if words[0] == "image" else (f"bottleneck.noise={words[-1]}",)
    if variant in NORMS:
        momentum = (f"bottleneck.momentum={MOMENTUM}",) if NORMS[variant] == "batch" else ()
        return (f"bottleneck.normalization={NORMS[variant]}", *momentum)
    return {"": (), "frozen": ("bottleneck.frozen=True",)}[variant]


def schedule(images: int, epochs: int, rate: float = 1e-3, seed: int = 0, batch: int = BATCH) -> TrainingConfig:
    """Section 3: a tenth of the rate in a first epoch and after 33 % of the epochs, a hundredth after 66 %."""
    epoch = ceil(images / batch)
    decay = {"schedule": "piecewise", "decay_at": (epochs * 33 // 100 * epoch, epochs * 66 // 100 * epoch)}
    warmup = {"warmup_steps": epoch, "warmup_rate": rate / 10}
    return TrainingConfig(
        epochs * epoch, epochs, batch, rate, loss="binary_crossentropy", seed=seed, **decay, **warmup
    )


def model_run(
    data: DataConfig,
    training: TrainingConfig,
    model: str,
    filters: int,
    units: int,
    compared: int,
    variant: str = "",
    depth=1,
    scale: int = 1,
) -> StudyRun:
    """`scale`: how many times as many filters the paper's model has that it stands for."""
    source = data.source
    kind, of_bottleneck, of_architecture = bottleneck(model, source, units, values_of(data))
    options = {"filters": filters, "depth": depth, "momentum": MOMENTUM, **of_architecture}
    texts = [f"{key}={value}" for key, value in options.items()]
    texts += [f"bottleneck.{key}={value!r}" for key, value in of_bottleneck.items()]
    texts += [*OF_ARCHITECTURE.get(source, ()), *variant_options(variant)]
    shown = "-".join(map(str, depth)) if isinstance(depth, tuple) else str(depth)
    choices = {
        **{"data": source, "model": model, "variant": variant or "plain", "filters": filters, "depth": shown},
        **{"units": units, "compared": units == compared, "paper_filters": scale * filters, "seed": training.seed},
        "weights": "authors" if model in OF_AUTHORS else "defaults",
    }
    changed = "" if not variant else "-" + variant.replace(" ", "_")
    seed = f"-seed{training.seed}" if training.seed else ""
    name = f"{source}-{model}{changed}-{filters}x{shown}-{units}{seed}"
    return StudyRun(
        name, choices, RunConfig(data, ModelConfig("strided", str(units), kind, tuple(texts)), training)
    )


def weighed(config: RunConfig, beta: float) -> RunConfig:
    """A VAE whose divergence weighs β beside sums over the pixels and the code."""
    options = [o for o in config.model.options if not o.startswith("bottleneck.beta=")]
    options.append(f"bottleneck.beta={beta / values_of(config.data)!r}")
    return replace(config, model=replace(config.model, options=tuple(options)))

"""All kinds of bottlenecks on digits and on dSprites: one network, one length of code, one budget, three seeds."""

from dataclasses import replace

from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun

SEEDS = (0, 1, 2)
NORMAL = "8"  # the digit that is normal where others are to be detected
SAMPLED, FACTORS, DETECTED = "mnist", "dsprites", f"mnist-{NORMAL}"

DATA = {
    SAMPLED: DataConfig("mnist", validation_fraction=0.1),
    FACTORS: DataConfig("dsprites", image_size=(32, 32), validation_fraction=0.1),
    DETECTED: DataConfig("mnist", validation_fraction=0.1, train_labels=(NORMAL,)),
}
PIXELS = {SAMPLED: 28 * 28, FACTORS: 32 * 32, DETECTED: 28 * 28, "digits": 64}
UNITS = {SAMPLED: "16", FACTORS: "10", DETECTED: "16", "digits": "4"}
HIDDEN = ("hidden=(512,256)",)
STEPS = {SAMPLED: 5_000, FACTORS: 6_000, DETECTED: 2_000}
TRAINING = TrainingConfig(
    evaluations=10, batch_size=128, learning_rate=1e-3, schedule="cosine", loss="binary_crossentropy"
)
# From name to bottleneck and options; all others are the library's defaults. Beside a mean over the pixels a
# divergence weighs one over their number, `nat`, where β = 1 is the negative ELBO of Bernoulli pixels; {nat:4} is
# a β of 4.
KINDS = {
    "dense": ("dense", ()),
    "variational": ("variational", ("beta={nat:1}",)),
    "beta": ("variational", ("beta={nat:4}",)),
    "total_correlation": ("total_correlation", ("beta={nat:1}", "correlation=6.0")),
    "vector_quantized": ("vector_quantized", ("entries=64", "groups={parts}")),
    # Named, as the library's default was another when this was trained; without it all codes fall to one.
    "finite_scalar": ("finite_scalar", ("levels=5", "normalization='standard'")),
    "decorrelated": ("decorrelated", ("alpha=1e-6",)),
    "variance_covariance": ("variance_covariance", ()),
    "k_sparse": ("k_sparse", ("k={half}",)),
    "sparse_kl": ("sparse_kl", ("activation='sigmoid'",)),
    "contractive": ("contractive", ()),
    "l2_code": ("l2_code", ()),
    "entropic": ("entropic", ()),
    "gaussian_mixture_regularized": ("gaussian_mixture_regularized", ()),
    "wasserstein_mmd": ("wasserstein_mmd", ("weight={nat:10}",)),  # as its authors have it on MNIST
    "adversarial": ("adversarial", ("normalization='standard'",)),
    "capacity_controlled": ("capacity_controlled", ("gamma={nat:100}", "capacity=25.0")),
    "free_bits": ("free_bits", ("beta={nat:1}",)),
    "importance_weighted": ("importance_weighted", ("beta={nat:1}", "samples=5")),
    "info_vae": ("info_vae", ("beta={nat:1}",)),
    "factor_vae": ("factor_vae", ("beta={nat:1}", "gamma=10.0")),
    "disentangled_prior": ("disentangled_prior", ("beta={nat:1}",)),
    "vamp_prior": ("vamp_prior", ("beta={nat:1}",)),
    "real_nvp": ("real_nvp", ("beta={nat:1}",)),
    "inverse_autoregressive": ("inverse_autoregressive", ("beta={nat:1}",)),
    "hyperspherical": ("hyperspherical", ("beta={nat:1}",)),
}
# What the claims are about.
CLAIMED = (
    (SAMPLED, "dense"),
    (SAMPLED, "vector_quantized"),
    *((FACTORS, kind) for kind in ("total_correlation", "beta", "variational")),
)


class _Nats(float):
    """1 / pixels; `{nat:4}` is four times as much."""

    def __format__(self, times: str) -> str:
        return f"{float(times or 1) * self:.6g}"


def model(kind: str, data: str, hidden: tuple[str, ...] = HIDDEN) -> ModelConfig:
    """The fully connected autoencoder with a kind of bottleneck for images of `data`."""
    name, options = KINDS[kind]
    units = int(UNITS[data])
    values = {"nat": _Nats(1 / PIXELS[data]), "parts": units // 2, "half": units // 2}
    chosen = tuple(f"bottleneck.{option.format(**values)}" for option in options)
    return ModelConfig("fully_connected", str(units), name, (*hidden, *chosen))


def _run(data: str, kind: str, seed: int) -> StudyRun:
    training = replace(TRAINING, steps=STEPS[data], seed=seed)
    choices = {"data": data, "kind": kind, "seed": seed}
    config = RunConfig(replace(DATA[data], split_seed=0), model(kind, data), training)
    return StudyRun(f"{data}-{kind}-seed{seed}", choices, config)


def claimed() -> list[StudyRun]:
    """What the claims are about: five models, three seeds each."""
    return [_run(data, kind, seed) for data, kind in CLAIMED for seed in SEEDS]


def cpu() -> list[StudyRun]:
    """All kinds on digits, one digit that is normal, and dSprites, but for what `claimed` trains: 219 runs."""
    # The data of the quickest runs first: a study that is stopped then has all seeds of some tables.
    runs = [_run(data, kind, s) for data in (SAMPLED, DETECTED, FACTORS) for s in SEEDS for kind in KINDS]
    return [run for run in runs if (run.choices["data"], run.choices["kind"]) not in CLAIMED]


def quick() -> list[StudyRun]:
    """Three kinds on the embedded 8×8 digits, two seeds, in a minute."""
    runs = []
    for kind in ("dense", "variational", "vector_quantized"):
        for seed in (0, 1):
            training = replace(TRAINING, steps=300, evaluations=3, batch_size=64, learning_rate=3e-3, seed=seed)
            config = RunConfig(
                DataConfig("digits", split_seed=0), model(kind, "digits", ("hidden=(32,)",)), training
            )
            runs.append(StudyRun(f"{kind}-seed{seed}", {"data": "digits", "kind": kind, "seed": seed}, config))
    return runs


STUDY = Study(
    name="bottlenecks",
    title="all kinds of bottlenecks: reconstruction, samples, disentanglement, detection, bits",
    presets={"cpu": cpu, "claimed": claimed, "quick": quick},
)

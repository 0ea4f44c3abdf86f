"""Daly et al.'s deterministic and variational autoencoders (Table 1), and the systems that they compare with."""

from dataclasses import replace
from math import ceil

from experiments.deterministic_vs_variational.models import BATCH, NORMS, model_run, schedule, weighed
from keras_ae.runs import DataConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun

UNITS = (16, 32, 64, 80, 96, 128, 144, 152, 160, 192, 256, 384, 512, 768)
WIDTHS = {"cifar10": (32, 64, 128, 256), "celeb_a": (32, 64, 128)}
DEPTHS = {64: (2, 3), 128: (2, (3, 3, 2, 1))}  # of CIFAR-10, besides 1
COMPARED = {"cifar10": 128, "celeb_a": 64}  # code values at which Table 2 compares
NOISES = (0.1, 0.5, 1.0)
SYSTEMS = ("WAE", "RAE-L2", "RAE-GP", "RAE-SN", "EAE", "GMM-DAE")
SIZES = {"cifar10": 50_000, "celeb_a": 162_770}
EPOCHS = 100
# No image is held out for validation: nothing is chosen, and the paper trains on all.
CIFAR = DataConfig("cifar10", train="train", test="test", validation_fraction=0.0)
CELEB_A = DataConfig(
    "celeb_a", crop=(140, 140), image_size=(64, 64), train="train", test="test", validation_fraction=0.0
)

# Two cores: a sixth of MNIST and a fifth of CIFAR-10; models a quarter or an eighth as wide, few epochs.
CPU_MNIST = DataConfig("mnist", train="train[:10000]", test="test", validation_fraction=0.0)
CPU_CIFAR = DataConfig("cifar10", train="train[:10000]", test="test", validation_fraction=0.0)
CPU_IMAGES, CPU_MNIST_EPOCHS, CPU_CIFAR_EPOCHS = 10_000, 18, 10
CPU_UNITS, CPU_WIDTH, CPU_COMPARED, CPU_SCALE = (4, 8, 16, 32, 64, 256), 16, 16, 8  # MNIST: 16 filters for 128
CPU_CIFAR_UNITS, CPU_CIFAR_WIDTHS, CPU_CIFAR_SCALE = (32, 128), (8, 16, 32), 4
CPU_DEEP_UNITS = (8, 16, 64)
CIFAR_UNITS, CIFAR_STEPS = (64, 128, 256, 512), 5_000
# Less than an hour on one core: MNIST at 16 pixels a side and half as many filters, but three seeds of everything.
SMALL_MNIST = replace(CPU_MNIST, image_size=(16, 16))
SMALL_WIDTH, SMALL_UNITS = 8, (4, 8, 16, 32, 64)
# Beside sums over pixels and code. At 0.12 `tune` has N(0, I) at 1.22 times the Gaussian's distance, at 0.24 at
# 1.12 (paper: 0.98 to 1.06), and reconstructions 1.6 and 1.9 times as far as the DAE's (paper: 1.06 to 1.97).
SMALL_BETAS, SMALL_BETA = (0.06, 0.12, 0.24, 1.0, 3.0), 0.15
SMALL_WIDTHS = (SMALL_WIDTH // 2, SMALL_WIDTH, 2 * SMALL_WIDTH)
SETTLED, SETTLED_EPOCHS = ("plain", "BN", "noise 0.1", "noise 0.5"), 72
SWEPT, SWEPT_UNITS = (0.03, 0.24, 1.0, 3.0, 10.0, 31.0), (16, 64, 256)  # β beside sums, code values
QUICK = DataConfig("digits", train="all[:600]", test="all[1000:1300]", validation_fraction=0.0)
# So many epochs that the averages of batch normalisation have settled.
QUICK_EPOCHS, QUICK_COMPARED, QUICK_SCALE = 40, 4, 32


def paper() -> list[StudyRun]:
    """Table 1 with all code lengths, and the systems of Table 2."""
    runs = []
    for data in (CIFAR, CELEB_A):
        source = data.source
        training, compared = schedule(SIZES[source], EPOCHS), COMPARED[source]
        for filters in WIDTHS[source]:
            for model in ("DAE", "VAE"):
                runs += [model_run(data, training, model, filters, units, compared) for units in UNITS]
        runs += [model_run(data, training, system, 128, compared, compared) for system in (*SYSTEMS, "VAE-sum")]
    return [*runs, *_paper_variants()]


def _paper_variants() -> list[StudyRun]:
    """What Table 1 has on CIFAR-10 alone; of the noise, whose code lengths the paper does not tell, Table 2's."""
    training, compared = schedule(SIZES["cifar10"], EPOCHS), COMPARED["cifar10"]

    def dae(filters: int, units: int, variant: str = "", depth=1) -> StudyRun:
        return model_run(CIFAR, training, "DAE", filters, units, compared, variant, depth)

    runs = [dae(f, units, depth=depth) for f, depths in DEPTHS.items() for depth in depths for units in UNITS]
    runs += [dae(128, units, norm) for norm in NORMS for units in UNITS]
    runs += [dae(128, units, "frozen", depth) for depth in (1, 2) for units in UNITS]
    noises = [f"{kind}noise {deviation:g}" for kind in ("", "image ") for deviation in NOISES]
    return [*runs, *(dae(128, compared, noise) for noise in noises)]


def _cpu_mnist(
    seed: int = 0, data: DataConfig = CPU_MNIST, width: int = CPU_WIDTH, lengths: tuple[int, ...] = CPU_UNITS
) -> list[StudyRun]:
    """Lengths, variants, systems and depth on MNIST."""
    training = schedule(CPU_IMAGES, CPU_MNIST_EPOCHS, seed=seed)
    scale = CPU_SCALE * CPU_WIDTH // width

    def mnist(model: str, units: int = CPU_COMPARED, variant: str = "", depth: int = 1) -> StudyRun:
        return model_run(data, training, model, width, units, CPU_COMPARED, variant, depth, scale)

    noises = [f"noise {deviation:g}" for deviation in NOISES]
    variants = (*NORMS, *noises, "image noise 0.5", "frozen")
    systems = ("WAE", "RAE-L2", "EAE", "GMM-DAE", "VAE-sum")
    return [
        *(mnist(model, units) for model in ("DAE", "VAE") for units in lengths),
        *(mnist("DAE", variant=variant) for variant in variants),
        *(mnist(system) for system in systems),
        *(mnist("DAE", units, depth=2) for units in CPU_DEEP_UNITS),
    ]


def cpu() -> list[StudyRun]:
    """A look at the claims, one seed: lengths, variants and systems on MNIST, widths on CIFAR-10."""
    training_cifar, compared = schedule(CPU_IMAGES, CPU_CIFAR_EPOCHS), COMPARED["cifar10"]
    return [
        *_cpu_mnist(),
        *(
            model_run(CPU_CIFAR, training_cifar, model, filters, units, compared, scale=CPU_CIFAR_SCALE)
            for filters in CPU_CIFAR_WIDTHS
            for model in ("DAE", "VAE")
            for units in CPU_CIFAR_UNITS
        ),
    ]


def seeds() -> list[StudyRun]:
    """The runs on MNIST of `cpu` with three seeds, which decide what one cannot."""
    return [run for seed in range(3) for run in _cpu_mnist(seed)]


def cifar() -> list[StudyRun]:
    """All images of CIFAR-10, trained for long enough that reconstructions are nearer than samples."""
    runs = []
    for seed, lengths in enumerate((CIFAR_UNITS, CIFAR_UNITS[1:2], CIFAR_UNITS[1:2])):
        warmup = {"warmup_steps": ceil(SIZES["cifar10"] / BATCH), "warmup_rate": 1e-4}
        decay = {"schedule": "piecewise", "decay_at": (CIFAR_STEPS * 2 // 3,)}
        training = TrainingConfig(
            CIFAR_STEPS, 10, BATCH, 1e-3, loss="binary_crossentropy", seed=seed, **decay, **warmup
        )
        for model in ("DAE", "VAE"):
            runs += [
                model_run(CIFAR, training, model, 16, n, COMPARED["cifar10"], scale=CPU_CIFAR_SCALE)
                for n in lengths
            ]
    return runs


def sweep() -> list[StudyRun]:
    """VAEs of MNIST by β beside sums over pixels and code: which gives the paper's N(0, I) over MVG of about 1."""
    training = schedule(CPU_IMAGES, CPU_MNIST_EPOCHS)
    runs = []
    for beta in SWEPT:
        for units in SWEPT_UNITS:
            run = model_run(CPU_MNIST, training, "VAE", CPU_WIDTH, units, CPU_COMPARED, scale=CPU_SCALE)
            choices = {**run.choices, "variant": f"beta {beta:g}"}
            runs.append(StudyRun(f"{run.name}-beta{beta:g}", choices, weighed(run.config, beta)))
    return runs


def small() -> list[StudyRun]:
    """What `seeds` trains, of smaller images and models; its VAEs' divergence weighs more than the paper's."""
    runs = []
    for seed in range(3):
        for run in _cpu_mnist(seed, SMALL_MNIST, SMALL_WIDTH, SMALL_UNITS):
            if run.choices["model"] == "VAE":
                run = replace(run, config=weighed(run.config, SMALL_BETA))
            if run.choices["model"] != "VAE-sum":
                runs.append(run)
    # First what is compared at one length, of all seeds; then the lengths.
    return sorted(runs, key=lambda run: (not run.choices["compared"], run.choices["depth"] == "1"))


def settled() -> list[StudyRun]:
    """What claims about VAEs compare in `small`, four times as long: only then its VAEs are like the paper's."""
    runs = []
    for run in small():
        models, variants = run.choices["model"] in ("DAE", "VAE"), run.choices["variant"] in SETTLED
        if models and variants and run.choices["compared"] and run.choices["depth"] == "1":
            training = schedule(CPU_IMAGES, SETTLED_EPOCHS, seed=run.config.training.seed)
            runs.append(replace(run, config=replace(run.config, training=training)))
    return sorted(runs, key=lambda run: run.choices["variant"] != "plain")


def widths() -> list[StudyRun]:
    """The plain DAE and VAE of `settled` at three widths: what width changes, with three seeds."""
    runs, scale = [], CPU_SCALE * CPU_WIDTH // SMALL_WIDTH
    for seed in range(3):
        training = schedule(CPU_IMAGES, SETTLED_EPOCHS, seed=seed)
        for width in SMALL_WIDTHS:
            for model in ("DAE", "VAE"):
                run = model_run(SMALL_MNIST, training, model, width, CPU_COMPARED, CPU_COMPARED, scale=scale)
                runs.append(replace(run, config=weighed(run.config, SMALL_BETA)) if model == "VAE" else run)
    return runs


def tune() -> list[StudyRun]:
    """`sweep` for `small`: its VAEs by β, at the length that is compared and at the longest."""
    training, runs = schedule(CPU_IMAGES, CPU_MNIST_EPOCHS), []
    for units in (CPU_COMPARED, SMALL_UNITS[-1]):
        run = model_run(SMALL_MNIST, training, "VAE", SMALL_WIDTH, units, CPU_COMPARED)
        for beta in SMALL_BETAS:
            choices = {**run.choices, "variant": f"beta {beta:g}"}
            runs.append(StudyRun(f"{run.name}-beta{beta:g}", choices, weighed(run.config, beta)))
    return runs


def quick() -> list[StudyRun]:
    """Two lengths of DAE and VAE, and a normalised DAE, on the embedded 8×8 digits, in about a minute."""
    training = schedule(600, QUICK_EPOCHS, 3e-3, batch=64)

    def digits(model: str, units: int, variant: str = "") -> StudyRun:
        return model_run(QUICK, training, model, 4, units, QUICK_COMPARED, variant, scale=QUICK_SCALE)

    plain = [digits(model, units) for model in ("DAE", "VAE") for units in (QUICK_COMPARED, 8)]
    return [*plain, digits("DAE", QUICK_COMPARED, "BN")]


STUDY = Study(
    name="deterministic_vs_variational",
    title="deterministic and variational autoencoders that generate (Tables 1 to 3, Figures 1 to 5, A.1 and A.2)",
    presets={
        "paper": paper,
        "cpu": cpu,
        "seeds": seeds,
        "small": small,
        "settled": settled,
        "widths": widths,
        "cifar": cifar,
        "sweep": sweep,
        "tune": tune,
        "quick": quick,
    },
)

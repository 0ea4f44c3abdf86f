"""The decorrelated-bottleneck paper's experiment on MNIST, and what it leaves open: the lists of runs."""

from dataclasses import replace

from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun, vary
from keras_ae.studies.study import replaced

# The reading of the paper's description that comes nearest to its Table 1 (README.md tells what else was tried):
# slope 0.3 in the hidden layers, which is what Keras 2's LeakyReLU had, and a linear code.
READING = ("negative_slope=0.3", "code_slope=1.0")
SIZES, ALPHAS, SEEDS = (8, 4, 2), (0.001, 0.005, 0.01), (0, 1, 2)
# Beside a mean over 784 pixels the first two weigh as 0.001 and 0.01 do beside their sum.
IN_REGIME, LARGER = (1e-6, 1e-5), 1e-4
CODE_SLOPES = (1.0, 0.3, 0.01)
STEPS_AN_EPOCH = 391  # 50,000 images in batches of 128

PAPER = RunConfig(
    data=DataConfig("mnist", train="train[:-10000]", validation="train[-10000:]"),
    model=ModelConfig("decorrelated", "8", options=READING),
    training=TrainingConfig(
        steps=100 * STEPS_AN_EPOCH,
        evaluations=50,
        batch_size=128,
        learning_rate=5e-4,
        loss="binary_crossentropy",
    ),
)
# Feature maps: the bottleneck-shape paper's network made small, with a linear code of 12 channels.
CIFAR_STEPS, CIFAR_ALPHAS = 800, (0.0, 0.005, 0.05)
CIFAR = RunConfig(
    data=DataConfig("cifar10"),
    model=ModelConfig(
        "convolutional",
        "8x8x12",
        "dense",
        options=(
            *("strided_layers=2", "width=8", "residual_blocks=1"),
            *("normalize_output=False", "output_activation='sigmoid'"),
        ),
    ),
    training=TrainingConfig(steps=CIFAR_STEPS, evaluations=4, learning_rate=2e-3, loss="mse"),
)
QUICK = RunConfig(
    data=DataConfig("digits"),
    model=ModelConfig("decorrelated", "4", options=("hidden=(32, 16)", *READING)),
    training=TrainingConfig(steps=300, evaluations=5, learning_rate=2e-3, loss="binary_crossentropy"),
)


def _runs(base: RunConfig, sizes, alphas, seeds, form: str = "squared") -> list[StudyRun]:
    """One run for each code length, weight of the penalty (0: the standard loss) and seed."""
    options = [(f"alpha={alpha}", f"form={form!r}", *base.model.options) for alpha in alphas]
    runs = vary(
        base,
        crossed={"model.code": [str(n) for n in sizes], "model.options": options, "training.seed": list(seeds)},
    )
    return [_named(run, form) for run in runs]


def _named(run: StudyRun, form: str) -> StudyRun:
    alpha = float(run.config.model.options[0].removeprefix("alpha="))
    training = run.config.training
    choices = _choices(run.config, int(run.config.model.code), form, alpha)
    suffix = "" if training.loss == PAPER.training.loss else f"-{training.loss}"
    return StudyRun(f"n{choices['n']}-{_method(form, alpha)}-seed{training.seed}{suffix}", choices, run.config)


def _choices(config: RunConfig, n: int, form: str, alpha: float) -> dict:
    training = config.training
    fixed = {"n": n, "form": form, "alpha": alpha, "seed": training.seed, "loss": training.loss}
    return fixed | {"data": config.data.source}


def _method(form: str, alpha: float) -> str:
    return "standard" if alpha == 0 else f"{form}-{alpha:g}"


def feature_maps() -> list[StudyRun]:
    """The penalty on feature maps of CIFAR-10: a feature is a channel, each position of each image a sample."""
    runs = []
    for alpha in CIFAR_ALPHAS:
        model = CIFAR.model
        if alpha:
            model = replace(
                model, bottleneck="decorrelated", options=(*model.options, f"bottleneck.alpha={alpha}")
            )
        for seed in (0, 1):
            config = replaced(replace(CIFAR, model=model), "training.seed", seed)
            name = f"cifar10-{_method('squared', alpha)}-seed{seed}"
            runs.append(StudyRun(name, _choices(config, 12, "squared", alpha), config))
    return runs


def paper() -> list[StudyRun]:
    """Table 1: 36 runs."""
    return _runs(PAPER, SIZES, (0.0, *ALPHAS), SEEDS)


def beyond() -> list[StudyRun]:
    """What the paper leaves open: seeds for a paired test, other forms, weights, distortions, and feature maps."""
    return [
        *_runs(PAPER, (8,), (0.0, 0.005), range(3, 10)),
        *_runs(PAPER, SIZES, (0.005,), (0,), "absolute"),
        *_runs(PAPER, SIZES, (0.005,), (0,), "signed"),
        *_runs(PAPER, (8,), (1e-4, 0.05, 0.1), (0,)),
        *_runs(replaced(PAPER, "training.loss", "mse"), (2,), (0.0, 0.005), (0,)),  # Figure 1's caption says MSE
        *(
            run
            for loss in ("mse", "mae", "ssim")
            for run in _runs(replaced(PAPER, "training.loss", loss), (8,), (0.0, 0.005), (0,))
        ),
        *feature_maps(),
    ]


def classes() -> list[StudyRun]:
    """Figure 1, whose caption says MSE: the weight of Table 1's other runs and that of the paper's regime."""
    return _runs(replaced(PAPER, "training.loss", "mse"), (2,), (0.0, max(IN_REGIME), 0.005), SEEDS)


def regime() -> list[StudyRun]:
    """Weights as small as the paper's are beside a sum over the pixels, for three code layers: 45 runs.

    Of the linear code a penalty on correlations, too, which no smaller code lowers, at the paper's own α.
    """
    runs = []
    for slope in CODE_SLOPES:
        options = tuple(f"code_slope={slope}" if o.startswith("code_slope=") else o for o in READING)
        base = replace(PAPER, model=replace(PAPER.model, options=options))
        of_slope = _runs(base, (8,), (0.0, *IN_REGIME), SEEDS)
        of_slope += _runs(base, (8,), ALPHAS, SEEDS, "correlation") if slope == 1 else []
        of_slope += _runs(base, (8,), (LARGER,), SEEDS)
        for run in of_slope:
            choices = {**run.choices, "code_slope": slope}
            runs.append(StudyRun(f"{run.name}-slope{slope:g}", choices, run.config))
    return runs


def quick() -> list[StudyRun]:
    """The same on 8×8 digits, in a minute."""
    return _runs(QUICK, (2,), (0.0, 0.005), (0, 1))


STUDY = Study(
    name="decorrelation",
    title="decorrelated bottlenecks on MNIST (Table 1 and Figure 1)",
    presets={
        "paper": paper,
        "cpu": paper,
        "beyond": beyond,
        "classes": classes,
        "regime": regime,
        "quick": quick,
    },
)

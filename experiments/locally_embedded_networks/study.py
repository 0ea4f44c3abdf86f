"""What a LEA does to a network: equivariance, pooling, sample complexity, robustness, regularization."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from math import ceil

from experiments.locally_embedded.study import STRONG, TYPES
from experiments.locally_embedded_networks.scales import (
    CPU,
    EXPERIMENTS,
    FEW,
    LONGER,
    MANY,
    PAPER,
    PROBED,
    QUICK,
    SHAPES,
    Scale,
)
from keras_ae.runs import ModelConfig, RunConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun

CHOICES = ("data", "model", "type", "pair", "code", "window", "samples", "weight", "seed")
CNN = {"window": 4, "strides": 2}  # of the LEAs in the Classic's place of pooling


def _runs(scale: Scale, experiment: str) -> list[StudyRun]:
    """The runs of one analysis."""
    seeds = range(scale.training[experiment].seeds)
    return [run for seed in seeds for run in _ANALYSES[experiment](scale, seed)]


def _equivariance(scale: Scale, seed: int) -> Iterator[StudyRun]:
    """Section 5.2, Figure 5.4."""
    run = partial(_run, scale, "equivariance", seed)
    yield run(_classic(scale))
    for kind in scale.equivariant:
        yield run(_cnn_lea(scale, kind, "fc", 10), kind, "fc", code=10)


def _pooling(scale: Scale, seed: int) -> Iterator[StudyRun]:
    """Section 5.3, Figure 5.5: stride = window."""
    run = partial(_run, scale, "pooling", seed)
    for window in scale.windows:
        yield run(_model(scale, "pool_fc", window=window), window=window)
        for length in scale.lengths:
            for kind in scale.pooled:
                model = _with_leas(scale, "lea_fc", kind, length, window=window)
                yield run(model, kind, "fc", code=length, window=window)


def _samples(scale: Scale, seed: int) -> Iterator[StudyRun]:
    """Section 5.4, Figure 5.6."""
    for count in scale.subsets:
        part = "all" if scale.data.source == "digits" else "train"
        data = replace(scale.data, train=f"{part}[:{count}]")
        run = partial(_run, replace(scale, data=data, images=count), "samples", seed)
        yield run(_classic(scale), samples=count)
        yield run(_cnn_lea(scale, "vae", "fc", 5), "vae", "fc", code=5, samples=count)


def _robustness(scale: Scale, seed: int) -> Iterator[StudyRun]:
    """Section 5.5, Figures 5.7 and A.1."""
    scale = replace(scale, data=scale.attacked or scale.data)
    run = partial(_run, scale, "robustness", seed)
    yield run(_classic(scale))
    for kind, pair in scale.robust:
        yield run(_cnn_lea(scale, kind, pair, 10), kind, pair, code=10)


def _regularization(scale: Scale, seed: int) -> Iterator[StudyRun]:
    """Section 5.6, Figure 5.8, with τ = 1. The Decoder-free baseline draws codes too, but without a penalty."""
    images = {"data": scale.objects, "images": scale.object_images, "batch": scale.object_batch}
    of_objects = replace(scale, **images)
    window = {"window": 8, "strides": 4} if scale.objects.source != "digits" else CNN
    run = partial(_run, of_objects, "regularization", seed)
    free = _model(of_objects, "decoder_free", "10", "variational", ("bottleneck.beta=0.0",), **window)
    yield run(free, code=10, window=window["window"], weight=0.0)
    model = _with_leas(of_objects, "lea_only", "capacity", 10, **window)
    for weight in scale.weights:
        joint = {"objective_mode": "joint", "objective_weights": (1.0, weight)}
        yield run(model, "capacity", "fc", code=10, window=window["window"], weight=weight, **joint)


_ANALYSES = dict(zip(EXPERIMENTS, (_equivariance, _pooling, _samples, _robustness, _regularization), strict=True))


def _classic(scale: Scale) -> ModelConfig:
    return _model(scale, "classic", options=scale.convolutions)


def _cnn_lea(scale: Scale, kind: str, pair: str, length: int) -> ModelConfig:
    weight = {"bottleneck.beta": scale.beta} if kind == "vae" else {}
    return _with_leas(scale, "cnn_lea", kind, length, scale.convolutions, pair=pair, **CNN, **weight)


def _with_leas(scale: Scale, architecture: str, kind: str, length: int, options=(), **chosen) -> ModelConfig:
    """A model with LEAs of a type of the thesis."""
    of_bottleneck = STRONG if kind == "capacity" else {}
    options = (*options, *scale.leas, *(f"bottleneck.{key}={value}" for key, value in of_bottleneck.items()))
    return _model(scale, architecture, str(length), TYPES[kind], options, **chosen)


def _model(scale: Scale, architecture: str, code="1", bottleneck=None, options=(), **chosen) -> ModelConfig:
    classes = 3 if scale.data.source == "dsprites" else 10
    texts = [f"{key}={value!r}" for key, value in {"classes": classes, **chosen}.items()]
    return ModelConfig(architecture, code, bottleneck, (*texts, *scale.options, *options))


def _run(scale: Scale, experiment: str, seed: int, model: ModelConfig, kind=None, pair=None, **given) -> StudyRun:
    """A run; what is given are choices, or options of its training."""
    made = scale.training[experiment]
    steps = made.steps * ceil(scale.images / scale.batch) if made.epochs else made.steps
    options = {key: given.pop(key) for key in ("objective_mode", "objective_weights") if key in given}
    if kind == "capacity":
        options["penalty_warmup_steps"] = round(made.rise * steps)
    if scale.data.source == "dsprites":
        options["label"] = "shape"
    if kind and "objective_mode" not in options:  # with LEAs, which are not trained jointly
        options["objective_passes"] = scale.passes
    training = TrainingConfig(steps, made.evaluations, scale.batch, scale.rate, seed=seed, **options)
    chosen = {"data": scale.data.source, "model": model.architecture, "type": kind, "pair": pair, **given}
    chosen = {name: chosen.get(name) for name in CHOICES} | {"seed": seed}
    numbered = ("code", "window", "samples", "weight")
    numbers = [f"{key}{chosen[key]:g}" for key in numbered if chosen[key] is not None]
    parts = (experiment, model.architecture, kind, pair, *numbers, f"seed{seed}")
    name = "-".join(part for part in parts if part)
    return StudyRun(name, {"experiment": experiment, **chosen}, RunConfig(scale.data, model, training))


def _few() -> list[StudyRun]:
    """Figure 5.6 on few images; all seeds of the fewest images first, which take least time."""
    return sorted(_runs(FEW, "samples"), key=lambda run: run.choices["samples"])


def _all(scale: Scale) -> list[StudyRun]:
    return [run for experiment in EXPERIMENTS for run in _runs(scale, experiment)]


STUDY = Study(
    name="locally_embedded_networks",
    title="what a LEA does to a network: equivariance, pooling, sample complexity, robustness, regularization",
    presets={
        "paper": partial(_all, PAPER),
        "cpu": partial(_all, CPU),
        "probed": partial(_runs, PROBED, "equivariance"),
        "few": _few,
        "many": partial(_runs, MANY, "samples"),
        "longer": partial(_runs, LONGER, "regularization"),
        "shapes": partial(_runs, SHAPES, "robustness"),
        "quick": partial(_all, QUICK),
        **{experiment: partial(_runs, CPU, experiment) for experiment in EXPERIMENTS},
    },
)

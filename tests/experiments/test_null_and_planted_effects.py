"""A claim of each study on made-up results: without an effect few verdicts are wrong, and a clear one is found."""

import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.anomaly_detection import claims as anomalies  # noqa: E402
from experiments.anomaly_detection.study import HARD  # noqa: E402
from experiments.bottleneck_shape import training_claims as shapes  # noqa: E402
from experiments.decorrelation import claims as decorrelation  # noqa: E402
from experiments.deterministic_vs_variational import claims as generative  # noqa: E402
from experiments.locally_embedded import claims as types  # noqa: E402
from experiments.locally_embedded_networks import claims as networks  # noqa: E402
from keras_ae.studies.kept import Kept  # noqa: E402

SEEDS = range(3)
SIMULATIONS, MOST_WRONG = 100, 11  # 5 % are 5; 12 or more are as rare as 1 in 200
NOISE = 0.05


def _detection(effect, draw):
    """ROC AUCs of codes in three maps."""
    rows = [
        {"data": "mnist", "model": model, "normal": normal, "seed": seed, "score": "mse"}
        | {"roc_auc": 0.8 + effect * rank + draw()}
        for seed in SEEDS
        for normal in HARD[:2]
        for rank, model in enumerate(reversed(anomalies.MAPPED))
    ]
    return anomalies.smaller_maps_detect_better(pandas.DataFrame(rows))


def _shapes(effect, draw):
    """Test errors of codes of two sizes and two compressions."""
    rows = [
        {"run": f"{size}-{compression}-{seed}", "experiment": "dynamics", "data": "d", "size": size, "seed": seed}
        | {"compression": compression, "channels": 1, "step": 100, "train": 1.0}
        | {"test": 1 + effect * (size == 4) + draw()}
        for seed in SEEDS
        for size in (4, 8)
        for compression in (0.25, 1.0)
    ]
    return shapes.larger_maps_generalise_better(Kept(pandas.DataFrame(), pandas.DataFrame(rows)), "d")


def _correlations(effect, draw):
    """Errors without a penalty and with a small one."""
    rows = []
    for seed in SEEDS:
        for alpha in (0.0, 1e-6):
            error = 1 - effect * (alpha > 0) + draw()
            rows.append({"preset": "regime", "status": "finished", "code_slope": 1.0, "n": 8, "form": "squared"})
            rows[-1] |= {"alpha": alpha, "seed": seed, "test.mse": error**2, "validation.mse": error**2}
    return decorrelation.penalty_lowers_the_error_in_the_papers_regime(pandas.DataFrame(rows))


def _samples(effect, draw):
    """Fréchet distances of a DAE and a VAE."""
    rows = []
    for seed in SEEDS:
        for model in ("DAE", "VAE"):
            distance = 1 + effect * (model == "VAE") + draw()
            rows.append(
                {"model": model, "seed": seed, "images": "i", "variant": "plain", "depth": "1", "units": 8}
            )
            rows[-1] |= {"compared": True, "filters": 8, "paper_filters": 64, "reconstruction_fid": 0.1}
            rows[-1] |= {"mixture_fid": distance, "gaussian_fid": 1.0, "standard_normal_fid": 1.0}
    return generative.dae_wins_with_gmm(Kept(pandas.DataFrame(rows), pandas.DataFrame()))


def _types(effect, draw):
    """Losses of two types; the claim is about more than 10 %."""
    rows = [
        {"run": f"{kind}{seed}", "experiment": "types", "type": kind, "pair": "fc", "seed": seed, "step": 100}
        | {"test": 1 + (kind == "k_sparse") * (0.1 + effect) + draw()}
        for seed in SEEDS
        for kind in ("standard", "k_sparse")
    ]
    return types.k_sparse_is_worse_than_standard(Kept(pandas.DataFrame(), pandas.DataFrame(rows)))


def _pooling(effect, draw):
    """Accuracies of the VAE by window."""
    rows = [
        {"run": f"{window}-{seed}", "experiment": "pooling", "label": "LEA-FC VAE-fc", "code": 10.0, "step": 100}
        | {"window": window, "seed": seed, "val_accuracy": 0.5 + effect * (window == 32) + draw()}
        for seed in SEEDS
        for window in (2, 32)
    ]
    return networks.vae_improves_with_the_window(Kept(pandas.DataFrame(), pandas.DataFrame(rows)))


@pytest.mark.thorough
@pytest.mark.parametrize("study", [_detection, _shapes, _correlations, _samples, _types, _pooling])
def test_without_an_effect_few_verdicts_are_wrong_and_a_clear_one_is_found(study):
    generator = np.random.default_rng(0)
    draw = lambda: generator.normal(0, NOISE)  # noqa: E731
    answers = [study(0.0, draw).verdict.answer for _ in range(SIMULATIONS)]
    assert set(answers) <= {"yes", "no", "undecided"}
    assert answers.count("yes") + answers.count("no") <= MOST_WRONG
    calm = lambda: generator.normal(0, NOISE / 100)  # noqa: E731
    for effect, answer in ((NOISE, "yes"), (-NOISE, "no")):
        assert {study(effect, calm).verdict.answer for _ in range(5)} == {answer}

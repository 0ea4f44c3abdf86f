"""The models of Daly et al. and of those they compare with are trained from the command line."""

import json

import pytest

from keras_ae import cli

pytestmark = pytest.mark.tensorflow


@pytest.mark.thorough
def test_a_penalised_code_of_strided_networks_is_trained_by_name(tmp_path):
    model = ["--architecture", "strided", "--code", "3", "--bottleneck", "wasserstein_mmd"]
    options = ["--options", "filters=2", "strided_layers=2", "gradient_penalty=1e-4", "bottleneck.prior_std=2.0"]
    schedule = ["--schedule", "piecewise", "--decay-at", "2", "--warmup-steps", "1", "--warmup-rate", "1e-4"]
    training = ["--steps", "4", "--evaluations", "2", "--loss", "binary_crossentropy", *schedule]
    cli.main(["train", "--data", "digits", *model, *options, *training, "--out", str(tmp_path / "run"), "--json"])
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["model"]["keywords"]["bottleneck"] == {"name": "wasserstein_mmd", "prior_std": 2.0}
    header, *rows = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert len(rows) == 2
    assert "penalty" in header

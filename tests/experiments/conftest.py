"""What the tests of the experiments share."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run_study(tmp_path):
    """`keras-ae study` with --json in `tmp_path`, where the experiments are, without what is kept of them."""
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments", ignore=shutil.ignore_patterns("results"))

    def run(*arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "keras_ae", "study", *arguments, "--json"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(autouse=True)
def _planted_effects_may_be_without_noise(monkeypatch):
    """Effects planted by hand are often the same for all seeds, which among real runs would decide nothing."""
    monkeypatch.setattr("keras_ae.studies.claims.FEWEST_EQUAL", 2)

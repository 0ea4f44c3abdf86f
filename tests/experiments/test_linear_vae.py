"""The prediction of which windows a linear VAE encodes: eigenvalues by hand, and the threshold by optimisation."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.locally_embedded_networks import windows  # noqa: E402


def test_eigenvalues_are_those_of_all_windows():
    """Windows that are 1 everywhere or 0 everywhere, half of each: one direction, of variance 4 · ¼."""
    halves = np.repeat([[0.0, 1.0]], 2, axis=0)
    images = np.kron(halves, np.ones((2, 2)))[None, :, :, None]
    assert windows.variances(images, 2) == pytest.approx([1.0, 0, 0, 0])
    cut = np.concatenate([images, np.full((1, 4, 1, 1), 9.0)], axis=2)
    assert windows.variances(cut, 2) == pytest.approx([1.0, 0, 0, 0])
    random = np.random.default_rng(0).random((50, 4, 4, 2))
    expected = np.linalg.eigvalsh(np.cov(random.reshape(50, -1), rowvar=False, bias=True))[::-1]
    assert windows.variances(random, 4) == pytest.approx(expected)


@pytest.mark.parametrize(("variance", "beta"), [(0.45, 1.0), (0.55, 1.0), (0.55, 2.0), (0.2, 0.25)])
def test_a_linear_vae_uses_a_direction_from_half_of_beta_on(variance, beta):
    """The optimum of E(x − dz)² + β·KL for x of that variance, z ~ N(wx, s²), over w, d and s."""

    def loss(parameters):
        w, d, s = parameters[0], parameters[1], np.exp(parameters[2])
        error = variance * (1 - d * w) ** 2 + d**2 * s**2
        return error + beta * 0.5 * (w**2 * variance + s**2 - 2 * np.log(s) - 1)

    best = min((minimize(loss, start) for start in ([0.5, 0.5, 0.0], [1.0, 1.0, -1.0])), key=lambda r: r.fun)
    used = abs(best.x[0] * best.x[1]) > 0.02
    assert used == (windows.codes_in_use(np.array([variance]), beta) == 1)


def test_windows_that_stay_silent_are_read_from_what_is_kept():
    kept = windows.load(ROOT / "experiments" / "locally_embedded_networks" / "results")
    assert windows.silent(kept, 64) == [2]
    assert windows.silent(kept, 32) == [2, 4]

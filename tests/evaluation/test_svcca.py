"""SVCCA against principal angles from SciPy, against scikit-learn's CCA, and on cases with known answers."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import subspace_angles
from scipy.stats import ortho_group
from sklearn.cross_decomposition import CCA

from keras_ae._support.errors import InputError
from keras_ae.evaluation import svcca


def _random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def _related(n, d1, d2, seed=0):
    """Two correlated representations with unequal variances."""
    a = _random(n, d1, seed=seed) * np.arange(1, d1 + 1)
    return a, a @ _random(d1, d2, seed=seed + 1) + 8 * _random(n, d2, seed=seed + 2)


def _reference(a, b, variance):
    """By the definition: left singular vectors, and the cosines of the angles between what they span."""
    spans = []
    for x in (a, b):
        u, s, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
        spans.append(u[:, : np.argmax(np.cumsum(s**2) >= variance * np.sum(s**2) * (1 - 1e-12)) + 1])
    return np.mean(np.cos(subspace_angles(*spans)))


def _reference_dft(a, b, variance):
    """Every frequency of the smaller maps by itself, without any use of symmetry."""
    sides = [np.minimum(x, y) for x, y in zip(a.shape[1:3], b.shape[1:3], strict=True)]
    us, vs = ((np.fft.fftfreq(side) * side).round().astype(int) for side in sides)
    a, b = (np.fft.fft2(x, axes=(1, 2)) for x in (a, b))
    values = [_reference(a[:, u, v], b[:, u, v], variance) for u in us for v in vs]
    return np.mean(values), np.std(values)


@settings(max_examples=25)
@given(st.integers(30, 60), st.integers(1, 8), st.integers(1, 8), st.floats(0.3, 1.0), st.integers(0, 99))
def test_it_is_the_mean_cosine_of_principal_angles(n, d1, d2, variance, seed):
    a, b = _related(n, d1, d2, seed)
    assert svcca(a, b, variance)["mean"] == pytest.approx(_reference(a, b, variance), abs=1e-7)


@settings(max_examples=25)
@given(*[st.integers(1, 6)] * 4, st.integers(1, 3), st.integers(1, 3), st.floats(0.5, 1.0), st.integers(0, 99))
def test_by_frequencies_it_is_that_of_each_frequency(h1, w1, h2, w2, c1, c2, variance, seed):
    a = _random(20, h1, w1, c1, seed=seed) * np.arange(1, c1 + 1)
    b = _random(20, h2, w2, c2, seed=seed + 1)
    b[:, : min(h1, h2), : min(w1, w2), 0] += a[:, : min(h1, h2), : min(w1, w2), -1]
    result = svcca(a, b, variance, dft=True)
    assert (result["mean"], result["std"]) == pytest.approx(_reference_dft(a, b, variance), abs=1e-6)


def test_correlations_are_those_of_scikit_learn():
    a, b = _related(200, 3, 4)
    x, y = CCA(n_components=3, tol=1e-10, max_iter=5000).fit_transform(a, b)
    expected = np.mean([np.corrcoef(x[:, i], y[:, i])[0, 1] for i in range(3)])
    assert svcca(a, b, variance=1.0)["mean"] == pytest.approx(expected, abs=1e-6)


def test_half_of_the_directions_in_common_is_a_half():
    orthonormal = np.linalg.qr(_random(50, 7) - _random(50, 7).mean(0))[0]
    a, b = orthonormal[:, :4], orthonormal[:, [0, 1, 4, 5, 6]]
    assert svcca(a, b)["mean"] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("dft", [False, True])
def test_a_representation_equals_itself_rotated_scaled_and_shifted(dtype, dft):
    a = (_random(90, 3, 4, 5) * np.arange(1, 6)).astype(dtype)
    b = (3 * a @ ortho_group.rvs(5, random_state=0) + _random(5)).astype(dtype)
    assert svcca(a, a, dft=dft)["mean"] == pytest.approx(1, abs=1e-9)
    assert svcca(a, b, dft=dft) == pytest.approx({"mean": 1.0, "std": 0.0}, abs=1e-5)


@pytest.mark.parametrize("dft", [False, True])
def test_no_invertible_map_of_the_channels_changes_it_when_all_variance_is_kept(dft):
    a, b = _random(90, 3, 4, 5), _random(90, 2, 3, 4, seed=1)
    b[..., 0] += a[:, :2, :3, 0]
    expected = svcca(a, b, 1.0, dft)
    assert svcca(a @ _random(5, 5, seed=2), b, 1.0, dft) == pytest.approx(expected, abs=1e-8)


def test_moving_all_maps_of_one_side_changes_nothing_by_frequencies():
    a, b = _random(60, 6, 5, 3), _random(60, 4, 5, 2, seed=1)
    b += a[:, :4, :, :2]
    expected = svcca(a, b, dft=True)
    assert svcca(np.roll(a, (2, -1), axis=(1, 2)), b, dft=True) == pytest.approx(expected, abs=1e-9)
    assert svcca(a, b, dft=True)["mean"] != pytest.approx(svcca(np.flip(a, 1), b, dft=True)["mean"], abs=1e-3)


def test_maps_of_a_single_position_are_vectors():
    a, b = _related(80, 4, 3)
    expected = svcca(a, b)
    assert svcca(a[:, None, None], b[:, None, None], dft=True) == pytest.approx(expected, abs=1e-9)


def test_larger_maps_are_compared_by_the_frequencies_of_the_smaller_ones():
    """Low-pass maps and their samples at every other position: with nothing else in them, they are the same."""
    coefficients = _random(60, 3, 3, 2) + 1j * _random(60, 3, 3, 2, seed=1)
    spectrum = np.zeros((60, 8, 8, 2), complex)
    spectrum[:, np.ix_([-1, 0, 1], [-1, 0, 1])[0], np.ix_([-1, 0, 1], [-1, 0, 1])[1]] = coefficients
    large = np.fft.ifft2(spectrum, axes=(1, 2)).real
    small = large[:, ::2, ::2]
    noisy = large + 0.5 * np.cos(np.pi * np.arange(8))[:, None] * _random(60, 1, 1, 1, seed=2)  # frequency 4
    result = svcca(noisy, small, dft=True)
    assert result["mean"] == pytest.approx(9 / 16, abs=1e-6)  # 9 frequencies agree, 7 are empty in one of them


@pytest.mark.parametrize("dft", [False, True])
def test_dead_channels_and_copies_add_nothing(dft):
    a, b = (_random(70, 3, 3, 2, seed=seed).astype("float32") for seed in (0, 1))
    b += a
    expected = svcca(a, b, 1.0, dft)
    dead = np.concatenate([a, np.full((70, 3, 3, 1), 0.1, "float32"), a[..., :1]], axis=-1)
    assert svcca(dead, b, 1.0, dft) == pytest.approx(expected, abs=1e-5)


def test_constant_activations_are_like_nothing():
    constant, other = np.full((20, 2, 2, 3), 7.3, "float32"), _random(20, 2, 2, 3)
    for dft in (False, True):
        assert svcca(constant, other, dft=dft) == {"mean": 0.0, "std": 0.0}
        assert svcca(constant, constant, dft=dft) == {"mean": 0.0, "std": 0.0}


def test_maps_that_are_flat_up_to_rounding_have_only_the_frequency_0():
    flat = np.broadcast_to(_random(40, 1, 1, 2), (40, 4, 4, 2)).astype("float32")
    flat = flat * (1 + np.finfo("float32").eps * np.random.default_rng(1).integers(-1, 2, flat.shape))
    assert svcca(flat.astype("float32"), flat, dft=True)["mean"] == pytest.approx(1 / 16, abs=1e-6)


@pytest.mark.parametrize("dft", [False, True])
def test_fewer_images_than_directions(dft):
    a, b = _random(6, 2, 2, 30), _random(6, 2, 2, 20, seed=1)
    assert svcca(a, b, 1.0, dft)["mean"] == pytest.approx(1, abs=1e-9)
    a, b = _related(25, 40, 60)
    assert svcca(a, b, 0.7)["mean"] == pytest.approx(_reference(a, b, 0.7), abs=1e-7)


def test_many_frequencies_are_taken_in_parts(monkeypatch):
    a, b = _random(30, 6, 6, 3), _random(30, 6, 6, 3, seed=1)
    expected = svcca(a, b, dft=True)
    module = sys.modules["keras_ae.evaluation.internals.canonical_correlation"]
    monkeypatch.setattr(module, "_BYTES", 3 * 16 * 30 * 3)
    monkeypatch.setattr(module, "_IMAGES", 7)
    assert svcca(a, b, dft=True) == pytest.approx(expected, abs=1e-12)


def test_bytes_and_half_precision_are_taken():
    a, b = np.random.default_rng(0).integers(0, 256, (2, 50, 6)).astype("uint8")
    expected = svcca(a.astype(float), b.astype(float))
    assert svcca(a, b) == pytest.approx(expected, abs=1e-5)
    assert svcca(a.astype("float16"), b.astype("float16")) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        ((5, 3), (6, 3), {}, "same images"),
        ((1, 3), (1, 3), {}, "at least 2"),
        ((5,), (5, 3), {}, r"\[n, \.\.\.\]"),
        ((5, 3), (5, 3), {"dft": True}, "height, width, channels"),
        ((5, 0), (5, 3), {}, r"\[n, \.\.\.\]"),
        ((5, 3), (5, 3), {"variance": 0.0}, "variance=0.0"),
        ((5, 3), (5, 3), {"variance": 99}, "variance=99"),
    ],
)
def test_what_cannot_be_compared_is_refused(a, b, options, message):
    with pytest.raises(InputError, match=message):
        svcca(np.zeros(a), np.zeros(b), **options)


def test_infinities_are_refused():
    with pytest.raises(InputError, match="finite"):
        svcca(np.full((3, 2), np.inf), np.zeros((3, 2)))

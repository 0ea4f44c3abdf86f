"""Every score against its definition in NumPy, SciPy or scikit-learn."""

from hashlib import blake2b

import keras
import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from sklearn.mixture import GaussianMixture as Mixture
from sklearn.neighbors import NearestNeighbors

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.detection import (
    SCORES,
    CodeDensity,
    Combination,
    JointLikelihood,
    LocalConfidence,
    Mahalanobis,
    NearestCodes,
    NegativeELBO,
    NormalImages,
    Observation,
    ReconstructionError,
    StandardizedError,
    as_score,
    fit_scores,
    score_from_config,
)


def _numpy(values):
    return np.asarray(keras.ops.convert_to_numpy(values), np.float64)


def _score(score, model, images):
    return _numpy(score.values(Observation(model, images)))


def _map(score, model, images):
    return _numpy(score.map(Observation(model, images)))


def _normal(model, images):
    return NormalImages(model, np.split(images, [25, 50]))


def _reconstructions(model, images):
    return _numpy(model.reconstruct(images))


@pytest.mark.parametrize("kind", ["mse", "mae", "binary_crossentropy", "ssim"])
def test_reconstruction_errors(model, others, kind):
    y = _reconstructions(model, others)
    by_hand = {
        "mse": lambda: kae.evaluation.mse(others, y),
        "mae": lambda: np.abs(others - y).mean(axis=(1, 2, 3)),
        "binary_crossentropy": lambda: -(others * np.log(y) + (1 - others) * np.log(1 - y)).mean(axis=(1, 2, 3)),
        "ssim": lambda: 1 - kae.evaluation.ssim(others, y),
    }
    score = ReconstructionError(kind)
    np.testing.assert_allclose(_score(score, model, others), by_hand[kind](), rtol=1e-4, atol=1e-6)
    pixels = _map(score, model, others)
    assert pixels.shape == (7, 6, 5)
    if kind != "ssim":
        np.testing.assert_allclose(pixels.mean(axis=(1, 2)), by_hand[kind](), rtol=1e-4)


def test_the_map_of_ssim_repeats_its_rim(model, others):
    pixels = _map(ReconstructionError("ssim"), model, others)  # windows of 5: 2 × 1 positions in 6 × 5 pixels
    assert np.ptp(pixels, axis=2).max() < 1e-6
    assert np.ptp(pixels[:, :3], axis=1).max() < 1e-6
    assert np.ptp(pixels[:, 3:], axis=1).max() < 1e-6
    assert np.abs(pixels[:, 2] - pixels[:, 3]).max() > 1e-3


def test_standardized_error(model, images, others):
    score = StandardizedError().fit(_normal(model, images))
    residuals = images - _reconstructions(model, images)
    deviation = np.sqrt(residuals.var(axis=0) + 0.01 * residuals.var(axis=0).mean())
    expected = ((others - _reconstructions(model, others) - residuals.mean(axis=0)) / deviation) ** 2
    np.testing.assert_allclose(_score(score, model, others), expected.mean(axis=(1, 2, 3)), rtol=1e-3)
    np.testing.assert_allclose(_map(score, model, others), expected.mean(axis=-1), rtol=1e-3, atol=1e-4)


def test_code_densities(model, images, others):
    codes, of_others = (_numpy(model.encode(x)) for x in (images, others))
    mean, covariance = codes.mean(axis=0), np.cov(codes, rowvar=False, bias=True)
    gaussian = -multivariate_normal(mean, covariance + 1e-6 * np.eye(3)).logpdf(of_others)
    score = CodeDensity().fit(_normal(model, images))
    np.testing.assert_allclose(_score(score, model, others), gaussian, rtol=1e-3)
    mixture = Mixture(2, reg_covar=1e-6, random_state=0).fit(codes.astype(np.float32))
    score = CodeDensity("mixture", components=2).fit(_normal(model, images))
    np.testing.assert_allclose(_score(score, model, others), -mixture.score_samples(of_others), rtol=1e-2)
    score = CodeDensity("standard_normal").fit(_normal(model, images))
    np.testing.assert_allclose(_score(score, model, others), -norm.logpdf(of_others).sum(axis=1), rtol=1e-4)


def test_mahalanobis(model, images, others):
    codes, of_others = (_numpy(model.encode(x)) for x in (images, others))
    inverse = np.linalg.inv(np.cov(codes, rowvar=False, bias=True) + 1e-6 * np.eye(3))
    away = of_others - codes.mean(axis=0)
    expected = np.sqrt(np.einsum("ni,ij,nj->n", away, inverse, away))
    score = Mahalanobis().fit(_normal(model, images))
    np.testing.assert_allclose(_score(score, model, others), expected, rtol=1e-3)


def test_nearest_codes(model, images, others):
    codes, of_others = (_numpy(model.encode(x)) for x in (images, others))
    deviation = codes.std(axis=0)
    neighbours = NearestNeighbors(n_neighbors=4).fit(codes / deviation)
    expected = neighbours.kneighbors(of_others / deviation)[0].mean(axis=1)
    score = NearestCodes(k=4).fit(_normal(model, images))
    np.testing.assert_allclose(_score(score, model, others), expected, rtol=1e-3)
    few = NearestCodes(k=4, most=10).fit(_normal(model, images))
    assert few.kept.shape == (10, 3)
    assert np.all(_score(few, model, others) >= expected * 0.99)
    with pytest.raises(InputError, match="at least k = 61"):
        NearestCodes(k=61).fit(_normal(model, images))


def test_negative_elbo(variational, images, others):
    score = NegativeELBO(samples=3, seed=5).fit(_normal(variational, images))
    variance = np.mean((images - _reconstructions(variational, images)) ** 2, dtype=np.float64)
    mean, log_std = map(_numpy, variational.bottleneck.posterior(variational.encoder(others)))
    noise = np.random.default_rng(5).standard_normal((3, 3)).astype(np.float32)
    likelihoods = [
        norm.logpdf(others, _numpy(variational.decode(mean + np.exp(log_std) * each)), np.sqrt(variance))
        for each in noise
    ]
    likelihood = np.mean(likelihoods, axis=0).sum(axis=(1, 2, 3))
    divergence = 0.5 * (mean**2 + np.exp(2 * log_std) - 2 * log_std - 1).sum(axis=1)
    np.testing.assert_allclose(_score(score, variational, others), divergence - likelihood, rtol=1e-4)


def test_negative_elbo_of_features_is_about_features():
    inputs = keras.Input((8, 8, 3))
    network = keras.Model(inputs, keras.layers.Conv2D(4, 3, padding="same")(inputs))
    maps = kae.features.FeatureMaps(network, np.eye(3), np.zeros(3), (8, 8), channels=1)
    bottleneck = kae.bottlenecks.Variational(2, seed=1)
    model = kae.architectures.feature_autoencoder((8, 8, 1), (8, 8, 2), maps, hidden=False, bottleneck=bottleneck)
    images = np.random.default_rng(0).random((20, 8, 8, 1)).astype("float32")
    model.features.adapt(images)
    score = NegativeELBO(samples=1, seed=5).fit(NormalImages(model, [images]))
    target = _numpy(model.target(images))
    mean, log_std = map(_numpy, model.bottleneck.posterior(model.encoder(target)))
    decoded = _numpy(model.decode(mean + np.exp(log_std) * score.noise[0]))
    likelihood = norm.logpdf(target, decoded, np.sqrt(score.variance)).sum(axis=(1, 2, 3))
    divergence = 0.5 * (mean**2 + np.exp(2 * log_std) - 2 * log_std - 1).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(_score(score, model, images), divergence - likelihood, rtol=1e-4)


def test_joint_likelihood(model, images, others):
    variance = np.mean((images - _reconstructions(model, images)) ** 2, dtype=np.float64)
    pixels = norm.logpdf(others, _reconstructions(model, others), np.sqrt(variance)).sum(axis=(1, 2, 3))
    density = CodeDensity().fit(_normal(model, images))
    score = JointLikelihood().fit(_normal(model, images))
    np.testing.assert_allclose(_score(score, model, others), _score(density, model, others) - pixels, rtol=1e-4)


def test_a_combination_standardises_its_members_on_images_they_have_not_seen(model, images, others):
    score = as_score("mse+nearest_codes").fit(_normal(model, images))
    digests = [blake2b(image.tobytes(), digest_size=8).hexdigest() for image in images]
    kept = np.isin(np.arange(60), np.argsort(digests)[:12])
    fitting = _normal(model, images[~kept])
    members = [ReconstructionError().fit(fitting), NearestCodes().fit(fitting)]
    usual = np.stack([_score(member, model, images[kept]) for member in members])
    expected = [
        (_score(member, model, others) - values.mean()) / values.std()
        for member, values in zip(members, usual, strict=True)
    ]
    np.testing.assert_allclose(_score(score, model, others), np.mean(expected, axis=0), rtol=1e-3)
    np.testing.assert_allclose(_map(score, model, others), _map(members[0], model, others), rtol=1e-5)
    assert not as_score("gaussian+mahalanobis").has_map


def test_a_score_without_settings_needs_no_decorator_to_be_copied():
    class Brightness(kae.detection.Score):
        name = "brightness"

        def values(self, seen):
            return seen.images.mean((1, 2, 3))

    assert isinstance(Brightness().copy(), Brightness)
    assert Brightness().config() == {}


@pytest.mark.tensorflow
def test_the_confidence_of_a_lea(images, others):
    inputs = keras.Input((6, 5, 2))
    lea = kae.layers.LocallyEmbeddedAutoencoder(
        kae.architectures.window_autoencoder((2, 2, 2), (2,)), strides=1, name="lea"
    )
    classifier = kae.MultiObjective(inputs, keras.layers.Flatten()(lea(inputs)))
    score = LocalConfidence().fit(_normal(classifier, images))
    worst = kae.evaluation.measure_local_reconstruction(classifier, "lea", [images]).losses.max()
    losses = kae.evaluation.measure_local_reconstruction(classifier, "lea", [others]).losses
    np.testing.assert_allclose(_score(score, classifier, others), losses.max(axis=(1, 2)) / worst, rtol=1e-4)
    confidence = kae.evaluation.confidence_map(losses, worst)
    assert _map(score, classifier, others).shape == (7, 6, 5)
    np.testing.assert_allclose(_map(score, classifier, others).max(axis=(1, 2)), 1 - confidence.min(axis=(1, 2)))
    with pytest.raises(InputError, match="without a LEA named 'other'"):
        LocalConfidence("other").check(classifier)


@pytest.mark.parametrize(
    "name", [*(name for name in SCORES if name != "local_confidence"), "mse+gaussian+nearest_codes"]
)
def test_a_score_is_restored_from_its_settings_and_what_it_learned(model, variational, images, others, name):
    scored = variational if name == "negative_elbo" else model
    score = as_score(name).fit(_normal(scored, images))
    restored = score_from_config({"name": score.name, **score.config()})
    assert restored.label == name
    assert not restored.is_fitted or not score.state()
    restored.set_state({key: np.asarray(value) for key, value in score.state().items()})
    assert np.array_equal(_score(restored, scored, others), _score(score, scored, others))
    assert score.copy().is_fitted == (not score.state())


@pytest.mark.parametrize(
    "given",
    [
        " mse + nearest_codes",
        ["mse", "nearest_codes"],
        (ReconstructionError(), NearestCodes()),
        ["mse", NearestCodes()],
    ],
    ids=["spaces", "list", "scores", "mixed"],
)
def test_several_scores_may_be_given_as_one_likes(given):
    assert as_score(given) == as_score("mse+nearest_codes")


def test_one_name_is_one_score(model, images):
    assert set(fit_scores(model, "mse+ssim", images)) == {"mse+ssim"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReconstructionError("mes"), "kind 'mes'.*did you mean .*'mse'"),
        (lambda: CodeDensity("gausian"), "density 'gausian'.*did you mean 'gaussian'"),
        (lambda: CodeDensity("mixture", components=0), "components=0"),
        (lambda: JointLikelihood("x"), "density 'x'; expected one of gaussian"),
        (lambda: JointLikelihood("mixture", components=2.5), "components 2.5; expected a whole number"),
        (lambda: NegativeELBO(samples=0), "samples=0"),
        (lambda: NearestCodes(k=0), "k=0; expected a whole number of at least 1"),
        (lambda: NearestCodes(k=5, most=4), "most=4; expected a whole number of at least 5"),
        (lambda: NearestCodes(k="5"), "k '5'"),
        (lambda: LocalConfidence(3), "layer 3"),
        (lambda: Combination(("mse", "ssim")), "expected a list, each a Score"),
        (lambda: as_score(["mse", "mes"]), "score 'mes'"),
        (lambda: as_score("mse+"), "score ''"),
        (lambda: as_score(3), "score 3"),
        (lambda: as_score(NearestCodes), "score <class"),
        (lambda: as_score([]), "0 scores"),
    ],
)
def test_settings_are_checked_as_scores_are_made(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_impossible_scores_are_refused(model):
    with pytest.raises(InputError, match="did you mean 'mae' or 'mse'"):
        as_score("mea")
    with pytest.raises(InputError, match="2 or more"):
        Combination((Mahalanobis(),))
    with pytest.raises(InputError, match="variational"):
        NegativeELBO().check(model)
    with pytest.raises(InputError, match="an Autoencoder"):
        Mahalanobis().check(keras.Sequential())
    with pytest.raises(InputError, match="tell the place"):
        Mahalanobis().map(None)
    with pytest.raises(InputError, match="its settings"):
        score_from_config({"name": "mahalanobis", "k": 3})

"""p-values, normalised scores, and what is promised where images come in groups: by hand, and by simulation."""

import numpy as np
import pytest

import keras_ae as kae
from keras_ae import InputError
from keras_ae.detection import Calibration
from keras_ae.detection.likeness import effective_number, likeness_of_groups

RNG = np.random.default_rng


def test_a_p_value_counts_the_normal_scores_that_are_as_high():
    calibration = Calibration(np.array([3.0, 1.0, 2.0, 2.0]), rate=0.4)
    scores = [0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 9.0]
    assert calibration.p_values(scores).tolist() == [5 / 5, 5 / 5, 4 / 5, 4 / 5, 2 / 5, 2 / 5, 1 / 5]


def test_groups_count_alike_whatever_their_size():
    scores, groups = np.array([1.0, 2.0, 4.0, 3.0, 5.0, 6.0]), np.array(list("abbccc"))
    calibration = Calibration(scores, rate=0.25, groups=groups)
    assert calibration.units == 3
    # Three groups and the new one count a quarter each; b's images an eighth, c's a twelfth.
    expected = {0.0: 1, 1.5: 3 / 4, 2.5: 5 / 8, 3.5: 1 / 4 + 1 / 8 + 2 / 12, 4.5: 1 / 4 + 2 / 12, 7.0: 1 / 4}
    np.testing.assert_allclose(calibration.p_values(list(expected)), list(expected.values()))
    assert calibration.threshold == 6.0
    assert Calibration(scores, 0.45, groups).threshold == 4.0  # p just above it: 1/4 + 2/12 = 0.417; of 3: 0.542
    with pytest.raises(InputError, match=r"3 groups of images to calibrate a rate of 0.2; expected at least 4"):
        Calibration(scores, 0.2, groups)
    with pytest.raises(InputError, match="2 groups of 6 scores"):
        Calibration(scores, 0.45, groups[:2])


@pytest.mark.parametrize("rate", [0.05, 0.1, 1 / 3, 0.37])
@pytest.mark.parametrize("grouped", [False, True])
def test_an_alarm_is_a_p_value_of_at_most_the_rate(rate, grouped):
    for seed in range(20):
        scores = RNG(seed).integers(0, 30, 199).astype(float)  # many are equal
        groups = RNG(seed).integers(0, 25, 199) if grouped else None
        calibration = Calibration(scores, rate, groups)
        new = np.linspace(-1, 31, 200)
        np.testing.assert_array_equal(calibration.p_values(new) <= rate + 1e-12, new > calibration.threshold)


def test_groups_of_one_image_are_no_groups():
    scores = RNG(0).normal(size=60)
    alone, grouped = Calibration(scores, 0.05), Calibration(scores, 0.05, np.arange(60))
    assert grouped.threshold == alone.threshold
    assert grouped.rate_interval() == pytest.approx(alone.rate_interval())
    assert grouped.alarms_interval(200) == alone.alarms_interval(200)


def test_normalised_scores_are_in_order_and_a_half_at_the_threshold():
    calibration = Calibration(RNG(0).normal(size=99), 0.05)
    scores = np.sort(np.append(RNG(1).normal(size=500) * 50, calibration.threshold))
    normalized = calibration.normalized(scores)
    assert np.all(np.diff(normalized) > 0)
    np.testing.assert_array_equal(normalized > 0.5, scores > calibration.threshold)
    low, high = np.percentile(calibration.scores, [16, 84])
    spread = (high - low) / 2
    assert calibration.normalized([calibration.threshold + spread])[0] == pytest.approx(0.75)
    assert calibration.normalized([1.0], threshold=1.0)[0] == 0.5
    assert np.isfinite(Calibration(np.zeros(19), 0.05).normalized([0.0, 1.0])).all()


def test_likeness_within_groups_is_a_correlation():
    groups = np.repeat(np.arange(400), 5)
    for alike in (0.0, 0.3, 0.8):
        scores = np.sqrt(alike) * RNG(0).normal(size=400)[groups] + np.sqrt(1 - alike) * RNG(1).normal(size=2000)
        assert likeness_of_groups(scores, groups) == pytest.approx(alike, abs=0.05)
    assert effective_number(RNG(0).normal(size=2000), groups) == pytest.approx(2000, rel=0.2)


def _grouped(generator, groups, size, alike):
    effect = np.repeat(generator.normal(size=groups), size)
    scores = np.sqrt(alike) * effect + np.sqrt(1 - alike) * generator.normal(size=groups * size)
    return np.exp(scores), np.repeat(np.arange(groups), size)  # skewed, as scores are


@pytest.mark.parametrize(("groups", "size", "alike"), [(190, 1, 0.0), (32, 6, 0.7), (40, 6, 0.3), (25, 10, 1.0)])
def test_false_alarms_lie_within_the_promised_interval(groups, size, alike):
    generator, rate, kept, naive, alarms = RNG(0), 0.05, 0, 0, []
    for _ in range(200):
        scores, numbers = _grouped(generator, groups, size, alike)
        new, of = _grouped(generator, groups, size, alike)
        calibration = Calibration(scores, rate, numbers if size > 1 else None)
        count = int(np.sum(new > calibration.threshold))
        low, high = calibration.alarms_interval(len(new), groups=of if size > 1 else None)
        kept += low <= count <= high
        low, high = Calibration(scores, rate).alarms_interval(len(new))
        naive += low <= np.sum(new > Calibration(scores, rate).threshold) <= high
        alarms.append(count / len(new))
    assert kept >= 0.9 * 200
    assert np.mean(alarms) <= rate + 3 * np.std(alarms) / np.sqrt(200)
    if alike > 0.5:
        assert naive < 0.85 * 200  # what images of one group would promise if they were taken for different ones


@pytest.mark.parametrize(("size", "alike"), [(1, 0.0), (6, 0.7)])
def test_p_values_of_normal_images_are_not_too_small(size, alike):
    generator, small = RNG(1), []
    for _ in range(1500):
        scores, numbers = _grouped(generator, 20, size, alike)
        p_value = Calibration(scores, 0.1, numbers).p_values(_grouped(generator, 1, size, alike)[0][:1])[0]
        small.append([p_value <= level for level in (0.05, 0.1, 0.3)])
    for level, rate in zip((0.05, 0.1, 0.3), np.mean(small, axis=0), strict=True):
        assert rate <= level + 3 * np.sqrt(level * (1 - level) / 1500)


@pytest.mark.tensorflow
@pytest.mark.parametrize("grouped", [False, True])
def test_graphs_compute_the_same_p_values(grouped):
    from keras import ops

    from keras_ae.detection.conformal import conformal_outputs

    scores = np.float32(RNG(0).gamma(2, size=200))
    calibration = Calibration(scores, 0.1, np.arange(200) // 5 if grouped else None)
    new = np.float32(np.append(RNG(1).gamma(2, size=50), scores[:20]))  # also equal ones
    outputs = conformal_outputs(calibration, ops.convert_to_tensor(new), np.float32(calibration.threshold))
    np.testing.assert_allclose(outputs["p_values"], calibration.p_values(new), atol=1e-6)
    np.testing.assert_allclose(outputs["normalized"], calibration.normalized(new), atol=1e-6)


@pytest.mark.tensorflow
def test_a_detector_with_groups_is_saved_with_them(tmp_path):
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
    images = np.float32(RNG(0).random((120, 4, 4, 1)))
    detector = kae.AnomalyDetector(model, holdout=0).fit(images[:60])
    detector.calibrate(images[60:], groups=np.arange(60) // 2)
    detector.save(tmp_path / "saved")
    again = kae.load_detector(tmp_path / "saved")
    np.testing.assert_array_equal(again.calibration_.groups, detector.calibration_.groups)
    np.testing.assert_array_equal(again.p_values(images), detector.p_values(images))
    np.testing.assert_array_equal(again.normalized_scores(images) > 0.5, again.predict(images) == -1)

"""Images that `fit` holds out of batches in any order: those it holds out of an array, and no others."""

import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.detection import NormalImages, as_score
from keras_ae.detection.division import Part, RankedImages, fingerprints

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tensorflow
HELD = 60  # of the 300 images of `many`


class Reordered:
    """Batches of images in another order, and another size, each time they are iterated over."""

    def __init__(self, images, seed=0):
        self.images, self.generator, self.passes = images, np.random.default_rng(seed), 0

    def __iter__(self):
        self.passes += 1
        order = self.generator.permutation(len(self.images))
        return iter(np.array_split(self.images[order], 3 + self.passes))


@pytest.fixture(scope="module")
def many():
    return np.random.default_rng(5).random((300, 6, 5, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def fresh():
    return np.random.default_rng(6).random((2000, 6, 5, 2)).astype(np.float32)


def _shuffled(images):
    return tf.data.Dataset.from_tensor_slices(images).shuffle(300, seed=1).batch(32)


def _rows(part, images):
    """The sorted rows of `images` that are in a part."""
    numbers = {image.tobytes(): row for row, image in enumerate(images)}
    return sorted(numbers[image.tobytes()] for batch in part for image in batch)


@pytest.mark.parametrize("score", ["nearest_codes", "mse+nearest_codes"])
@pytest.mark.parametrize("pipeline", [_shuffled, Reordered])
def test_false_alarms_on_fresh_images_keep_the_promise_of_a_shuffled_pipeline(model, many, fresh, score, pipeline):
    """What the score was fitted to lies nearest: among held-out images it would lower the threshold."""
    detector = kae.AnomalyDetector(model, score, false_positive_rate=0.05).fit(pipeline(many))
    assert detector.calibration_.images == HELD
    least, most = detector.calibration_.alarms_interval(len(fresh))
    assert least <= np.sum(detector.predict(fresh) == -1) <= most


@pytest.mark.parametrize("pipeline", [_shuffled, Reordered, lambda images: images[::-1]])
def test_a_pipeline_in_any_order_gives_the_detector_of_the_array(model, many, fresh, pipeline):
    expected = kae.AnomalyDetector(model, "mse+nearest_codes").fit(many)
    detector = kae.AnomalyDetector(model, "mse+nearest_codes").fit(pipeline(many))
    np.testing.assert_allclose(detector.calibration_.scores, expected.calibration_.scores, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        detector.anomaly_scores(fresh), expected.anomaly_scores(fresh), rtol=1e-3, atol=1e-5
    )


def test_the_shuffled_training_pipeline_of_a_source_gives_the_detector_of_its_array():
    data = kae.data.load("digits", limit=200)
    model = kae.architectures.fully_connected(data.image_shape, (3,), hidden=(8,))
    detectors = [
        kae.AnomalyDetector(model, "nearest_codes").fit(images)
        for images in (data.images("train"), data.train, data.pipeline("train", labels=True, batch_size=7))
    ]
    for other in detectors[1:]:
        np.testing.assert_allclose(
            other.calibration_.scores, detectors[0].calibration_.scores, rtol=1e-4, atol=1e-6
        )


def test_parts_are_the_same_on_each_pass_and_hold_every_image_once(many):
    ranked = RankedImages(Reordered(many))
    fitting, held = Part(ranked, 0, len(ranked)).divided(5)
    further, kept = fitting.divided(5)
    assert (len(held), len(kept), len(further)) == (60, 48, 192)
    rows = [_rows(part, many) for part in (held, kept, further)]
    assert sorted(row for part in rows for row in part) == list(range(300))
    assert [_rows(part, many) for part in (held, kept, further)] == rows
    again = Part(RankedImages([many]), 0, 300).divided(5)[1]
    assert _rows(again, many) == rows[0]
    lowest = np.argsort(fingerprints(many))[:60]
    assert rows[0] == sorted(lowest)


def test_parts_come_in_batches_of_one_size_so_that_nothing_is_compiled_for_each(many):
    fitting, held = Part(RankedImages([many[i : i + 32] for i in range(0, 300, 32)]), 0, 300).divided(5)
    assert [len(batch) for batch in held] == [32, 28]
    assert [len(batch) for batch in fitting] == [32] * 7 + [16]
    growing = [many[:1], many[1:3], many[3:60], many[60:60], many[60:300]]
    assert [len(batch) for batch in Part(RankedImages(growing), 0, 300)] == [1, 2, 57, 240]


def test_held_out_images_are_as_good_as_drawn_at_random():
    """Of images in the order of their brightness: the held-out ones are neither bright nor dark."""
    images = np.tile(np.linspace(0, 1, 5000, dtype=np.float32)[:, None, None, None], (1, 4, 4, 1))
    held = Part(RankedImages([images]), 0, 5000).divided(5)[1]
    values = np.concatenate([batch[:, 0, 0, 0] for batch in held])
    assert abs(values.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 1000)
    assert abs(values.std() - np.sqrt(1 / 12)) < 0.03


def test_equal_images_are_divided_too(many):
    """All alike, or each there ten times: as many are held out as of other ones, on each pass."""
    for images in (np.repeat(many[:1], 50, axis=0), np.repeat(many[:30], 10, axis=0)):
        fitting, held = Part(RankedImages(Reordered(images)), 0, len(images)).divided(5)
        for _ in range(2):
            assert sum(map(len, held)) == len(images) // 5
            assert sum(map(len, fitting)) == len(images) - len(images) // 5
    assert len(np.unique(np.concatenate(list(held)), axis=0)) == 6  # copies stay together: ten of each of six


@pytest.mark.parametrize(
    "change",
    [
        lambda ds: ds.map(lambda x: tf.clip_by_value(x + tf.random.normal(tf.shape(x), stddev=0.01), 0, 1)),
        lambda ds: ds.unbatch().shuffle(300).take(200).batch(32),
        lambda ds: ds.unbatch().filter(lambda _: tf.random.uniform(()) < 0.5).batch(32),
    ],
)
def test_pipelines_of_other_images_on_each_pass_are_refused_and_leave_the_detector(model, many, change):
    detector = kae.AnomalyDetector(model, "nearest_codes").fit(many)
    score, threshold = detector.score_, detector.threshold_
    with pytest.raises(InputError, match="other images on a second pass"):
        detector.fit(change(_shuffled(many)))
    assert (detector.score_, detector.threshold_) == (score, threshold)


@pytest.mark.parametrize("once", [iter, lambda batches: (batch for batch in batches), lambda b: map(np.array, b)])
def test_what_gives_its_images_once_is_read_once_or_refused_before_it_is_read(model, many, once):
    batches = [many[:150], many[150:]]
    images = once(batches)
    with pytest.raises(InputError, match=r"which gives its images once.*give list\(batches\)"):
        kae.AnomalyDetector(model, "nearest_codes").fit(images)
    assert sum(map(len, images)) == 300
    expected = kae.AnomalyDetector(model, "nearest_codes", holdout=0).fit(many)
    detector = kae.AnomalyDetector(model, "nearest_codes", holdout=0).fit(once(batches))
    detector.calibrate(once(batches))
    np.testing.assert_allclose(detector.anomaly_scores(once(batches)), expected.anomaly_scores(many), atol=1e-5)
    with pytest.raises(InputError, match="which gives its images once"):
        kae.AnomalyDetector(model, "mse+nearest_codes", holdout=0).fit(once(batches))
    with pytest.raises(InputError, match="which gives its images once"):  # codes, then residuals
        kae.AnomalyDetector(model, "joint_likelihood", holdout=0).fit(once(batches))


def test_pipelines_without_end_are_refused(model, many):
    with pytest.raises(InputError, match="without end"):
        kae.AnomalyDetector(model, "mse").calibrate(_shuffled(many).repeat())
    with pytest.raises(InputError, match="without end"):
        kae.evaluation.encode(model, _shuffled(many).repeat())


@pytest.mark.parametrize("score", ["nearest_codes", "standardized_error", "mse+nearest_codes"])
def test_no_images_and_too_few_are_refused_in_one_line(model, many, score):
    with pytest.raises(InputError, match=r"0 images|no images"):
        kae.AnomalyDetector(model, score).fit([])
    with pytest.raises(InputError, match=r"0 images|no images"):
        as_score(score).fit(NormalImages(model, []))
    with pytest.raises(InputError, match="18 images to calibrate"):
        kae.AnomalyDetector(model, score).fit(many[:94])
    with pytest.raises(InputError, match="0 images to calibrate"):
        kae.AnomalyDetector(model, "mse").calibrate(iter([]))

"""The judge of a comparison to detect anomalies."""

from dataclasses import replace
from pathlib import Path

import keras

from keras_ae.comparison.anomalies import choose_score, measure_alone, measure_anomalies
from keras_ae.comparison.detect import Detect, DetectionOutcome, DetectionSelection
from keras_ae.comparison.purpose import Judge
from keras_ae.comparison.trial import anomaly_trial
from keras_ae.export import as_float32
from keras_ae.features import frozen_features
from keras_ae.runs import ModelConfig, check_normal, check_sizes, seen_by

PLACEHOLDER = ModelConfig("strided", "1")  # of pixels, which features replace


class DetectionJudge(Judge):
    """Measures how well candidates separate held-out and test images from anomalies.

    Args:
        config: The comparison's configuration.
        data: Its images.
        purpose: The purpose with its options.

    Raises:
        InputError: Labels show that not all images are normal, there are too few validation images to promise the
            rate or no normal images to test on, or the feature network is not available.
    """

    def __init__(self, config, data, purpose: Detect):
        self.rate, self.out = purpose.false_positive_rate, Path()
        check_normal(data, config.data.train_labels)
        check_sizes(data, self.rate, config.training)
        self.data, self.maps, self.seed = data, purpose.maps.model(PLACEHOLDER, False), config.training.seed
        self.features = None if purpose.features is None else self._built()
        self.trial = anomaly_trial(config, data)
        self._alone: tuple[float, float] | None = None

    def _built(self):
        keras.utils.set_random_seed(self.seed)  # for random weights: as in the first seed's candidates
        return self.maps.build(self.data.image_shape)

    def prepare(self, out: Path, progress: bool) -> None:
        """Makes the feature maps of all images once, for all candidates."""
        self.out = out
        if self.features is not None:
            seen_by(self.features, self.data, out, adapt=True, progress=progress)
            for part in (self.trial.anomalous, self.trial.test_anomalous):  # not in several workers at once
                part.seen(self.features, self._cache)

    def choose(self, path: Path, model) -> DetectionSelection:
        # In float32, as the detector will be exported.
        selection = choose_score(as_float32(model), self.trial, self._cache)
        return replace(selection, features_alone=self._alone_of(model)[0])

    def measure(self, path: Path, model, selection: DetectionSelection) -> DetectionOutcome:
        score, figures = selection.score, path / "figures"
        outcome = measure_anomalies(as_float32(model), self.trial, score, self.rate, figures, self._cache)
        return replace(outcome, features_alone=self._alone_of(model)[1])

    @property
    def _cache(self) -> Path:
        """Where the maps of images outside the splits are kept."""
        return self.out / "anomalies"

    def _alone_of(self, model) -> tuple[float | None, float | None]:
        if frozen_features(model) is None:
            return None, None
        if self._alone is None:
            self._alone = measure_alone(self.features, self.trial, self._cache)
        return self._alone

"""The purpose "detect": a bottleneck that reconstructs normal images and no others."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from keras_ae._support.errors import InputError
from keras_ae.comparison.candidate import Codes, map_shapes, vector_shapes
from keras_ae.comparison.feature_candidates import DEPTHS, feature_candidates
from keras_ae.comparison.parts import Column, Criterion, Pictures
from keras_ae.comparison.purpose import Judge, Purpose, option
from keras_ae.comparison.selection import Measured
from keras_ae.detection import DEFAULT_RATE, check_rate
from keras_ae.runs import DataConfig, FeatureConfig

CHANCE, CLEARLY = 0.5, 2  # a ROC AUC that tells nothing; standard errors by which one has to be above it
PARTS = (96, 48, 24)  # of an image's values, as vectors: too short to hold anything unusual


@dataclass(frozen=True)
class DetectionSelection:
    """How well normal held-out images are separated from anomalies.

    Attributes:
        score: The score with the highest area under the ROC curve.
        roc_auc: That area, from 0 to 1; `auc_error` is 1 minus it, and `auc_error_standard_error` the
            standard error of either.
        roc_auc_by_score: The areas of all scores.
        features_alone: The area of the features without a bottleneck (position_gaussian); None for pixels.
    """

    score: str
    roc_auc: float
    auc_error: float
    auc_error_standard_error: float
    roc_auc_by_score: Mapping[str, float]
    features_alone: float | None = None


@dataclass(frozen=True)
class DetectionOutcome:
    """How well the chosen score separates normal test images from anomalies.

    Attributes:
        score: The score that was chosen on held-out images.
        anomalies: What the anomalies are, in words.
        threshold: Score above which an image is an anomaly, set on held-out normal images for a false-alarm rate
            of `promised`; the true rate was expected between `promised_low` and `promised_high` (95 %).
        recall, false_positive_rate, f1: Measures of the decisions at the threshold.
        fpr_at_95_tpr: The fraction of normal images that raise an alarm when 95 % of the anomalies do.
        pixel_roc_auc, aupro: Measures of the score's map (`PixelMeasures`); None without maps or masks.
        features_alone: ROC AUC of the features without a bottleneck (position_gaussian); None for pixels.
    """

    score: str
    anomalies: str
    threshold: float
    promised: float
    promised_low: float
    promised_high: float
    roc_auc: float
    average_precision: float
    fpr_at_95_tpr: float
    f1: float
    recall: float
    false_positive_rate: float
    pixel_roc_auc: float | None = None
    aupro: float | None = None
    features_alone: float | None = None


OF_SOME = (  # columns that some comparisons have
    Column("pixel ROC AUC", lambda c: c.outcome.pixel_roc_auc, "{:.3f}".format),
    Column("AUPRO", lambda c: c.outcome.aupro, "{:.3f}".format),
)
OF_FEATURES = (
    " Autoencoders of features give back normalised feature maps: their errors do not compare with those of "
    "pixels, and sizes of their codes are told as parts of the maps."
)


@dataclass(frozen=True)
class Detect(Purpose):
    """The smallest code that separates anomalies from normal images as well as the best."""

    name: ClassVar[str] = "detect"
    aim: ClassVar[str] = "detect anomalies among these images"
    rule: ClassVar[str] = (
        "the smallest code whose ROC AUC on held-out images is within one standard error of the highest"
    )
    # A perfect detector's error is 0, which is not on a logarithmic axis.
    criterion: ClassVar[Criterion] = Criterion("1 − ROC AUC", "highest validation ROC AUC", logarithmic=False)
    selection_type: ClassVar[type] = DetectionSelection
    outcome_type: ClassVar[type] = DetectionOutcome
    outcome_key: ClassVar[str] = "detection"

    false_positive_rate: float = option(
        DEFAULT_RATE, "the part of normal images that may be alarms; --train-labels says which images are normal"
    )

    features: str | None = option(
        None,
        "a frozen network, whose maps further candidates give back instead of pixels: efficientnet_lite0, one of "
        "keras.applications, or a .keras file; images are 256 x 256 where --image-size says nothing",
    )
    feature_weights: str | None = option(
        None, 'file with the weights of a network of keras.applications, or "imagenet", or "random"'
    )
    feature_layers: tuple[str, ...] = option((), "layers whose maps are taken")
    map_size: int = option(32, "rows and columns of the maps")
    map_neighbours: int = option(3, "width of the square that each value of a map is averaged over, an odd number")
    per_image: bool = option(False, "centre and scale the maps of each image by themselves")
    even_light: bool = option(False, "take uneven light out of the images before the network sees them")
    feature_codes: tuple[int, ...] = option(DEPTHS, "values of a code at each position of the maps, one or more")
    pixels: bool = option(True, "try autoencoders of pixels as well, beside those of features")

    def __post_init__(self):
        super().__post_init__()
        check_rate(self.false_positive_rate)
        maps = self.maps  # refuses impossible options
        if maps.features is None and (self.feature_codes != DEPTHS or not self.pixels):
            received = "codes of features without a network" if self.pixels else "neither pixels nor features"
            raise InputError(received, "a network that makes features", "add --features efficientnet_lite0")
        if not self.feature_codes or min(self.feature_codes) < 1:
            raise InputError(f"feature_codes {list(self.feature_codes)}", "numbers of at least 1", "correct them")

    @property
    def maps(self) -> FeatureConfig:
        """The frozen network and its maps."""
        network = self.features, self.feature_weights, self.feature_layers
        return FeatureConfig(*network, self.map_size, self.map_neighbours, self.per_image, self.even_light)

    def images(self, data: DataConfig) -> DataConfig:
        return self.maps.data(data)

    def codes(self, image_shape) -> Codes:
        if not self.pixels:
            return Codes()
        vectors = vector_shapes(image_shape, PARTS)
        return Codes(map_shapes(image_shape), vectors, vectors[:1])

    def asked_for(self, codes: Codes) -> Codes:
        if not self.pixels:
            raise InputError("codes of pixels without pixels", "feature_codes", "give --feature-codes")
        return super().asked_for(codes)

    def further_candidates(self, bottlenecks=()):
        return feature_candidates(self.maps, self.feature_codes, bottlenecks)

    def judge(self, config, data) -> Judge:
        from keras_ae.comparison.detection_judge import DetectionJudge  # imports Keras

        return DetectionJudge(config, data, self)

    def measured(self, candidate) -> Measured:
        chosen = candidate.selection
        return Measured(candidate.name, candidate.code_values, chosen.auc_error, chosen.auc_error_standard_error)

    def summary_columns(self):
        return (
            Column("val. AUC", lambda c: c.selection.roc_auc, "{:.4f}".format),
            Column("test AUC", lambda c: c.outcome.roc_auc, "{:.4f}".format),
            Column("found", lambda c: c.outcome.recall, "{:.1%}".format),
            Column("alarms", lambda c: c.outcome.false_positive_rate, "{:.1%}".format),
        )

    def columns(self, candidates):
        return (
            Column("validation ROC AUC", lambda c: c.selection.roc_auc, "{:.4f}".format),
            Column("score", lambda c: c.outcome.score),
            Column("test ROC AUC", lambda c: c.outcome.roc_auc, "{:.4f}".format),
            Column("average precision", lambda c: c.outcome.average_precision, "{:.3f}".format),
            Column("FPR at 95 % TPR", lambda c: c.outcome.fpr_at_95_tpr, "{:.1%}".format),
            Column("F1", lambda c: c.outcome.f1, "{:.3f}".format),
            Column("found", lambda c: c.outcome.recall, "{:.1%}".format),
            Column("false alarms", lambda c: c.outcome.false_positive_rate, "{:.1%}".format),
            *(column for column in OF_SOME if any(column.value(one) is not None for one in candidates)),
        )

    def explanations(self, candidates) -> str:
        return (
            f"Anomalies are {candidates[0].outcome.anomalies}; the score of each candidate is the one that tells "
            "them best from held-out normal images, by the area under the ROC curve. *FPR at 95 % TPR* is the "
            "part of normal images that are alarms where 95 % of the anomalies are. *F1*, *found* and *false "
            "alarms* are those of the threshold, which held-out normal images set."
            f"{OF_FEATURES if self.features is not None else ''}"
        )

    def evidence(self, comparison) -> str:
        best, chosen = comparison[comparison.best], comparison[comparison.recommended]
        errors, outcome = comparison.errors(), chosen.outcome
        text = (
            f"It is {self.rule}. {best.name} has the highest: {1 - errors[best.name].error:.4f} ± "
            f"{errors[best.name].standard_error:.4f} (standard error). "
        )
        if chosen is not best:
            text += (
                f"{chosen.name} has {1 - errors[chosen.name].error:.4f} with {chosen.code_values:,} instead of "
                f"{best.code_values:,} code values. "
            )
        return text + (
            f"The score is {outcome.score}. On the test images its ROC AUC is {outcome.roc_auc:.4f}. A threshold "
            f"set for {outcome.promised:.1%} of false alarms gave {outcome.false_positive_rate:.1%} there (the "
            f"true rate was expected between {outcome.promised_low:.1%} and {outcome.promised_high:.1%}), and "
            f"found {outcome.recall:.1%} of the anomalies.{self._alone(comparison)}"
        )

    def caution(self, recommended) -> str:
        selection, outcome = recommended.selection, recommended.outcome
        error = selection.auc_error_standard_error
        if selection.roc_auc - CLEARLY * error <= CHANCE:
            reason = f"on the images to choose by its ROC AUC is {selection.roc_auc:.2f} ± {error:.2f}"
        elif outcome.roc_auc <= CHANCE:
            reason = f"on the test images its ROC AUC is {outcome.roc_auc:.2f}"
        else:
            return ""
        return (
            f"Do not rely on it: {reason}, not clearly above chance (0.5). More images of both kinds would tell."
        )

    def _alone(self, comparison) -> str:
        """How well features do without a bottleneck."""
        known = [one for one in comparison.trained if one.outcome.features_alone is not None]
        if not known:
            return ""
        chosen_by, tested = known[0].selection.features_alone, known[0].outcome.features_alone
        return (
            f" Features without any bottleneck, by position_gaussian, have a ROC AUC of {chosen_by:.4f} on the "
            f"images to choose by and of {tested:.4f} on the test images: keras-ae detect train --features "
            f"{self.features} makes that detector without training."
        )

    def pictures(self):
        text = (
            "The normal test images with the highest scores, and the anomalies with the lowest. Where the score "
            "has a map: images, with known defects outlined in green; their maps; and, outlined in yellow, what "
            "is above the value that maps of nearly all normal images nowhere exceed. Elsewhere: images and "
            "their reconstructions."
        )
        files = {
            "false_alarms": "normal images with the highest scores",
            "missed": "anomalies with the lowest scores",
        }
        return [Pictures("Where it fails", text, files, enlarged=True)]

    def next_step(self, recommended, run: Path) -> str:
        outcome = recommended.outcome
        rate = f"--false-positive-rate {outcome.promised:g}"
        made = f"as a detector: keras-ae export {run} --score {outcome.score} {rate} --out DIR"
        alone, selection = recommended.selection.features_alone, recommended.selection
        if alone is None or alone <= selection.roc_auc:
            return made
        return (
            f"{made}\nfeatures without a bottleneck tell held-out images better (ROC AUC {alone:.4f} for "
            f"{selection.roc_auc:.4f}): keras-ae detect train --features {self.features}"
        )

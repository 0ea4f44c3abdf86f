"""The purpose "detect": a bottleneck that reconstructs normal images and no others."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from keras_ae.comparison.candidate import Codes, map_shapes, vector_shapes
from keras_ae.comparison.purpose import Column, Criterion, Pictures, Purpose, option
from keras_ae.comparison.selection import Measured
from keras_ae.detection import DEFAULT_RATE, check_rate

PARTS = (96, 48, 24)  # of an image's values, as vectors: so short that what is unusual does not fit into them


@dataclass(frozen=True)
class DetectionSelection:
    """How well held-out images are told from anomalies.

    Attributes:
        score: The score with the highest area under the ROC curve.
        roc_auc: That area; `auc_error` is 1 minus it, `auc_error_standard_error` its standard error.
        roc_auc_by_score: The areas of all scores.
    """

    score: str
    roc_auc: float
    auc_error: float
    auc_error_standard_error: float
    roc_auc_by_score: Mapping[str, float]


@dataclass(frozen=True)
class DetectionOutcome:
    """How well the chosen score tells normal test images from anomalies.

    Attributes:
        score: The score that was chosen on held-out images.
        anomalies: What the anomalies are, in words.
        threshold: Set by held-out normal images for `promised` false alarms; the true rate was expected between
            `promised_low` and `promised_high` (95 %).
        recall, false_positive_rate, f1: Of the decisions at the threshold.
        fpr_at_95_tpr: The part of normal images that are alarms where 95 % of the anomalies are.
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


@dataclass(frozen=True)
class Detect(Purpose):
    """The smallest code that tells anomalies from normal images as well as the best."""

    name: ClassVar[str] = "detect"
    aim: ClassVar[str] = "detect anomalies among these images"
    rule: ClassVar[str] = (
        "the smallest code whose ROC AUC on held-out images is within one standard error of the highest"
    )
    # A perfect detector's error is 0, which a logarithmic axis does not have.
    criterion: ClassVar[Criterion] = Criterion("1 − ROC AUC", "highest validation ROC AUC", logarithmic=False)
    selection_type: ClassVar[type] = DetectionSelection
    outcome_type: ClassVar[type] = DetectionOutcome
    outcome_key: ClassVar[str] = "detection"

    false_positive_rate: float = option(
        DEFAULT_RATE, "the part of normal images that may be alarms; --train-labels says which images are normal"
    )

    def __post_init__(self):
        super().__post_init__()
        check_rate(self.false_positive_rate)

    def codes(self, image_shape) -> Codes:
        vectors = vector_shapes(image_shape, PARTS)
        return Codes(map_shapes(image_shape), vectors, vectors[:1])

    def judge(self, config, data) -> "DetectionJudge":
        return DetectionJudge(config, data, self.false_positive_rate)

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
        )

    def explanations(self, candidates) -> str:
        return (
            f"Anomalies are {candidates[0].outcome.anomalies}; the score of each candidate is the one that tells "
            "them best from held-out normal images, by the area under the ROC curve. *FPR at 95 % TPR* is the "
            "part of normal images that are alarms where 95 % of the anomalies are. *F1*, *found* and *false "
            "alarms* are those of the threshold, which held-out normal images set."
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
            f"found {outcome.recall:.1%} of the anomalies."
        )

    def pictures(self):
        text = (
            "Test images and, below, their reconstructions: the normal ones with the highest scores, and the "
            "anomalies with the lowest."
        )
        files = {
            "false_alarms": "normal images with the highest scores",
            "missed": "anomalies with the lowest scores",
        }
        return [Pictures("Where it fails", text, files)]

    def next_step(self, recommended, run: Path) -> str:
        outcome = recommended.outcome
        rate = f"--false-positive-rate {outcome.promised:g}"
        return f"as a detector: keras-ae export {run} --score {outcome.score} {rate} --out DIR"


class DetectionJudge:
    """Tells held-out and test images from anomalies.

    Raises:
        InputError: Labels tell that not all images are normal, there are too few validation images to promise the
            rate, or there are no normal images to test on.
    """

    def __init__(self, config, data, rate: float):
        from keras_ae.comparison.anomalies import anomaly_trial
        from keras_ae.runs import check_normal, check_sizes

        check_normal(data, config.data.train_labels)
        check_sizes(data, rate, config.training)
        self.rate, self.trial = rate, anomaly_trial(config, data)

    def choose(self, path: Path, model) -> DetectionSelection:
        from keras_ae.comparison.anomalies import choose_score
        from keras_ae.export import as_float32  # as the detector will be exported

        return choose_score(as_float32(model), self.trial)

    def measure(self, path: Path, model, selection: DetectionSelection) -> DetectionOutcome:
        from keras_ae.comparison.anomalies import measure_anomalies
        from keras_ae.export import as_float32

        return measure_anomalies(as_float32(model), self.trial, selection.score, self.rate, path / "figures")

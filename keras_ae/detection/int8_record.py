"""The record of a detector's 8-bit file: its own threshold, and its results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_ae.detection.outcome import Outcome

NAME = "int8"  # key of the record in a card
NOTHING = Outcome()


@dataclass(frozen=True)
class Int8Outcome:
    """Threshold and results of the 8-bit file.

    Attributes:
        threshold: Its threshold.
        false_positive_rate: Fraction of normal images, in (0, 1), that may raise an alarm.
        true_rate_interval: Central 95 % interval of the true rate of false alarms.
        outcome: Results on the test images; empty if there are none.
        float32_roc_auc: Area under the ROC curve of the detector itself; None without images of both kinds.

    Example:
        >>> outcome = Outcome(normal=50, alarms=2, anomalies=10, found=7, roc_auc=0.87)
        >>> Int8Outcome(2.5, 0.05, (0.01, 0.1), outcome, 0.88).in_words()
        'INT8: threshold 2.5, 2 of 50 false alarms, 7 of 10 found, ROC AUC 0.870 (0.880 in float32)'
    """

    threshold: float
    false_positive_rate: float
    true_rate_interval: tuple[float, float]
    outcome: Outcome = NOTHING
    float32_roc_auc: float | None = None

    def in_words(self) -> str:
        """Returns one line for people to read."""
        words, outcome = [f"INT8: threshold {self.threshold:.6g}"], self.outcome
        if outcome.normal:
            words.append(f"{outcome.alarms:,} of {outcome.normal:,} false alarms")
        if outcome.anomalies:
            words.append(f"{outcome.found:,} of {outcome.anomalies:,} found")
        if outcome.roc_auc is not None:
            words.append(f"ROC AUC {outcome.roc_auc:.3f} ({self.float32_roc_auc:.3f} in float32)")
        return ", ".join(words)

    def as_record(self) -> dict[str, Any]:
        """Returns the values by name, as in the card."""
        exact = {} if self.float32_roc_auc is None else {"test_roc_auc_float32": self.float32_roc_auc}
        return {
            "threshold": self.threshold,
            "false_positive_rate": self.false_positive_rate,
            "true_rate_interval": list(self.true_rate_interval),
            **self.outcome.as_record(),
            **exact,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Int8Outcome":
        """Returns the outcome that `as_record` turned into a record."""
        low, high = record["true_rate_interval"]
        of_float32 = record.get("test_roc_auc_float32")
        known = Outcome.from_record(record)
        return cls(record["threshold"], record["false_positive_rate"], (low, high), known, of_float32)

"""What the card of a detector says of its 8-bit file, in words."""

from typing import Any


def int8_in_words(record: dict[str, Any]) -> str:
    """One line on what 8 bits make of a detector, for people.

    Example:
        >>> record = {"threshold": 2.5, "test_normal": 50, "test_alarms": 2, "test_anomalies": 10, "test_found": 7}
        >>> int8_in_words(record | {"test_roc_auc": 0.87, "test_roc_auc_float32": 0.88})
        'INT8: threshold 2.5, 2 of 50 false alarms, 7 of 10 found, ROC AUC 0.870 (0.880 in float32)'
    """
    words = [f"INT8: threshold {record['threshold']:.6g}"]
    if record.get("test_normal"):
        words.append(f"{record['test_alarms']:,} of {record['test_normal']:,} false alarms")
    if record.get("test_anomalies"):
        words.append(f"{record['test_found']:,} of {record['test_anomalies']:,} found")
    if "test_roc_auc" in record:
        exact = record["test_roc_auc_float32"]
        words.append(f"ROC AUC {record['test_roc_auc']:.3f} ({exact:.3f} in float32)")
    return ", ".join(words)

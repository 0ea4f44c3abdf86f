"""The card of an exported detector as files: `card.json` for programs, `README.md` for people."""

import json
from pathlib import Path

from keras_ae._support.files import write_text
from keras_ae.detection.card import CARD, Card
from keras_ae.detection.int8_record import NAME as INT8


def write_card(card: Card, directory: Path, name: str) -> None:
    """Writes both files.

    Args:
        card: The card, with the checksums of the other files.
        directory: Directory of the detector, under its temporary name.
        name: Final name of the directory.
    """
    card.write(directory)
    write_text(directory / "README.md", _readable(name, card))


def _readable(name: str, card: Card) -> str:
    low, high = card.true_rate_interval
    of = f" (of {card.calibration_groups:,} groups)" if card.calibration_groups else ""
    shape = ", ".join(map(str, card.image_shape))
    tiles = f", the worst of its score in tiles of {card.tile} × {card.tile} pixels" if card.tile else ""
    versions = ", ".join(f"{package} {number}" for package, number in card.versions.items())
    lines = [f"- **Test**: {line}." for line in card.outcome.in_words()]
    if card.int8 is not None:
        lines.append(f"- **8-bit integers** (`predict_int8.tflite`): {card.int8.in_words()}.")
    if choice := card.about.get("measured", {}).get("choice"):
        kind = "simulated" if choice.get("simulated") else "known"
        lines.append(f"- **Score chosen by**: {choice['defects']:,} {kind} defects.")
    about = {name: value for name, value in card.about.items() if name not in ("measured", INT8)}
    lines += [
        f"- **{key}**: {json.dumps(value) if isinstance(value, dict) else value}" for key, value in about.items()
    ]
    return "\n".join(
        [
            f"# {name}: an anomaly detector",
            "",
            f"- **Images**: [n, {shape}], float32 in [0, 1] (`score`, `predict`, …), or bytes of any size, "
            "gray or in colour (`score_uint8`, …), which are prepared as those of the training were.",
            f"- **Score**: `{card.score['label']}`{tiles}; what scores above {card.threshold:.6g} is an anomaly.",
            f"- **False alarms**: at most {card.false_positive_rate:.3g} of normal images are promised, from "
            f"{card.calibration_images:,} of them{of}; "
            f"the true rate lies between {low:.3g} and {high:.3g} (95 %).",
            f"- **Equal to the Keras model**: scores differ by at most {card.deviation['score']:.2g}; "
            f"{card.deviation_allowed['score']:.2g}, a thousandth of the spread of normal images (or what a "
            "hundredth of a grey level or roundings of float32 change), was allowed.",
            *lines,
            f"- **Made with**: {versions}; {card.parameters:,} parameters; checksums in `{CARD}`.",
            "",
            "```python",
            "import tensorflow as tf",
            "",
            f'detector = tf.saved_model.load("{name}")',
            'found = detector.predict(images)  # [n] each: "scores", "anomalies", "p_values" and "normalized"',
            "```",
            "",
        ]
    )

"""Shared by the commands: printing, and loading Keras."""

import gc
import importlib.util
import json
import logging
import os
import sys
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.keras_import import import_keras

BACKENDS = ("tensorflow", "jax")
JSON_HELP = "Print the results as JSON on standard output, and no progress."
MOVED_HELP = "Where the run's images are now, such as folder:PATH, if they were moved; they must be unchanged."


def load_keras() -> None:
    """Import Keras and find its devices, silencing what TensorFlow's native code prints meanwhile.

    From then on TensorFlow logs errors only: it would warn each time a few functions are recompiled, as happens
    often in a study's report.
    """
    check_backend()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import_keras()
        import keras

        keras.distribution.list_devices()
        keras.ops.zeros(1)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    gc.freeze()  # Else each collection, such as `clear_session`'s, walks all of TensorFlow: a second a time.


def check_backend() -> None:
    """Refuse a KERAS_BACKEND that cannot train here, with which Keras itself would end in a traceback.

    Raises:
        InputError: It is neither TensorFlow nor JAX.
    """
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend not in BACKENDS:
        raise InputError(
            f"KERAS_BACKEND={backend}", " or ".join(BACKENDS), "set KERAS_BACKEND=tensorflow, or none"
        )
    if importlib.util.find_spec(backend) is None:
        received = f"KERAS_BACKEND={backend}, of which there is no package"
        raise InputError(received, "a package that is installed", f"pip install {backend}")


def print_notes(data) -> None:
    """Print on standard error what was guessed about, converted in or left out of the images, a line each."""
    print_lines(data.notes)


def print_lines(notes) -> None:
    """Print notes on standard error, a line each."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def print_near_duplicates(data) -> None:
    """Warn on standard error if test or validation images are near-duplicates of training images."""
    from keras_ae.data import near_duplicates

    for split in ("test", "validation"):
        if data.sizes[split] and (found := near_duplicates(data, split)).is_notable:
            print(f"warning: {found.in_words()}", file=sys.stderr)


def print_json(value) -> None:
    """Print a value as JSON on standard output."""
    print(json.dumps(value, indent=2))


def print_metrics(metrics: dict[str, Any], as_json: bool) -> None:
    """Print measurements one a line, nested ones by their path."""
    if as_json:
        print_json(metrics)
        return
    for key, value in metrics.items():
        for name, number in value.items() if isinstance(value, dict) else [("", value)]:
            text = f"{number:.6g}" if isinstance(number, float) else number
            print(f"{' '.join([key, name]).strip():<28} {text}")

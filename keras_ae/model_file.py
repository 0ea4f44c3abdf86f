"""The only loader of `.keras` files, which may be damaged or not what their name says."""

import io
import os
import warnings
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np

from keras_ae._support.errors import InputError, absent
from keras_ae._support.schemes import check_local

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
LARGEST_CONFIG = 64 * 2**20  # bytes
# Keras stores without compression; zipping a file again can gain only a little.
LARGEST_EXPANSION, EXPANDED = 20, 64 * 2**20
EXPECTED = "a .keras file"


def load_model(path, *, compile: bool = True) -> keras.Model:
    """Loads a model saved with `model.save("….keras")`, without running code that the file may carry.

    Args:
        path: The file.
        compile: Whether to restore the optimizer and the loss, if the model was compiled.

    Raises:
        InputError: If there is no such file, it is damaged, or it is not a model that can be loaded safely; the
            cause is Keras's own error.

    Example:
        >>> from keras_ae.studies import pretrained_models
        >>> model = load_model(pretrained_models()["variational_digits"] / "model.keras")
        >>> model.image_shape
        (8, 8, 1)
    """
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"{path!r} as path", 'the path of a .keras file, such as "run/model.keras"')
    check_local(path)
    path = Path(path)
    _check_path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive)
            _check_weights(io.BytesIO(archive.read(WEIGHTS)))
        with warnings.catch_warnings():
            # Keras only warns of a part whose weights are missing, and leaves it at random values.
            warnings.filterwarnings("error", message="Skipping nested container")
            model = keras.saving.load_model(path, compile=compile, safe_mode=True)
    except Exception as error:  # Keras, h5py and zipfile raise nearly anything for a damaged file
        raise _refusal(path, error) from error
    if not isinstance(model, keras.Model):
        raise InputError(f"{path}, which holds a {type(model).__name__}", "a Keras model", "save a model")
    return model


def _check_path(path: Path) -> None:
    if path.is_dir():
        inside = ", ".join(str(file) for file in sorted(path.glob("*.keras"))) or "the .keras file of a run"
        action = f"give {inside}; detectors are for keras_ae.load_detector"
        raise InputError(f"{path}, a directory", EXPECTED, action)
    if not path.exists():
        action = "correct the path; models that come with the library are for keras_ae.load_pretrained"
        raise InputError(absent(path), EXPECTED, action)
    if path.suffix != ".keras" or not path.is_file() or not zipfile.is_zipfile(path):
        raise InputError(f"{path}, which is no .keras file or damaged", EXPECTED, "save the model again")


def _check_sizes(archive: zipfile.ZipFile) -> None:
    """Refuses archives that would fill the memory when unpacked, or that lack configuration or weights."""
    members = {member.filename: member for member in archive.infolist()}
    for name in (CONFIG, WEIGHTS):
        if name not in members:
            raise ValueError(f"it has no {name}")
    for name, member in members.items():
        most = max(EXPANDED, LARGEST_EXPANSION * member.compress_size)
        if member.file_size > (LARGEST_CONFIG if name.endswith(".json") else most):
            raise ValueError(f"its {name} would take {member.file_size / 2**20:,.0f} MiB")


def _check_weights(file: io.BytesIO) -> None:
    """Refuses arrays that are not numbers, not finite, not in the file itself, or larger than it."""
    size = file.getbuffer().nbytes
    with h5py.File(file) as weights:

        def check(name: str, entry) -> None:
            nonlocal size
            if isinstance(entry, h5py.Group):
                if not all(isinstance(entry.get(key, getlink=True), h5py.HardLink) for key in entry):
                    raise ValueError(f"its weights {name} are a link")
                return
            # Keras writes bfloat16 and float8 as raw bytes, with their type beside them.
            if entry.dtype.kind not in "biuf" and not (entry.dtype.kind == "V" and "dtype" in entry.attrs):
                raise ValueError(f"its weights {name} have the type {entry.dtype}")
            size -= entry.nbytes
            if entry.external or entry.is_virtual or size < 0:
                raise ValueError(f"its weights {name} are not in the file")
            if entry.dtype.kind == "f" and not np.isfinite(entry[()]).all():
                raise ValueError(f"its weights {name} are not finite")

        check("", weights)
        weights.visititems(check)


def _refusal(path: Path, error: Exception) -> InputError:
    """Puts any loading error in one line; Keras's messages take paragraphs."""
    text = " ".join(str(error).split()) or type(error).__name__
    if "safe_mode" in text or "unsafe" in text:
        reason = "it carries Python code, such as a Lambda layer"
        action = "if you trust it: keras.saving.load_model(path, safe_mode=False)"
    elif "Could not locate" in text:
        reason = text.partition(". ")[0]
        action = "import the package that defines it first"
    else:
        reason, action = text if len(text) <= 200 else f"{text[:199]}…", "save the model again"
    return InputError(f"{path} ({reason.rstrip('.')})", "a Keras model that can be loaded", action)

"""Writes traced functions as a SavedModel, and reports what cannot be converted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import keras

from keras_ae._support.errors import InputError
from keras_ae._support.written_files import MARK
from keras_ae.export.endpoints import Endpoint


@contextmanager
def conversion(what: str, name: str) -> Iterator[None]:
    """Turns a converter's errors, which are of many kinds, into an `InputError`.

    Args:
        what: Name of the endpoint or file.
        name: Name of the format.

    Example:
        >>> with conversion("score", "onnx"):
        ...     raise NotImplementedError("no such operation")
        Traceback (most recent call last):
        InputError: received the output 'score' to export as onnx (NotImplementedError: no such operation); ...
    """
    try:
        yield
    except (InputError, OSError, MemoryError):
        raise
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), "")[:200]
        received = f"the output {what!r} to export as {name} ({type(error).__name__}: {reason})"
        raise InputError(
            received, "operations that this format has", "take another score, layer or format"
        ) from error


def resave(loaded, changed: Mapping[str, Endpoint], path) -> None:
    """Writes a loaded SavedModel again, with some of its endpoints replaced by others that may call it.

    Args:
        loaded: The result of `load_saved_model`.
        changed: Endpoints by name.
        path: Directory to fill.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> endpoints = kae.export.autoencoder_endpoints(model)
        >>> _ = kae.export.write_saved_model(model, endpoints, "first")
        >>> loaded = kae.export.load_saved_model("first")
        >>> images = kae.export.Input("images", (None, 4, 4, 1))
        >>> norm = lambda x: {"codes": 2 * loaded.encode(x)["codes"]}
        >>> resave(loaded, {"encode": kae.export.Endpoint(norm, (images,))}, "second")
        >>> again, ones = kae.export.load_saved_model("second"), ops.ones((1, 4, 4, 1))
        >>> np.allclose(2 * loaded.encode(ones)["codes"], again.encode(ones)["codes"])
        True
    """
    import tensorflow as tf

    module = tf.Module()
    module.source = loaded  # its variables
    functions = {name: endpoint.concrete() for name, endpoint in changed.items()}
    signatures = {name: function for name, function in loaded.signatures.items() if name not in changed}
    for name in loaded.signatures:
        setattr(module, name, functions.get(name) or getattr(loaded, name))
    setattr(module, MARK, tf.function(lambda: tf.constant(1), input_signature=()))
    tf.saved_model.save(module, str(path), signatures | functions)


def archive(model: keras.Model, signatures: Mapping, path) -> None:
    """Writes traced functions (`Endpoint.concrete`) by name as a SavedModel that holds the model's weights.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> archive(model, {"encode": kae.export.autoencoder_endpoints(model)["encode"].concrete()}, "encoder")
        >>> list(kae.export.load_saved_model("encoder").signatures)
        ['encode']
    """
    import tensorflow as tf

    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    for name, function in signatures.items():
        setattr(module, name, function)
    setattr(module, MARK, tf.function(lambda: tf.constant(1), input_signature=()))
    # Not concrete functions: `save` would trace them again, and keep both graphs.
    tf.saved_model.save(module, str(path), dict(signatures))

"""A client for exported models behind TensorFlow Serving's REST interface; it needs NumPy alone."""

import contextlib
import http.client
import json
import urllib.error
import urllib.request
from math import inf
from numbers import Real
from urllib.parse import quote, urlsplit

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.export.names import BYTES


class ServingClient:
    """Calls the endpoints of one model on a server, in the columnar ("inputs") form.

    Args:
        url: Address of the server, such as "http://localhost:8501".
        model: Name of the model on the server.
        timeout: Seconds to wait for an answer.

    Raises:
        InputError: The address is not one of a server, the model has no name, or the timeout is not above 0.

    Example:
        >>> client = ServingClient("http://localhost:8501/", "screws")
        >>> client.address
        'http://localhost:8501/v1/models/screws:predict'
    """

    def __init__(self, url: str, model: str, timeout: float = 30.0):
        _check(url, model, timeout)
        self.address = f"{url.rstrip('/')}/v1/models/{quote(model)}:predict"
        self.timeout = timeout

    def call(self, endpoint: str, **inputs) -> dict[str, np.ndarray]:
        """Returns the outputs of an endpoint by name, as in call("predict_uint8", images=images).

        Raises:
            InputError: The inputs are no arrays of numbers, or the server cannot be reached, refuses them, or
                answers otherwise than TensorFlow Serving does.
        """
        values = {name: _numbers(name, value).tolist() for name, value in inputs.items()}
        body = json.dumps({"signature_name": endpoint, "inputs": values}).encode()
        request = urllib.request.Request(self.address, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise InputError(
                f"a refusal of {self.address}: {_reason(error)}", "inputs that the endpoint takes", "correct them"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise InputError(f"no answer of {self.address} ({reason})", "a server there", "start it") from None
        return self._outputs(content)

    def _outputs(self, content: bytes) -> dict[str, np.ndarray]:
        try:
            outputs = json.loads(content)["outputs"]
            if not isinstance(outputs, dict):  # The server leaves out the name of a single output.
                outputs = {"": outputs}
            return {name: np.asarray(value) for name, value in outputs.items()}
        except (ValueError, KeyError, TypeError):
            text = " ".join(content[:100].decode(errors="replace").split())
            raise self._unexpected(f"the answer {text!r}", "that of TensorFlow Serving") from None

    def _unexpected(self, received: str, expected: str) -> InputError:
        return InputError(f"{received} of {self.address}", expected, "check the address and the model")

    def predict(self, images, threshold: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Returns scores [n] and decisions [n] of images [n, h, w, c], uint8 or floats in [0, 1]."""
        own = {} if threshold is None else {"threshold": threshold}
        outputs = self.call(f"predict{_kind(images)}", images=images, **own)
        if not {"scores", "anomalies"} <= outputs.keys():
            raise self._unexpected(f"outputs {sorted(outputs)}", "scores and anomalies, as a detector gives them")
        return outputs["scores"], outputs["anomalies"]

    def score(self, images) -> np.ndarray:
        """Returns scores [n] of images [n, h, w, c], uint8 or floats in [0, 1]."""
        outputs = self.call(f"score{_kind(images)}", images=images)
        if len(outputs) != 1:
            raise self._unexpected(f"outputs {sorted(outputs)}", "scores alone, as a detector gives them")
        return next(iter(outputs.values()))


def _check(url: str, model: str, timeout: float) -> None:
    """Refuses what cannot be a server's address, a model's name, or a time to wait (`InputError`)."""
    if not _is_address(url):
        raise InputError(f"the address {url!r}", "that of a server, such as http://localhost:8501", "correct it")
    if not isinstance(model, str) or not model:
        raise InputError(f"the model {model!r}", "its name on the server", "give that name")
    if not (isinstance(timeout, Real) and 0 < timeout < inf):
        raise InputError(f"timeout={timeout!r}", "seconds, above 0", "correct timeout")


def _is_address(url) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (ValueError, AttributeError):  # a port that is no number, or anything but a text
        return False


def _numbers(name: str, value) -> np.ndarray:
    try:
        found = np.asarray(value)
    except ValueError:  # a list of arrays of different shapes
        found = np.array(None)
    if found.dtype.kind not in "buif" or not np.isfinite(found).all():
        received = f"{name} with infinities or NaN" if found.dtype.kind == "f" else f"{name} that are no numbers"
        raise InputError(received, "an array of finite numbers", f"correct {name}")
    return found


def _kind(images) -> str:
    return BYTES if _numbers("images", images).dtype == np.uint8 else ""


def _reason(error: urllib.error.HTTPError) -> str:
    text = error.read().decode(errors="replace")
    with contextlib.suppress(ValueError, KeyError, TypeError):
        text = json.loads(text)["error"]
    return " ".join(text.split())[:300] or str(error)

"""A client for exported models behind TensorFlow Serving's REST interface; it needs NumPy alone."""

import contextlib
import json
import urllib.error
import urllib.request
from urllib.parse import quote

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.export.names import BYTES


class ServingClient:
    """Calls the endpoints of one model on a server, in the columnar ("inputs") form.

    Args:
        url: Address of the server, such as "http://localhost:8501".
        model: Name of the model on the server.
        timeout: Seconds to wait for an answer.

    Example:
        >>> client = ServingClient("http://localhost:8501/", "screws")
        >>> client.address
        'http://localhost:8501/v1/models/screws:predict'
    """

    def __init__(self, url: str, model: str, timeout: float = 30.0):
        self.address = f"{url.rstrip('/')}/v1/models/{quote(model)}:predict"
        self.timeout = timeout

    def call(self, endpoint: str, **inputs) -> dict[str, np.ndarray]:
        """Returns the outputs of an endpoint by name, as in call("predict_uint8", images=images).

        Raises:
            InputError: The server cannot be reached, or refuses the inputs.
        """
        values = {name: np.asarray(value).tolist() for name, value in inputs.items()}
        body = json.dumps({"signature_name": endpoint, "inputs": values}).encode()
        request = urllib.request.Request(self.address, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                outputs = json.load(answer)["outputs"]
        except urllib.error.HTTPError as error:
            raise InputError(
                f"a refusal of {self.address}: {_reason(error)}", "inputs that the endpoint takes", "correct them"
            ) from None
        except OSError as error:
            raise InputError(f"no answer of {self.address} ({error})", "a server there", "start it") from None
        if not isinstance(outputs, dict):  # The server leaves out the name of a single output.
            outputs = {"": outputs}
        return {name: np.asarray(value) for name, value in outputs.items()}

    def predict(self, images, threshold: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Returns scores [n] and decisions [n] of images [n, h, w, c], uint8 or floats in [0, 1]."""
        own = {} if threshold is None else {"threshold": threshold}
        outputs = self.call(f"predict{_kind(images)}", images=images, **own)
        return outputs["scores"], outputs["anomalies"]

    def score(self, images) -> np.ndarray:
        """Returns scores [n] of images [n, h, w, c], uint8 or floats in [0, 1]."""
        return next(iter(self.call(f"score{_kind(images)}", images=images).values()))


def _kind(images) -> str:
    return BYTES if np.asarray(images).dtype == np.uint8 else ""


def _reason(error: urllib.error.HTTPError) -> str:
    text = error.read().decode(errors="replace")
    with contextlib.suppress(ValueError, KeyError, TypeError):
        text = json.loads(text)["error"]
    return " ".join(text.split())[:300] or str(error)

"""The client against a server that answers as TensorFlow Serving's REST interface does, with a real SavedModel."""

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.export import ServingClient

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def detector():
    keras.utils.set_random_seed(0)
    model = kae.architectures.fully_connected((4, 3, 1), (2,), hidden=(8,))
    images = np.random.default_rng(0).random((40, 4, 3, 1)).astype(np.float32)
    return kae.AnomalyDetector(model, "mse", false_positive_rate=0.2).fit(images)


@pytest.fixture(scope="module")
def client(detector, tmp_path_factory):
    import tensorflow as tf

    path = tmp_path_factory.mktemp("served") / "good"
    detector.export(path)
    loaded = tf.saved_model.load(str(path))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            status, answer = 200, {}
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                assert self.path == "/v1/models/good:predict"
                answer = _answer(tf, getattr(loaded, request["signature_name"]), request["inputs"])
            except Exception as error:
                status, answer = 400, {"error": str(error)}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield ServingClient(f"http://127.0.0.1:{server.server_port}/", "good")
    server.shutdown()


def _answer(tf, function, inputs):
    """Values typed by the signature; the name of an only output is left out."""
    types = {spec.name: spec.dtype for spec in function.input_signature}
    outputs = function(**{name: tf.constant(value, types[name]) for name, value in inputs.items()})
    outputs = {name: value.numpy().tolist() for name, value in outputs.items()}
    return {"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))}


@pytest.mark.thorough
def test_scores_and_decisions_are_the_detectors(client, detector):
    floats = np.random.default_rng(1).random((5, 4, 3, 1)).astype(np.float32)
    for images in (floats, np.uint8(floats * 255)):
        scores, anomalies = client.predict(images)
        np.testing.assert_allclose(scores, detector.anomaly_scores(images), rtol=1e-5)
        assert np.array_equal(anomalies, detector.predict(images) == -1)
        np.testing.assert_allclose(client.score(images), scores, rtol=1e-6)
    assert client.predict(floats, threshold=-1.0)[1].all()


def test_refusals_are_told(client):
    with pytest.raises(InputError, match="expected pixels in"):
        client.score(np.full((1, 4, 3, 1), 7.0))
    with pytest.raises(InputError, match="a server there"):
        ServingClient("http://127.0.0.1:9", "good", timeout=2).score(np.zeros((1, 4, 3, 1)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("localhost:8501", "good"), "the address 'localhost:8501'"),
        (("http://", "good"), "the address 'http://'"),
        (("http://localhost:port", "good"), "such as http://localhost:8501"),
        ((None, "good"), "the address None"),
        (("http://localhost:8501", ""), "the model ''"),
        (("http://localhost:8501", "good", -1), "timeout=-1"),
    ],
)
def test_what_is_no_server_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        ServingClient(*arguments)


@pytest.mark.parametrize("images", [[[1.0], [2.0, 3.0]], [["a"]], None, np.full((1, 4, 3, 1), np.nan)])
def test_what_is_no_array_of_numbers_is_refused_before_it_is_sent(images):
    with pytest.raises(InputError, match=r"images .*; expected an array of finite numbers"):
        ServingClient("http://127.0.0.1:9", "good").score(images)


@pytest.mark.parametrize(
    "answer", [b"<html>", b"", b"[]", b"{}", b'{"outputs": {}}', b'{"outputs": [[1], [1, 2]]}', b"\xff"]
)
def test_an_answer_of_another_kind_is_refused(monkeypatch, answer):
    client = ServingClient("http://127.0.0.1:9", "good")
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(answer))
    for call in (client.score, client.predict):
        with pytest.raises(InputError, match="check the address and the model"):
            call(np.zeros((1, 4, 3, 1)))

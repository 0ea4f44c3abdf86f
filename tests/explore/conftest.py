"""The explorer served to a browser, where there are both."""

import contextlib
import os
import shutil
import threading

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture(scope="module")
def bundled_exploration():
    """The bundled model, opened."""
    from keras_ae.explore import bundled_model, open_exploration

    return open_exploration(bundled_model(), progress=False)


@contextlib.contextmanager
def serving(explorations):
    """The address of the explorer, served from a thread."""
    from werkzeug.serving import make_server

    from keras_ae.explore.app import make_app

    server = make_server("127.0.0.1", 0, make_app(explorations).server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; the tests are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no package playwright: no browser tests")
    path = os.environ.get("KERAS_AE_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    with playwright.sync_playwright() as driver:
        try:
            found = driver.chromium.launch(executable_path=path, args=FLAGS)
        except playwright.Error:
            pytest.skip("no Chromium (apt-get install chromium, or playwright install chromium): no browser tests")
        yield found
        found.close()

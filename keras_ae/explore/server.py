"""Serves the explorer on this machine."""

import errno
import logging
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from functools import partial

from keras_ae._support.errors import InputError

HOST, PORT, TRIED = "127.0.0.1", 8050, 50


def free_socket(port: int | None = None) -> socket.socket:
    """Returns a listening socket on this port, or on the first free one from 8050 on.

    Raises:
        InputError: If the port is invalid or may not be opened, or none is free.
    """
    if port is not None and not 0 < port < 65536:
        raise InputError(f"port {port}", "1 to 65535", "correct --port")
    for tried in (port,) if port else range(PORT, PORT + TRIED):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, tried))
            listening.listen()
            return listening
        except OSError as error:
            listening.close()
            if port and error.errno != errno.EADDRINUSE:  # below 1024 without the right to, say
                received = f"port {port}, which may not be opened ({(error.strerror or str(error)).lower()})"
                raise InputError(
                    received, "a port that may be", "give one from 1024 on, or leave it out"
                ) from None
    taken = f"port {port}, which is taken" if port else f"ports {PORT} to {PORT + TRIED - 1}, which are all taken"
    raise InputError(taken, "a free port", "give another --port, or leave it out" if port else "give --port")


def serve(
    explorations: Sequence, port: int | None = None, browser: bool = True, say: Callable[[str], None] = print
) -> None:
    """Serves the explorer until Ctrl-C; only this machine can reach the page.

    Args:
        explorations: Explorations to serve, such as those from `open_explorations`.
        port: Port to listen on, 1 to 65535; by default the first free one from 8050 on.
        browser: Whether to open the page in a browser.
        say: Function called with the page's address once the page is up.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> serve([kae.explore.Exploration("tiny", model)], port=70000)
        Traceback (most recent call last):
        InputError: received port 70000; expected 1 to 65535; correct --port
    """
    from werkzeug.serving import make_server

    from keras_ae.explore.app import make_app

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line per request
    with free_socket(port) as listening:
        address = f"http://{HOST}:{listening.getsockname()[1]}"
        server = make_server(HOST, 0, make_app(explorations).server, threaded=True, fd=listening.fileno())
        say(address)
        ended = threading.Event()
        warming = _in_background(lambda: _warm_up(explorations, ended))
        if browser:
            _in_background(lambda: webbrowser.open(address))
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print(file=sys.stderr)
        finally:
            server.server_close()
            ended.set()
            warming.join()  # The interpreter aborts if it ends while TensorFlow compiles in a thread.


def _warm_up(explorations: Sequence, ended: threading.Event) -> None:
    """Does what is slow the first time while the user looks at the first page; stops once `ended` is set."""
    for explored in explorations:
        densities = getattr(explored, "densities", {})
        for step in (explored.warm_up, *(partial(explored.sample, name, 0) for name in densities)):
            if ended.is_set():
                return
            step()


def _in_background(function: Callable) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread

"""The process that runs cases: TensorFlow is imported once, and each case is a command in it.

It reads a line of JSON a case from standard input and answers with a line on the descriptor that it is given. What
the case writes goes to two files. It is the supervisor that ends it when a case takes too long or too much memory.
"""

import contextlib
import faulthandler
import gc
import http.client
import json
import os
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any

KEPT = 200_000  # characters of an output


def main() -> None:
    questions, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    log = os.fdopen(os.dup(2), "w")  # what the supervisor reads when it has ended the worker
    _warm_up()
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in questions:
        question = json.loads(line)
        faulthandler.dump_traceback_later(0.9 * question["seconds"], repeat=True, file=log)  # where it hangs
        answer = _answer(question)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(answer), file=answers, flush=True)


def _warm_up() -> None:
    from keras_ae.commands.console import load_keras

    load_keras()
    import keras_ae.detection
    import keras_ae.explore
    import keras_ae.report
    import keras_ae.studies

    gc.collect()
    gc.freeze()  # what is imported stays: it is not looked through after each case
    keras_ae.explore.serve = _serve_nothing  # a command that would serve for ever makes its pages, and ends


def _serve_nothing(explorations, *_, **__) -> None:
    from keras_ae.explore.app import make_app

    make_app(explorations)


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    os.chdir(question["directory"])
    _reset_peak()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        status = _captured(question, out, error)
        texts = [_text(file) for file in (out, error)]
    os.chdir("/")
    _forget()
    return {"status": status, "stdout": texts[0], "stderr": texts[1], "peak": _status("VmHWM")}


def _captured(question: dict[str, Any], out, error) -> int:
    kept = os.dup(1), os.dup(2)
    target = question.get("stdout")
    handle = os.open(target, os.O_WRONLY) if target else os.dup(out.fileno())
    os.dup2(handle, 1)
    os.close(handle)
    os.dup2(error.fileno(), 2)
    try:
        return ACTIONS[question["action"]](question["arguments"])
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except BaseException:  # whatever comes out of a command is what is looked for
        with contextlib.suppress(Exception):
            traceback.print_exc()
        return 70
    finally:
        for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
            os.dup2(kept[descriptor - 1], descriptor)
            os.close(kept[descriptor - 1])


def _command(arguments: list[str]) -> int:
    from keras_ae.cli import main

    return main(arguments)


def _load(keywords: dict[str, Any]) -> int:
    """Load images, run through them all, and print how many there were and between which values they lie."""
    import numpy as np

    import keras_ae as kae
    from keras_ae._support.errors import InputError, refusal_within

    try:
        data = kae.data.load(**keywords, progress=False)
        counts, values = {}, []
        for name in ("train", "validation", "test"):
            batches = [np.asarray(batch) for batch in getattr(data, name) or ()]
            counts[name] = sum(map(len, batches))
            values += [(batch.min(), batch.max(), np.isfinite(batch).all()) for batch in batches if batch.size]
    except Exception as error:
        refusal = str(error) if isinstance(error, InputError) else refusal_within(error)
        if refusal is None:
            raise
        print(f"keras-ae: {' '.join(refusal.split())}", file=sys.stderr)
        return 2
    low, high, finite = min(v[0] for v in values), max(v[1] for v in values), all(v[2] for v in values)
    report = {"counts": counts, "low": float(low), "high": float(high), "finite": bool(finite)}
    print(json.dumps(report | {"notes": list(data.notes)}))
    return 0


_ADDRESS: dict[str, str] = {}


def _request(arguments: dict[str, Any]) -> int:
    """Send bytes to the explorer of a run; its status is the answer's: 2 for one of 400 to 499."""
    run = arguments["run"]
    if run not in _ADDRESS:
        _ADDRESS[run] = _explorer(run)
    host, _, port = _ADDRESS[run].removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=25)
    try:
        headers = {name: value.encode("utf-8", "surrogateescape") for name, value in arguments["headers"].items()}
        body = arguments["body"].encode("utf-8", "surrogateescape")
        connection.request(arguments["method"], arguments["path"], body, headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    finally:
        connection.close()
    print(text)
    return 2 if 400 <= answer.status < 500 else 0 if answer.status < 400 else 1


def _explorer(run: str) -> str:
    from keras_ae.explore import open_explorations
    from keras_ae.explore.server import serve

    with contextlib.chdir(Path(run).parent):  # where its images are
        explorations = open_explorations([Path(run)], progress=False)
    ready, address = threading.Event(), []

    def say(text: str) -> None:
        address.append(text)
        ready.set()

    how = {"port": None, "browser": False, "say": say}
    threading.Thread(target=serve, args=(explorations,), kwargs=how, daemon=True).start()
    ready.wait(25)
    return address[0]


ACTIONS = {"command": _command, "load": _load, "request": _request}


def _text(file) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - KEPT))
    return file.read().decode("utf-8", "backslashreplace")


def _forget() -> None:
    import keras

    if not _ADDRESS:  # the explorer's models are still needed
        keras.backend.clear_session()
    gc.collect()


def _reset_peak() -> None:
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def _status(name: str) -> int:
    with contextlib.suppress(OSError), open("/proc/self/status") as file:
        for line in file:
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()

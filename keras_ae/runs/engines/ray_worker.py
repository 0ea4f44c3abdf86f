"""What the processes of a Ray cluster do: jobs as the worker processes of one machine do them."""

import json
import os
import time
from dataclasses import asdict
from functools import cache
from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae._support.leases import LEASE, Holder, take
from keras_ae.runs.worker import REFUSED, Images, Job, Outcome, answer, prepare, read

IMAGES = Images()  # of the job before, for the next one of this process
HERE, ELSEWHERE = 15.0, 1.5 * LEASE  # seconds for an earlier attempt to end, of this machine or of another one


def do(line: str, directory: str) -> str:
    """Do a job.

    Args:
        line: The job, as `Job.line` and `Call.line` give it.
        directory: The working directory, to which its paths are relative.

    Returns:
        The outcome, as JSON.
    """
    try:
        _change(directory)
        job = read(line)
        if isinstance(job, Job):
            _wait_for(Path(job.out))
            _prepared()
    except InputError as error:
        reason = " ".join(str(error).split())
        return json.dumps(asdict(Outcome(REFUSED, reason, (error.received, error.expected, error.action))))
    return json.dumps(asdict(answer(job, IMAGES)))


def sees(paths: list[str], directory: str) -> list[str]:
    """Those of some absolute paths, and of the working directory, that are not here."""
    return [path for path in (*paths, directory) if not os.path.exists(path)]


@cache
def _prepared() -> None:
    prepare()


def _change(directory: str) -> None:
    try:
        os.chdir(directory)
    except OSError:
        action = "put it on a file system that all machines share"
        raise InputError(f"{directory}, which a machine does not see", "the working directory", action) from None


def _wait_for(out: Path) -> None:
    """Wait until an earlier attempt, which may have been killed a moment ago, no longer holds the run."""
    begun = time.monotonic()
    while out.is_dir():
        held = take(out)
        if not isinstance(held, Holder):
            held.give_back()
            return
        if time.monotonic() - begun > (HERE if held.is_here else ELSEWHERE):
            return  # training says who holds it
        time.sleep(1.0)

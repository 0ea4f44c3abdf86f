"""One run of a study in a process of its own: `python -m keras_ae.studies.worker`, the job on standard input."""

import json
import os
import sys
import threading

from keras_ae.errors import InputError, TrainingDivergedError, explain_os_error

REFUSED, DIVERGED = 2, 3


def main() -> int:
    """Train what the first line of standard input says: {"config", "out", "allow_inexact"}.

    The process ends when standard input does: whoever started it is gone, and may be started again.

    Returns:
        0, or REFUSED or DIVERGED with the reason as the last line on standard error.
    """
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from keras_ae.studies.config import run_config_from_json
    from keras_ae.studies.training import train

    config, inexact = run_config_from_json(job["config"]), job["allow_inexact"]
    try:
        train(config, job["out"], resume=True, allow_inexact=inexact, progress=False)
    except TrainingDivergedError as error:
        return _told(error, DIVERGED)
    except InputError as error:
        return _told(error, REFUSED)
    except OSError as error:
        reason = explain_os_error(error)
        if reason is None:
            raise
        return _told(reason, REFUSED)
    return 0


def _told(reason, status: int) -> int:
    print(" ".join(str(reason).split()), file=sys.stderr)
    return status


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())

"""One run of a study in a process of its own: `python -m keras_ae.studies.worker < job.json`."""

import json
import sys

from keras_ae.errors import InputError

REFUSED, DIVERGED = 2, 3


def main() -> int:
    """Read {"config", "out", "allow_inexact"} from standard input and train.

    Returns:
        0, or REFUSED or DIVERGED with the reason as the last line on standard error.
    """
    job = json.load(sys.stdin)
    from keras_ae.studies.config import run_config_from_json
    from keras_ae.studies.training import TrainingDivergedError, train

    try:
        train(run_config_from_json(job["config"]), job["out"], resume=True, progress=False)
    except InputError as error:
        print(error, file=sys.stderr)
        return REFUSED
    except TrainingDivergedError as error:
        print(error, file=sys.stderr)
        return DIVERGED
    return 0


if __name__ == "__main__":
    sys.exit(main())

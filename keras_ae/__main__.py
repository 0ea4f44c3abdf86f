"""`python -m keras_ae`: the command line."""

import signal
import sys


def main() -> int:
    """Runs the command line; Ctrl-C ends it in one line, from the first of its imports on.

    Returns:
        The exit status; see `keras_ae.cli.main`.
    """
    interrupted = False

    def note(number, frame):
        nonlocal interrupted
        interrupted = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second one ends it at once
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it was started to ignore it
        signal.signal(signal.SIGINT, note)
    try:
        from keras_ae.cli import main as run

        return run()
    except BaseException:  # native modules that are being imported turn the interruption into other errors
        if not interrupted:
            raise
    from keras_ae._support.errors import INTERRUPTED

    print(INTERRUPTED, file=sys.stderr)
    return 130


if __name__ == "__main__":
    sys.exit(main())

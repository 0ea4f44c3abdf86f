"""The command line. It parses and refuses before it imports Keras, which takes seconds."""

import contextlib
import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import tyro

from keras_ae.commands import COMMANDS
from keras_ae.errors import InputError, unknown_name
from keras_ae.files import DISK_ERRORS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0; 1 when a run of a study failed; 2 for a mistake in the input or a disk that cannot be
        written; 3 when anomalies were found and that was asked; 130 when interrupted; 141 when whoever read the
        output has closed it.
    """
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except InputError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        print("keras-ae: interrupted; the same command (train: with --resume) goes on from there", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has enough. What is left of it goes nowhere when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        place = error.filename or "the output directory"
        return _refuse(
            f"cannot write {place}: {error.strerror}; make room or give another --out; "
            "what was finished is kept, and the same command (train: with --resume) goes on from there"
        )


def _run(arguments: list[str]) -> int:
    try:
        command = _parse(arguments)
        return 0 if command is None else command.run() or 0
    finally:
        sys.stdout.flush()  # That nobody reads it shows here, and not when Python ends.


def _parse(arguments: list[str]):
    """The command with its values; None when help was asked for and printed."""
    name, rest = _command_name(arguments)
    if name is None:
        print(_usage())
        return None
    if {"-h", "--help"} & set(rest):
        tyro.cli(COMMANDS[name], prog=f"keras-ae {name}", args=["--help"])
    return _one_line_errors(name, lambda: tyro.cli(COMMANDS[name], prog=f"keras-ae {name}", args=rest))


def _command_name(arguments: list[str]) -> tuple[str | None, list[str]]:
    if not arguments or arguments[0] in ("-h", "--help"):
        return None, []
    for words in (2, 1):
        name = " ".join(arguments[:words])
        if name in COMMANDS:
            return name, arguments[words:]
    groups = {name.partition(" ")[0] for name in COMMANDS if " " in name}
    raise unknown_name("command", " ".join(arguments[: 2 if arguments[0] in groups else 1]), COMMANDS)


def _one_line_errors(name: str, parse: Callable[[], Any]):
    """What `parse` returns; tyro's box of several lines becomes an InputError of one."""
    box = io.StringIO()
    try:
        with contextlib.redirect_stderr(box):
            return parse()
    except SystemExit as stop:
        if not stop.code:
            raise
        raise _refusal(box.getvalue(), name) from None


def _refusal(box: str, name: str) -> InputError:
    """What the box that tyro draws around a parse error says, in one line."""
    lines = [re.sub(r"\x1b\[[0-9;]*m|[─━│╭╮╰╯┃]", "", line).strip() for line in box.splitlines()]
    text = " ".join(line for line in lines[1:] if line)  # the first line is the box's title
    text = re.sub(r" *(Argument helptext:|For full helptext).*", "", text)
    ours = re.search(r"received (.*?); expected (.*?)(?:; (.*))?$", text)
    if ours:
        return InputError(*(part or "" for part in ours.groups()))
    hint = re.search(r" *Perhaps you meant: (--\S+).*", text)
    action = f"did you mean {hint[1]}?" if hint else ""
    text = text.replace(hint[0], "") if hint else text
    return InputError(text, f"options as 'keras-ae {name} --help' lists them", action)


def _usage() -> str:
    lines = ["usage: keras-ae COMMAND [options]", ""]
    width = max(map(len, COMMANDS))
    lines += [f"  {name:<{width}}  {command.__doc__.splitlines()[0]}" for name, command in COMMANDS.items()]
    return "\n".join([*lines, "", "keras-ae COMMAND --help tells a command's options."])


def _refuse(message: str) -> int:
    print(f"keras-ae: {' '.join(message.split())}", file=sys.stderr)
    return 2

"""The command line. It parses and refuses before it imports Keras, which takes seconds."""

import contextlib
import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import tyro

import keras_ae
from keras_ae._support.errors import (
    INTERRUPTED,
    InputError,
    TrainingDivergedError,
    explain_os_error,
    lacks_memory,
    memory_refusal,
    refusal_within,
    unknown_name,
)
from keras_ae._support.progress import progress_lines
from keras_ae._support.streams import STANDARD_OUTPUT, drop_output, settle_streams
from keras_ae.commands import COMMANDS, on_local_paths

HELP = {"-h", "--help"}
FAILED, REFUSED = 1, 2
LONGEST = 1600  # characters of a refusal


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        The exit status: 0; 1 when training diverged or a run of a study failed; 2 for a mistake in the input, a
        path that cannot be used or a disk that cannot be written; 3 when anomalies were found and that was asked;
        130 when interrupted; 141 when whoever read the output has closed it.
    """
    settle_streams()
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except InputError as error:
        return _refuse(str(error))
    except TrainingDivergedError as error:
        return _refuse(str(error), FAILED)
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        return 130
    except BrokenPipeError:
        drop_output()  # whoever read it, such as `head`, has enough
        return 141
    except OSError as error:
        if error.filename == STANDARD_OUTPUT:
            drop_output()
            return _refuse("cannot write standard output: no space left; make room or write elsewhere")
        message = explain_os_error(error)
        if message is None:
            raise
        return _refuse(message)
    except Exception as error:
        message = memory_refusal(error) if lacks_memory(error) else refusal_within(error)
        if message is None:
            raise
        return _refuse(message)


def _run(arguments: list[str]) -> int:
    try:
        command = _parse(arguments)
        if command is None:
            return 0
        serves = getattr(command, "serves", False)
        lines = progress_lines(_command_name(arguments)[0], enabled=not (command.json or serves))
        with lines, on_local_paths(command) as local:
            return local.run() or 0
    finally:
        sys.stdout.flush()  # That nobody reads it shows here, and not when Python ends.


def _parse(arguments: list[str]):
    """Returns the command with its values; None once the version or a list of commands has been printed.

    The help of a single command exits instead (`SystemExit` with status 0).
    """
    if arguments[:1] in (["--version"], ["-V"]):
        print(f"keras-ae {keras_ae.__version__}")
        return None
    for word in arguments:
        if not _is_passable(word):
            raise InputError(f"{word!a}, which no system passes on", "text without NUL", "correct it")
    name, rest = _command_name(arguments)
    if name not in COMMANDS:
        print(_usage(name))
        return None
    if HELP & set(rest):
        tyro.cli(COMMANDS[name], prog=f"keras-ae {name}", args=["--help"])
    return _one_line_errors(name, lambda: tyro.cli(COMMANDS[name], prog=f"keras-ae {name}", args=rest))


def _command_name(arguments: list[str]) -> tuple[str, list[str]]:
    """Returns a command's name and options; for help, "" (all commands) or the first word of a group."""
    if not arguments or arguments[0] in HELP:
        return "", []
    for words in (2, 1):
        name = " ".join(arguments[:words])
        if name in COMMANDS:
            return name, arguments[words:]
    groups = {name.partition(" ")[0] for name in COMMANDS if " " in name}
    if arguments[0] in groups and (len(arguments) == 1 or arguments[1] in HELP):
        return arguments[0], []
    raise unknown_name("command", " ".join(arguments[: 2 if arguments[0] in groups else 1]), COMMANDS)


def _one_line_errors(name: str, parse: Callable[[], Any]):
    """Returns what `parse` returns; tyro's box of several lines becomes an InputError of one line."""
    box = io.StringIO()
    try:
        with contextlib.redirect_stderr(box):
            return parse()
    except SystemExit as stop:
        if not stop.code:
            raise
        raise _refusal(box.getvalue(), name) from None


def _refusal(box: str, name: str) -> InputError:
    """Returns, in one line, what the box that tyro draws around a parse error says."""
    lines = [re.sub(r"\x1b\[[0-9;]*m|[─━│╭╮╰╯┃]", "", line).strip() for line in box.splitlines()]
    text = " ".join(line for line in lines[1:] if line)  # the first line is the box's title
    text = re.sub(r" *(Argument helptext:|For full helptext).*", "", text)
    ours = re.search(r"received (.*?); expected (.*?)(?:; (.*))?$", text)
    if ours:
        return InputError(*(part or "" for part in ours.groups()))
    wrong = re.search(
        r"Error parsing (--\S+): no type matching (\S.*?) could be instantiated from (\[.*?\])", text
    )
    if wrong:  # of an option with several forms, None among them if it may be left out
        option, forms, values = wrong.groups()
        expected = " or ".join(form for form in re.split(r"[{}|]+", forms) if form not in ("", "None"))
        given = " ".join(re.findall(r"'(.*?)'", values))
        return InputError(f"{option} {given}", f"{option} {expected}")
    hint = re.search(r" *Perhaps you meant: (--\S+).*", text)
    action = f"did you mean {hint[1]}?" if hint else ""
    text = text.replace(hint[0], "") if hint else text
    return InputError(text, f"options as 'keras-ae {name} --help' lists them", action)


def _usage(group: str) -> str:
    """Returns the list of all commands, or of those of one group, as text."""
    shown = {name: command for name, command in COMMANDS.items() if name.startswith(group)}
    lines = [f"usage: keras-ae {'COMMAND' if not group else f'{group} …'} [options]", ""]
    width = max(map(len, shown))
    lines += [f"  {name:<{width}}  {(command.__doc__ or name).splitlines()[0]}" for name, command in shown.items()]
    return "\n".join([*lines, "", "keras-ae COMMAND --help tells a command's options; --version the version."])


def _is_passable(word: str) -> bool:
    """Whether a system could have passed on the word; notebooks may give others."""
    try:
        return b"\x00" not in os.fsencode(word)
    except UnicodeEncodeError:
        return False


def _refuse(message: str, status: int = REFUSED) -> int:
    line = " ".join(message.split())
    if len(line) > LONGEST:  # an option or a name can have any length; what is expected stands at the end
        line = f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"
    with contextlib.suppress(OSError):  # standard error, too, may be full
        print(f"keras-ae: {line}", file=sys.stderr)
    return status

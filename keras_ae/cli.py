"""The command line. It parses and refuses before it imports Keras, which takes seconds."""

import contextlib
import dataclasses
import errno
import io
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from keras_ae import data as image_data
from keras_ae.errors import InputError, unknown_name
from keras_ae.studies.candidates import candidates
from keras_ae.studies.config import CompareConfig, RunConfig
from keras_ae.studies.run_directory import RunDirectory

DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
JSON_HELP = "Print the results as JSON on standard output, and no progress."


@dataclass(frozen=True)
class Compare:
    """Train several bottlenecks on the same images with the same budget; a report recommends one."""

    config: Annotated[CompareConfig, tyro.conf.OmitArgPrefixes]
    out: Path
    """Directory for the models, the results and report.html. Give it again to go on after an interruption."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        data = self.config.load_data(progress=not self.json)
        candidates(data.image_shape, self.config.purpose, self.config.codes)  # refuses what cannot be made
        _load_keras()
        from keras_ae.report import write_comparison
        from keras_ae.studies import compare

        results = compare(self.config, self.out, data=data, progress=not self.json)
        page = write_comparison(self.out)
        if self.json:
            _print_json(results | {"report": str(page)})
        else:
            _print_comparison(results, page)


@dataclass(frozen=True)
class Train:
    """Train one autoencoder and keep it, with its history and its measurements, in a run directory."""

    config: Annotated[RunConfig, tyro.conf.OmitArgPrefixes]
    out: Path
    """The run directory."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        data = self.config.load_data(progress=not self.json)
        _load_keras()
        from keras_ae.studies import train

        run = train(self.config, self.out, data=data, progress=not self.json)
        _print_metrics(run.metrics | {"run": str(self.out)}, self.json)


@dataclass(frozen=True)
class Evaluate:
    """Measure a run's model again on the test images of its configuration."""

    run_directory: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Directory that `keras-ae train` made."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        RunDirectory(self.run_directory).read("run")  # refuses what is no run
        _load_keras()
        from keras_ae.studies import evaluate_run

        _print_metrics(evaluate_run(self.run_directory, progress=not self.json), self.json)


@dataclass(frozen=True)
class DataList:
    """List the sources of images that --data takes."""

    data_dir: Path | None = None
    """Where named data sets are looked for first; KERAS_AE_DATA by default."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        sources = image_data.sources(self.data_dir)
        if self.json:
            _print_json([dataclasses.asdict(source) for source in sources])
            return
        width = max(len(source.name) for source in sources)
        for source in sources:
            print(f"{source.name:<{width}}  {source.description} ({source.origin})")


COMMANDS: dict[str, type] = {"compare": Compare, "train": Train, "evaluate": Evaluate, "data list": DataList}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0, 2 for a mistake in the input or a disk that cannot be written, 130 when interrupted.
    """
    try:
        command = _parse(list(sys.argv[1:] if arguments is None else arguments))
        if command is not None:
            command.run()
    except InputError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        print("keras-ae: interrupted; the same command goes on from what is finished", file=sys.stderr)
        return 130
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        place = error.filename or "the output directory"
        return _refuse(
            f"cannot write {place}: {error.strerror}; make room or give another --out; "
            "what was finished is kept, and the same command goes on from there"
        )
    return 0


def _load_keras() -> None:
    """Import Keras and find its devices, without the remarks that TensorFlow's native code makes meanwhile."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import keras

        keras.distribution.list_devices()
        keras.ops.zeros(1)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


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
    raise unknown_name("command", " ".join(arguments[:2] if arguments[0] == "data" else arguments[:1]), COMMANDS)


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


def _print_json(value) -> None:
    print(json.dumps(value, indent=2))


def _print_metrics(metrics: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(metrics)
        return
    for key, value in metrics.items():
        for name, number in value.items() if isinstance(value, dict) else [("", value)]:
            text = f"{number:.6g}" if isinstance(number, float) else number
            print(f"{' '.join([key, name]).strip():<28} {text}")


def _print_comparison(results: dict[str, Any], page: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{results['steps']} steps each; lowest validation error first")
    table.add_column("candidate", no_wrap=True)
    for heading in ("values", "val. MSE", "test MSE", "SSIM", "train, s"):
        table.add_column(heading, justify="right", no_wrap=True)
    finished = [row for row in results["candidates"] if "failed" not in row]
    for row in sorted(finished, key=lambda row: row["validation"]["mse"]):
        table.add_row(
            row["name"],
            f"{row['code_values']:,}",
            f"{row['validation']['mse']:.5f}",
            f"{row['test']['mse']:.5f}",
            f"{row['test']['ssim']:.3f}",
            f"{row['training_seconds']:.0f}",
            style="bold" if row["name"] == results["recommended"] else None,
        )
    console = Console()
    console.print(table)
    for note in results["data"]["notes"]:
        console.print(f"note: {note}", markup=False)
    console.print(f"recommended: [bold]{results['recommended']}[/bold], {results['rule']}")
    console.print(f"report: {page}", markup=False, soft_wrap=True)

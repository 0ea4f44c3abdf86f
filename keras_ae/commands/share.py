"""`keras-ae share`: a finished run as a folder to share."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import tyro

from keras_ae._support.directories import check_replaceable
from keras_ae._support.output_paths import check_output_directory
from keras_ae._support.written_files import shared_run_files
from keras_ae.commands.console import JSON_HELP, load_keras, print_json
from keras_ae.runs import Run


@dataclass(frozen=True)
class Share:
    """Write a finished run to share: its model without the optimizer, its record and measurements, and a card."""

    run_directory: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Directory of a finished run."""
    out: Path
    """Directory to write to, such as saved_models/NAME."""
    title: str = ""
    """Title of the card; the name of --out by default."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        Run.open(self.run_directory)  # refuses anything but a finished run
        check_output_directory(self.out)
        check_replaceable(self.out, shared_run_files)
        load_keras()
        from keras_ae.runs import read_check, share_run

        out = share_run(self.run_directory, self.out, self.title)
        if self.json:
            print_json({"out": str(out), **asdict(read_check(out))})
        else:
            print(out / "README.md")

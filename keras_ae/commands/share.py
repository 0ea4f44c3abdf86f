"""`keras-ae share`: a finished run as a folder to share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from keras_ae.commands.console import JSON_HELP, load_keras, print_json
from keras_ae.studies.run_directory import RunDirectory


@dataclass(frozen=True)
class Share:
    """Keep a finished run to share: its model without optimizer, its record and measurements, and a card."""

    run_directory: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Directory of a finished run."""
    out: Path
    """Directory to write to, such as saved_models/NAME."""
    title: str = ""
    """Of the card; the name of --out by default."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        RunDirectory(self.run_directory).read("run")  # refuses what is no run
        load_keras()
        from keras_ae.studies import share_run

        out = share_run(self.run_directory, self.out, self.title)
        if self.json:
            print_json({"out": str(out), **RunDirectory(out).read("check")})
        else:
            print(out / "README.md")

"""`keras-ae data list`."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from keras_ae import data as image_data
from keras_ae.commands.console import JSON_HELP, print_json


@dataclass(frozen=True)
class DataList:
    """List the sources of images that --data takes."""

    data_dir: Path | None = None
    """Where named data sets are looked for first; KERAS_AE_DATA by default."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        sources = image_data.sources(self.data_dir)
        if self.json:
            print_json([dataclasses.asdict(source) for source in sources])
            return
        width = max(len(source.name) for source in sources)
        for source in sources:
            print(f"{source.name:<{width}}  {source.description} ({source.origin})")

"""`keras-ae data list` and `data shard`."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from keras_ae import data as image_data
from keras_ae._support.directories import check_replaceable
from keras_ae._support.output_paths import check_output_directory
from keras_ae.commands.console import JSON_HELP, print_json, print_lines
from keras_ae.data import SHARD_SIZE


@dataclass(frozen=True)
class DataList:
    """List the image sources that --data accepts."""

    data_dir: Path | None = None
    """Directory to search first for named data sets; KERAS_AE_DATA by default."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        sources = image_data.sources(self.data_dir)
        if self.json:
            print_json([dataclasses.asdict(source) for source in sources])
            return
        width = max(len(source.name) for source in sources)
        for source in sources:
            print(f"{source.name:<{width}}  {source.description} ({source.origin})")


@dataclass(frozen=True)
class DataShard:
    """Write the images of a source as a few tar files, which --data shards:DIR reads, in any order."""

    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")]
    """Source of images, in the form that --data accepts, such as folder:PATH."""
    out: Path
    """Directory to write: a new one, or one that this command wrote."""
    shard_size: int = SHARD_SIZE
    """Images per tar file."""
    skip_bad: bool = False
    """Leave out files that cannot be decoded, instead of refusing them."""
    data_dir: Path | None = None
    """Directory to search first for named data sets; KERAS_AE_DATA by default."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        check_output_directory(self.out)
        check_replaceable(self.out)
        written = image_data.write_shards(
            self.source, self.out, data_dir=self.data_dir, shard_size=self.shard_size, skip_bad=self.skip_bad
        )
        print_lines(written.notes)
        if self.json:
            print_json(dataclasses.asdict(written))
        else:
            print(f"{written.images:,} images in {written.shards:,} tar files: --data shards:{self.out}")

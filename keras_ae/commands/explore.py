"""`keras-ae explore`: the latent explorer."""

import importlib.util
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import tyro

from keras_ae._support.errors import InputError
from keras_ae.commands.console import load_keras


@dataclass(frozen=True)
class Explore:
    """Explore trained autoencoders on a web page: decode, map, reconstruct, interpolate, compare."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[RUN ...]")] = ()
    """Runs, comparisons, .keras files or SavedModels; a small bundled model if none is given."""
    data: str | None = None
    """Images to show instead of the runs' own: a data set's name, folder:PATH or npz:PATH."""
    data_dir: Path | None = None
    """Directory to search first for named data sets; KERAS_AE_DATA by default."""
    max_pixels: int | None = None
    """Largest image to decode, in pixels; the runs' own limit by default."""
    port: int | None = None
    """Port of the page, reachable from this machine only; by default the first free port from 8050 on."""
    browser: bool = True
    """Whether to open the page in a browser."""
    json: Annotated[bool, tyro.conf.arg(help="Print the page's address as JSON, and no progress.")] = False
    serves: ClassVar[bool] = True  # until it is ended: there is no progress to report

    def run(self) -> None:
        from keras_ae.explore import bundled_model, find_sources

        if importlib.util.find_spec("dash") is None:
            action = 'install it: pip install "dash>=4.4,<5", or of a clone pip install --editable ".[explorer]"'
            raise InputError("no package dash", "dash, of which the explorer is made", action)
        if self.max_pixels is not None and self.max_pixels < 1:
            raise InputError(f"max_pixels={self.max_pixels}", "at least 1", "correct --max-pixels")
        paths = self.runs or (bundled_model(),)
        for path in paths:
            find_sources(path)  # refuses a path without a model, before anything heavy is loaded
        from keras_ae.explore import free_socket

        free_socket(self.port).close()
        if not self.json:
            print("loading …", file=sys.stderr)
        load_keras()
        logging.getLogger("tensorflow").setLevel(logging.ERROR)  # no warnings because of several models
        from keras_ae.explore import open_explorations, serve

        options = {"data_dir": self.data_dir, "progress": not self.json, "max_pixels": self.max_pixels}
        explorations = open_explorations(paths, self.data, **options)
        serve(explorations, self.port, self.browser, self._say)

    def _say(self, address: str) -> None:
        text = json.dumps({"url": address}) if self.json else f"{address} (Ctrl-C ends it)"
        print(text, flush=True)

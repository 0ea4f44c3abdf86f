"""`keras-ae train` and `keras-ae evaluate`: one run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from keras_ae.commands.console import JSON_HELP, load_keras, print_metrics
from keras_ae.errors import InputError
from keras_ae.studies.config import RunConfig
from keras_ae.studies.run_directory import RunDirectory


@dataclass(frozen=True)
class Train:
    """Train one model and keep it, with its history and its measurements, in a run directory."""

    config: Annotated[RunConfig, tyro.conf.OmitArgPrefixes]
    out: Path
    """The run directory."""
    resume: bool = False
    """Go on with the unfinished run in this directory, to the same bits as if it had not been interrupted."""
    allow_inexact: bool = False
    """Go on also where versions, threads, device, precision or compilation have changed, to other bits."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        if (self.resume or self.allow_inexact) and not (self.out / "run.json").exists():
            raise InputError(
                f"{self.out}, without a run", "the directory of an unfinished run", "leave out --resume"
            )
        data = self.config.load_data(progress=not self.json)
        self.config.model.check(data.image_shape)
        load_keras()
        from keras_ae.studies import train

        how = {"resume": self.resume or self.allow_inexact, "allow_inexact": self.allow_inexact}
        run = train(self.config, self.out, **how, data=data, progress=not self.json)
        print_metrics(run.metrics | {"run": str(self.out)}, self.json)


@dataclass(frozen=True)
class Evaluate:
    """Measure a run's model again on the test images of its configuration."""

    run_directory: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Directory that `keras-ae train` made."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        RunDirectory(self.run_directory).read("run")  # refuses what is no run
        load_keras()
        from keras_ae.studies import evaluate_run

        print_metrics(evaluate_run(self.run_directory, progress=not self.json), self.json)

"""`keras-ae train` and `keras-ae evaluate`: one run."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import tyro

from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.output_paths import check_output_directory
from keras_ae.catalogue import ATTACKS
from keras_ae.commands.console import (
    JSON_HELP,
    MOVED_HELP,
    check_backend,
    load_keras,
    print_json,
    print_metrics,
    print_notes,
)
from keras_ae.commands.engine_options import EngineOptions
from keras_ae.runs import Run, RunConfig, RunDirectory, check_replicas, check_run_directory, train_on

ATTACKING, IMAGES = ("attacks", "images", "seed"), 400  # options of attacks, and how many images by default


@dataclass(frozen=True)
class Train:
    """Train one model and keep it, with its history and its measurements, in a run directory."""

    config: Annotated[RunConfig, tyro.conf.OmitArgPrefixes]
    out: Path
    """The run directory."""
    resume: bool = False
    """Resume the unfinished run in this directory, bit for bit as if it had not been interrupted."""
    allow_inexact: bool = False
    """Resume even if versions, threads, device, precision or compilation changed; not bit-identical then."""
    engine: Annotated[EngineOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=EngineOptions)
    replicas: int = 1
    """With --engine ray: number of machines that train the run together, each on its share of every batch."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def __post_init__(self):
        if self.engine.chosen(self.replicas) and self.replicas > 1:
            check_replicas(self.config, self.replicas)

    def run(self) -> None:
        if (self.resume or self.allow_inexact) and not (self.out / "run.json").exists():
            raise InputError(
                f"{self.out}, without a run", "the directory of an unfinished run", "leave out --resume"
            )
        check_output_directory(self.out)
        if os.path.lexists(self.out / "run.json"):
            RunDirectory(self.out).record()  # refuses a damaged one
        check_run_directory(self.config, self.out, self.resume or self.allow_inexact)
        data = self.config.load_data(progress=not self.json)
        self.config.model.check(data.image_shape)
        options = {"resume": self.resume or self.allow_inexact, "allow_inexact": self.allow_inexact}
        options |= {"data": data, "progress": not self.json}
        print_notes(data)
        check_backend()
        engine = self.engine.chosen(self.replicas)
        if engine is not None:
            run = train_on(engine, self.config, self.out, **options)
        else:
            load_keras()
            from keras_ae.runs import train

            run = train(self.config, self.out, **options)
        print_metrics(run.metrics | {"run": str(self.out)}, self.json)


@dataclass(frozen=True)
class Evaluate:
    """Measure a run's model again on its configuration's test images, or attack its classifier."""

    written: ClassVar[tuple[str, ...]] = ("run_directory",)

    run_directory: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Directory that `keras-ae train` made."""
    robustness: bool = False
    """Attack the classifier instead, and write robustness.csv (a row per image and attack) and .json to RUN."""
    attacks: tuple[str, ...] = ()
    """With --robustness: attacks by name, such as deep_fool; all thirteen by default."""
    images: int | None = None
    """With --robustness: number of test images to attack, the first 20 of each batch; 400 by default."""
    seed: int | None = None
    """With --robustness: random seed of the attacks; 0 by default."""
    data: Annotated[str | None, tyro.conf.arg(metavar="SOURCE", help=MOVED_HELP)] = None
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        run = Run.open(self.run_directory, self.data)  # refuses anything but a finished run
        given = {name: value for name in ATTACKING if (value := getattr(self, name)) not in (None, ())}
        if given and not self.robustness:
            option = f"--{next(iter(given))}"
            raise InputError(option, "--robustness with it", f"add --robustness, or leave out {option}")
        for name in self.attacks:
            if name not in tuple(ATTACKS):  # looking it up in the mapping itself would import the attack
                raise unknown_name(ATTACKS.kind, name, ATTACKS)
        images, seed = given.get("images", IMAGES), given.get("seed", 0)
        if images < 1 or seed < 0:
            raise InputError(f"{images} images and seed {seed}", "at least 1 image and a seed from 0 on")
        load_keras()
        from keras_ae.runs import TOTALS, attack_run, evaluate_run

        if not self.robustness:
            print_metrics(evaluate_run(run, progress=not self.json), self.json)
            return
        options = {"images": images, "seed": seed, "progress": not self.json}
        robustness = attack_run(run, self.attacks, **options)
        if self.json:
            print_json(RunDirectory(self.run_directory).read(TOTALS))
        else:
            print_robustness(robustness)


def print_robustness(robustness: Any) -> None:
    """Print a `Robustness` as a table with one row per attack."""
    from rich.console import Console
    from rich.table import Table

    from keras_ae.evaluation.attacks import FAMILIES, title

    each = robustness.totals()
    images = max(totals.images for totals in each.values())
    table = Table(title=f"{images} images", show_edge=False)  # 80 columns are enough
    table.add_column("attack", no_wrap=True)
    table.add_column("family", no_wrap=True)
    for heading in ("attacked", "success", "MSE", "s"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, totals in each.items():
        table.add_row(
            title(name),
            FAMILIES[name],
            str(totals.attacked),
            "" if totals.success_rate is None else f"{totals.success_rate:.1%}",
            "" if totals.mse is None else f"{totals.mse:.2e}",
            f"{totals.seconds:.1f}",
        )
    console = Console()
    console.print(table)
    console.print(
        "Images that are misclassified anyway are not attacked; MSE is the mean over successful attacks."
    )

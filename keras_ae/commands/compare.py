"""`keras-ae compare`, the main job, and `keras-ae search`, beyond its fixed list."""

import sys
from dataclasses import dataclass, field, fields, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import tyro

from keras_ae._support.output_paths import check_output_directory
from keras_ae.catalogue import PURPOSES
from keras_ae.commands.console import JSON_HELP, load_keras, print_json, print_near_duplicates, print_notes
from keras_ae.commands.engine_options import EngineOptions
from keras_ae.comparison import (
    DEFAULT_TRAINING,
    TRIALS,
    Column,
    CompareConfig,
    Comparison,
    Space,
    certainty,
    check_comparison_directory,
    check_minutes,
    check_search,
    fit_minutes,
    not_trained,
    parse_codes,
    run_path,
    trains_here,
)
from keras_ae.runs import DataConfig, TrainingConfig

CODE_VALUES = Column("values", lambda candidate: candidate.code_values, "{:,}".format)
PROBE = Column("probe", lambda candidate: candidate.probe and candidate.probe.accuracy, "{:.1%}".format)


def _purpose_options() -> type:
    """A dataclass with the options of all purposes, from which the command line is generated."""
    options = {}
    for name, purpose in PURPOSES.items():
        hints = get_type_hints(purpose)
        for item in fields(purpose):
            text = f"To {name}: {item.metadata.get('help', item.name)}."
            kind = Annotated[hints[item.name], tyro.conf.arg(help=text)]  # type: ignore[valid-type, name-defined]
            options[item.name] = (item.name, kind, field(default=item.default))
    return make_dataclass("PurposeOptions", options.values(), frozen=True)


if TYPE_CHECKING:  # purposes are known once they are registered, not to a type checker
    PurposeName = str
    PurposeOptions = Any
else:
    PurposeName = Literal[tuple(PURPOSES)]
    PurposeOptions = _purpose_options()


@dataclass(frozen=True)
class _Comparison:
    """Options that `compare` and `search` share."""

    data: Annotated[DataConfig, tyro.conf.OmitArgPrefixes]
    out: Path
    """Directory for the models, the results and report.html. Give it again to resume after an interruption."""
    training: Annotated[TrainingConfig, tyro.conf.OmitArgPrefixes] = DEFAULT_TRAINING
    purpose: PurposeName = "reconstruct"
    """What the bottleneck is for; decides which candidates are tried and by what rule one is recommended."""
    codes: tuple[str, ...] = ()
    """Codes to try, such as 4x4x16 or 32, instead of those chosen for the images and the purpose."""
    max_code: int | None = None
    """Recommend no code with more values than this."""
    seeds: int = 1
    """Number of times to train each candidate, with seeds from --seed on; its errors are the means over them."""
    options: Annotated[PurposeOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=PurposeOptions)
    allow_inexact: bool = False
    """Resume a candidate even if versions, threads or device have changed; the result is not bit-identical."""
    workers: int | Literal["auto"] = 1
    """Candidates to train at once, in processes that share the threads; auto: as many as pay off here."""
    engine: Annotated[EngineOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=EngineOptions)
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def config(self, halving: bool, bottlenecks: tuple[str, ...] = ()) -> CompareConfig:
        """The comparison that the options describe.

        Raises:
            InputError: An option belongs to another purpose.
        """
        given = {item.name: (getattr(self.options, item.name), item.default) for item in fields(self.options)}
        chosen = {name: value for name, (value, default) in given.items() if value != default}
        chosen |= {"halving": halving, "seeds": self.seeds, "bottlenecks": bottlenecks}
        return CompareConfig(self.data, self.training, self.purpose, self.codes, self.max_code, **chosen)

    def how(self, data) -> dict[str, Any]:
        """Keywords that `compare` and `search` share."""
        how = {"data": data, "allow_inexact": self.allow_inexact, "progress": not self.json}
        return how | {"workers": self.workers, "engine": self.engine.chosen()}

    def trains_here(self, config: CompareConfig, candidates: int, data) -> bool:
        """Whether this process needs Keras."""
        return trains_here(config, config.seeds * candidates, data, self.workers, self.engine.is_given)

    def say(self, data) -> None:
        """Print notes on the images and, for detectors, warn of near-duplicates of training images."""
        print_notes(data)
        if self.purpose == "detect":
            print_near_duplicates(data)

    def tell(self, comparison: Comparison) -> None:
        """Write the report, and print the results."""
        from keras_ae.comparison import write_comparison

        page = write_comparison(self.out)
        if self.json:
            print_json(comparison.as_json() | {"report": str(page)})
        else:
            print_comparison(comparison, page)


@dataclass(frozen=True)
class Compare(_Comparison):
    """Train several bottlenecks on the same images with the same budget; a report recommends one."""

    bottlenecks: tuple[str, ...] = ()
    """Bottlenecks to try with each code, such as dense variational free_bits, instead of the purpose's own."""
    minutes: float | None = None
    """Approximate total time, instead of --steps: train for as many steps as fit, judged by timing a few here."""
    halving: bool = False
    """After a quarter and half of the steps, drop each candidate that another beats with as small a code."""

    def run(self) -> None:
        config = self.config(self.halving, self.bottlenecks)
        self.engine.check_workers(self.workers)
        if self.minutes is not None:
            check_minutes(self.minutes, self.training)
        check_output_directory(self.out)
        check_comparison_directory(self.out, None if self.minutes is not None else config)
        data = config.load_data(progress=not self.json)
        candidates = config.candidates(data.image_shape)  # refuses impossible codes before Keras is loaded
        if self.minutes is not None or self.trains_here(config, len(candidates), data):
            load_keras()
        from keras_ae.comparison import compare

        self.say(data)
        if self.minutes is not None:
            config, said = fit_minutes(config, self.minutes, candidates, data, self.out, self.workers)
            print(said, file=sys.stderr)
        self.tell(compare(config, self.out, candidates=candidates, **self.how(data)))


@dataclass(frozen=True)
class Search(_Comparison):
    """Try networks, codes and learning rates that Optuna proposes; the same report recommends one."""

    trials: int = TRIALS
    """Total number of trials; a larger number continues a finished search."""
    prune: bool = True
    """After a quarter and half of its steps, drop a trial if another has a lower error with as small a code."""

    def run(self) -> None:
        check_search(self.trials)
        config = self.config(halving=self.prune)
        self.engine.check_workers(self.workers)
        check_output_directory(self.out)
        check_comparison_directory(self.out)
        data = config.load_data(progress=not self.json)
        Space(data.image_shape, parse_codes(config.codes), config.max_code)  # refuses, before Keras is loaded
        if self.trains_here(config, self.trials, data):
            load_keras()
        from keras_ae.comparison import search

        self.say(data)
        self.tell(search(config, self.out, trials=self.trials, **self.how(data)))


def print_comparison(comparison: Comparison, page: Path) -> None:
    """Print the candidates as a table, best first, then the recommendation and the next step."""
    from rich.console import Console

    console = Console()
    console.print(_table(comparison))
    for line in (*not_trained(comparison), certainty(comparison)):
        console.print(line, markup=False, soft_wrap=True)
    recommended = comparison.recommended
    console.print(f"recommended: [bold]{recommended}[/bold], {comparison.purpose.rule}")
    caution = comparison.purpose.caution(comparison[recommended])
    if caution:
        console.print(caution, markup=False, soft_wrap=True)
    step = comparison.purpose.next_step(comparison[recommended], run_path(page.parent, recommended))
    if step:
        console.print(step, markup=False, soft_wrap=True)
    console.print(f"report: {page}", markup=False, soft_wrap=True)


def _table(comparison: Comparison) -> Any:
    from rich.box import SIMPLE
    from rich.table import Table

    # A plain frame: with lines between the columns the table would not fit into 80.
    title = f"{comparison.steps} steps each; {comparison.purpose.criterion.best} first"
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("candidate", no_wrap=True)
    seeds, errors = len(comparison.trained[0].seeds), comparison.errors()
    mean = Column(f"mean of {seeds}", lambda c: errors[c.name].error, "{:.5f}".format)
    probes = [PROBE] if not seeds and any(candidate.probe for candidate in comparison.trained) else []
    columns = [CODE_VALUES, *([mean] if seeds else []), *comparison.purpose.summary_columns(), *probes]
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    for candidate in comparison.ranked():
        style = "bold" if candidate.name == comparison.recommended else None
        table.add_row(candidate.name, *(column.cell(candidate) for column in columns), style=style)
    return table

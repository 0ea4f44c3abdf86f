"""`keras-ae compare`: the main job."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from keras_ae.commands.console import JSON_HELP, load_keras, print_json, print_notes
from keras_ae.studies.candidates import candidates
from keras_ae.studies.config import CompareConfig
from keras_ae.studies.selection import MEASURES

# Headings, and how to print a candidate's row.
RECONSTRUCT = {
    "values": lambda row: f"{row['code_values']:,}",
    "val. MSE": lambda row: f"{row['validation']['mse']:.5f}",
    "test MSE": lambda row: f"{row['test']['mse']:.5f}",
    "SSIM": lambda row: f"{row['test']['ssim']:.3f}",
    "train, s": lambda row: f"{row['training_seconds']:.0f}",
}
GENERATE = {
    "values": RECONSTRUCT["values"],
    "test MSE": RECONSTRUCT["test MSE"],
    "val. FID": lambda row: f"{row['validation']['fid']:.4g}",
    "test FID": lambda row: f"{row['generation']['fid']:.4g}",
}
DETECT = {
    "values": RECONSTRUCT["values"],
    "val. AUC": lambda row: f"{row['validation']['roc_auc']:.4f}",
    "test AUC": lambda row: f"{row['detection']['roc_auc']:.4f}",
    "found": lambda row: f"{row['detection']['recall']:.1%}",
    "alarms": lambda row: f"{row['detection']['false_positive_rate']:.1%}",
}
COLUMNS = {"reconstruct": RECONSTRUCT, "generate": GENERATE, "detect": DETECT}
ORDERED = {
    "reconstruct": "lowest validation error",
    "generate": "lowest validation FID",
    "detect": "highest validation ROC AUC",
}


@dataclass(frozen=True)
class Compare:
    """Train several bottlenecks on the same images with the same budget; a report recommends one."""

    config: Annotated[CompareConfig, tyro.conf.OmitArgPrefixes]
    out: Path
    """Directory for the models, the results and report.html. Give it again to go on after an interruption."""
    allow_inexact: bool = False
    """Go on with a broken candidate also where versions, threads or device have changed, to other bits."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        data = self.config.load_data(progress=not self.json)
        print_notes(data)
        candidates(data.image_shape, self.config.purpose, self.config.codes)  # refuses what cannot be made
        load_keras()
        from keras_ae.report import write_comparison
        from keras_ae.studies import compare

        results = compare(
            self.config, self.out, data=data, allow_inexact=self.allow_inexact, progress=not self.json
        )
        page = write_comparison(self.out)
        if self.json:
            print_json(results | {"report": str(page)})
        else:
            print_comparison(results, page)


def print_comparison(results: dict[str, Any], page: Path) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    measure = MEASURES[results["purpose"]]
    # A plain frame: with lines between the columns the table would not fit into 80.
    title = f"{results['steps']} steps each; {ORDERED[results['purpose']]} first"
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("candidate", no_wrap=True)
    columns = COLUMNS[results["purpose"]]
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    finished = [row for row in results["candidates"] if "failed" not in row]
    probed = all(row.get("probe") for row in finished)
    if probed:
        table.add_column("probe", justify="right", no_wrap=True)
    for row in sorted(finished, key=lambda row: row["validation"][measure]):
        table.add_row(
            row["name"],
            *(text(row) for text in columns.values()),
            *([f"{row['probe']['accuracy']:.1%}"] if probed else []),
            style="bold" if row["name"] == results["recommended"] else None,
        )
    console = Console()
    console.print(table)
    for note in results["data"]["notes"]:
        console.print(f"note: {note}", markup=False)
    console.print(f"recommended: [bold]{results['recommended']}[/bold], {results['rule']}")
    if results["purpose"] == "detect":
        console.print(f"as a detector: {_export_command(results, page)}", markup=False, soft_wrap=True)
    console.print(f"report: {page}", markup=False, soft_wrap=True)


def _export_command(results: dict[str, Any], page: Path) -> str:
    """What makes a detector of the recommended candidate."""
    row = next(row for row in results["candidates"] if row["name"] == results["recommended"])
    found, run = row["detection"], page.parent / "candidates" / row["name"]
    return f"keras-ae export {run} --score {found['score']} --false-positive-rate {found['promised']:g} --out DIR"

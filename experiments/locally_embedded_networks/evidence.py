"""What was kept of finished runs, as the tables that claims, tables and figures are made of."""

from pathlib import Path
from typing import NamedTuple

import pandas

from experiments.locally_embedded_networks.study import CHOICES

MODELS = {
    "classic": "Classic",
    "cnn_lea": "CNN-LEA",
    "pool_fc": "POOL-FC",
    "lea_fc": "LEA-FC",
    "lea_only": "LEA-only",
    "decoder_free": "Decoder-free",
}
TYPES = {"standard": "standard", "vae": "VAE", "capacity": "capacity"}
CLASSIC, LEA = "Classic", "CNN-LEA VAE-fc"  # what sections 5.2 and 5.4 compare


class Evidence(NamedTuple):
    """What the claims are judged by; every table has the runs' choices, and their "label".

    Attributes:
        runs: The finished runs with their measurements, a row each.
        curves: Rows of their histories.
        layers: What probes tell of the factors: rows of `keras_ae.evaluation.spatial_information`.
        attacks: On the classifiers of section 5.5: a row a run and attack, as `Robustness.summary` has it.
        on_shapes: The same on those of section 5.2, where they are of other images.
    """

    runs: pandas.DataFrame
    curves: pandas.DataFrame
    layers: pandas.DataFrame
    attacks: pandas.DataFrame
    on_shapes: pandas.DataFrame

    def of(self, experiment: str) -> pandas.DataFrame:
        """The curves of one analysis."""
        return self.curves[self.curves["experiment"] == experiment]

    def ends(self, experiment: str) -> pandas.DataFrame:
        """The last row of the curve of each run of one analysis."""
        return self.of(experiment).sort_values("step").groupby("run").tail(1)


def load(results: Path, presets: tuple[str, ...]) -> Evidence:
    """What was kept of the runs of several presets; of a run that stands in two of them, the first one's."""
    runs = _together(results, presets, "")
    if "status" in runs:
        runs = runs[runs["status"] == "finished"]
    runs = runs.reindex(columns=dict.fromkeys([*runs.columns, "experiment", *CHOICES]))
    runs = runs.assign(label=[label(row) for _, row in runs.iterrows()])
    columns = runs[["run", "experiment", *CHOICES, "label"]]
    names = ("_curves", "_equivariance", "_robustness")
    *tables, attacks = (_together(results, presets, name).merge(columns, on="run") for name in names)
    apart = attacks["experiment"] != "robustness"
    return Evidence(runs, *tables, attacks[~apart], attacks[apart])


def label(row) -> str:
    """What a model is called: its name, and its LEAs' type and pair."""
    name = MODELS.get(row["model"], str(row["model"]))
    return f"{name} {TYPES[row['type']]}-{row['pair']}" if row["type"] in TYPES else name


def _together(results: Path, presets: tuple[str, ...], name: str) -> pandas.DataFrame:
    tables, seen = [pandas.DataFrame({"run": []}, dtype=object)], set()
    for path in (results / f"{preset}{name}.csv" for preset in presets):
        if path.exists():
            table = pandas.read_csv(path)
            tables.append(table[~table["run"].isin(seen)])
            seen |= set(table["run"] if "status" not in table else table["run"][table["status"] == "finished"])
    return pandas.concat([table for table in tables if len(table)] or tables)

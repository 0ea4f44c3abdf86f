"""Table 1, Figure 1 and the figures beside them, from the small files in results/ alone."""

import json
from pathlib import Path

import numpy as np
import pandas
from matplotlib.figure import Figure

from experiments.decorrelation.statistics import effective_rank, scatter_ratio, table_1
from keras_ae.files import write_atomically, write_json, write_text
from keras_ae.studies.run_directory import RunDirectory
from keras_ae.studies.study import Study

SEED = 0  # whose codes and curves are shown
SHOWN = 2_500  # points in a scatter plot


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep the test codes' geometry, the learning curves, and the 2-D codes of seed 0."""
    import keras_ae as kae

    curves, geometry, points = [], {}, {}
    for preset in ("paper", "cpu", "beyond"):
        for run in study.runs(preset):
            directory = RunDirectory(trained / preset / run.name)
            if not directory.is_finished or run.choices["seed"] != SEED:
                continue
            curves += [
                {"run": run.name, "step": row["step"], "mse": row["val_mse"]} for row in directory.history()[::2]
            ]
            data = run.config.load_data(progress=False)
            model = kae.load_model(directory.model_path)
            codes, labels = kae.evaluation.encode(model, data.test), data.labels("test")
            geometry[run.name] = {
                **run.choices,
                "covariance": np.cov(codes, rowvar=False, bias=True).round(6).tolist(),
                "effective_rank": effective_rank(codes),
                "scatter": scatter_ratio(codes, labels),
            }
            if run.choices["n"] == 2:
                points[run.name] = codes[:SHOWN].astype(np.float16)
                points["labels"] = labels[:SHOWN].astype(np.uint8)
    if geometry:
        write_text(kept / "curves.csv", pandas.DataFrame(curves).to_csv(index=False, float_format="%.6g"))
        write_json(kept / "geometry.json", geometry)
        write_atomically(kept / "codes.npz", lambda path: _save_npz(path, points))


def _save_npz(path: Path, arrays: dict) -> None:
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def report(results: Path) -> list[Path]:
    """Write the tables and figures that the kept results allow."""
    written = []
    for preset in ("paper", "cpu", "quick"):
        if (results / f"{preset}.csv").exists():
            runs = pandas.read_csv(results / f"{preset}.csv")
            finished = runs[runs["status"] == "finished"]
            if len(finished) == len(runs):
                written.append(_write_table(table_1(finished), results / f"{preset}_table1.md"))
    if (results / "codes.npz").exists():
        geometry = json.loads((results / "geometry.json").read_text())
        points = np.load(results / "codes.npz")
        if points.files:
            written.append(_figure_1(points, geometry, results / "figure1.png"))
        written.append(_curves(pandas.read_csv(results / "curves.csv"), results / "curves.png"))
        if any(g["n"] == 8 for g in geometry.values()):
            written.append(_covariances(geometry, results / "covariances.png"))
        written.append(_write_table(_compactness(geometry), results / "compactness.md"))
    return written


def _write_table(table: pandas.DataFrame, path: Path) -> Path:
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    for row in table.itertuples(index=False):
        cells = (f"{value:.4g}" if isinstance(value, float) else str(value) for value in row)
        lines.append("| " + " | ".join(cells) + " |")
    write_text(path, "\n".join(lines) + "\n")
    return path


def _save(figure: Figure, path: Path) -> Path:
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=110, format="png"))
    return path


def _figure_1(points, geometry: dict, path: Path) -> Path:
    """Two-dimensional test codes, standard loss beside the decorrelated one, coloured by class."""
    names = [name for name in points.files if name != "labels"]
    figure = Figure(figsize=(4.2 * len(names), 4.2), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        dots = axes.scatter(*points[name].astype(float).T, c=points["labels"], cmap="tab10", s=3)
        choices = geometry[name]
        kind = "standard" if choices["alpha"] == 0 else f"{choices['form']}, α = {choices['alpha']:g}"
        axes.set_title(f"{choices['loss']}: {kind}", fontsize=9)
    figure.colorbar(dots, ax=figure.axes, label="class", ticks=range(10))
    return _save(figure, path)


def _curves(curves: pandas.DataFrame, path: Path) -> Path:
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.subplots()
    for name, rows in curves.groupby("run", sort=False):
        axes.plot(rows["step"], np.sqrt(rows["mse"]), label=name, linewidth=1)
    axes.set(xlabel="training steps", ylabel="validation RMSE (over all pixels)", yscale="log")
    axes.legend(fontsize=6, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return _save(figure, path)


def _covariances(geometry: dict, path: Path) -> Path:
    """Correlation matrices of the codes of eight features, standard beside decorrelated."""
    shown = {name: g for name, g in geometry.items() if g["n"] == 8 and g["form"] == "squared"}
    figure = Figure(figsize=(2.6 * len(shown), 3), layout="constrained")
    for axes, (name, g) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown.items(), strict=True):
        covariance = np.asarray(g["covariance"])
        deviations = np.sqrt(np.diag(covariance))
        image = axes.imshow(covariance / np.outer(deviations, deviations), vmin=-1, vmax=1, cmap="RdBu_r")
        axes.set_title(name.replace("-seed0", ""), fontsize=8)
        axes.set(xticks=[], yticks=[])
    figure.colorbar(image, ax=figure.axes, label="correlation")
    return _save(figure, path)


def _compactness(geometry: dict) -> pandas.DataFrame:
    """Scatter within the classes over scatter between them (smaller: more compact), and the effective rank."""
    rows = []
    for name, g in geometry.items():
        scatter = {int(c): value for c, value in g["scatter"].items()}
        rows.append(
            {
                "run": name,
                "all classes": float(np.mean(list(scatter.values()))),
                "fourth class (3)": scatter[3],
                "fifth class (4)": scatter[4],
                "effective rank": g["effective_rank"],
            }
        )
    return pandas.DataFrame(rows)

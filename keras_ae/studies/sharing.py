"""A finished run as a folder to share: the model without its optimizer, the run's record, and a card."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_ae.errors import InputError
from keras_ae.files import write_atomically, write_json, write_text
from keras_ae.studies.config import run_config_from_json
from keras_ae.studies.run_directory import RunDirectory
from keras_ae.studies.tasks import task_of

COPIED = ("metrics.json", "environment.json", "history.csv")
CHECKED = 4  # random images whose outputs are kept
TOLERANCE = 1e-4  # of outputs on another machine


def share_run(run, out, title: str = "") -> Path:
    """Write a run's model without its optimizer, its record and measurements, `check.json` and a `README.md`.

    `check.json` has the SHA-256 of the model file, and the mean and deviation of the model's outputs for a few
    random images, by which `check_shared` tells whether the model still computes the same.

    Args:
        run: Directory of a finished run.
        out: Directory to write to; files of these names are replaced.
        title: Of the card; the name of `out` by default.

    Returns:
        `out`.

    Raises:
        InputError: If there is no finished run, or `out` is its own directory.
    """
    directory, out = RunDirectory(run), Path(out)
    record = directory.read("run")
    if not directory.is_finished:
        raise InputError(f"{run}", "a finished run", "train it to the end first")
    if out.resolve() == directory.path.resolve():
        raise InputError(f"{out}, the run itself, as --out", "another directory", "give another --out")
    config = run_config_from_json(record["config"])
    config.model.import_parts()
    model = keras.saving.load_model(directory.model_path, compile=False, safe_mode=True)
    loss = task_of(model).loss_name(config.training)
    write_atomically(out / "model.keras", lambda temporary: model.save(temporary), durable=True)
    write_json(out / "run.json", _without_places(record))
    for name in COPIED:
        shutil.copyfile(directory.path / name, out / name)
    check = {"sha256": _sha256(out / "model.keras"), **_outputs(model, record["data"]["image_shape"])}
    write_json(out / "check.json", check)
    write_text(out / "README.md", _card(title or out.name, record, loss, RunDirectory(out), check["sha256"]))
    return out


def check_shared(path) -> keras.Model:
    """The model of a folder that `share_run` made, if its file and its outputs are what they were.

    Raises:
        InputError: If the file has another checksum, or the outputs differ by more than 1e-4.
    """
    directory = RunDirectory(path)
    check, record = directory.read("check"), directory.read("run")
    if _sha256(directory.model_path) != check["sha256"]:
        raise InputError(f"{directory.model_path} with another checksum", check["sha256"], "get the file again")
    run_config_from_json(record["config"]).model.import_parts()
    model = keras.saving.load_model(directory.model_path, safe_mode=True)
    for name, values in _outputs(model, record["data"]["image_shape"]).items():
        if not np.allclose(values, check[name], atol=TOLERANCE):
            raise InputError(f"{name} {values} of {path}", f"{check[name]}", "look at the versions in its card")
    return model


def _without_places(record: dict[str, Any]) -> dict[str, Any]:
    """What repeats the run, without where named images lay on this machine: the notes and the data directory."""
    config = record["config"]
    kept = {key: value for key, value in record.items() if key != "notes"}
    return kept | {"config": config | {"data": config["data"] | {"data_dir": None}}}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _outputs(model: keras.Model, image_shape) -> dict[str, list[float]]:
    """Mean and standard deviation of each output for uniformly random images of a fixed seed."""
    images = np.random.default_rng(0).random((CHECKED, *image_shape)).astype(np.float32)
    outputs = keras.ops.convert_to_numpy(model(images)).astype(np.float64).reshape(CHECKED, -1)
    return {"output_means": outputs.mean(axis=1).tolist(), "output_deviations": outputs.std(axis=1).tolist()}


def _card(title: str, record: dict[str, Any], loss: str, directory: RunDirectory, checksum: str) -> str:
    config, metrics = run_config_from_json(record["config"]), directory.read("metrics")
    environment = directory.read("environment")
    training, model, data = config.training, config.model, record["data"]
    shape = " × ".join(map(str, data["image_shape"]))
    sizes = ", ".join(f"{count:,} {split}" for split, count in data["sizes"].items())
    versions = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    scores = [f"| {name} | {value:.6g} |" for name, value in metrics["test"].items()]
    size = directory.model_path.stat().st_size
    lines = [
        *(f"# {title}", ""),
        f"- **Model**: `{model.architecture}`, code {model.code}, {metrics['parameters']:,} parameters; "
        f"options: {', '.join(f'`{option}`' for option in model.options) or 'none'}.",
        f"- **Images**: {config.data.source}, {shape} ({sizes}); fingerprint `{data['fingerprint'][:16]}…`.",
        f"- **Training**: {metrics['steps']:,} steps of {training.batch_size} images, {loss}, Adam at "
        f"{training.learning_rate:g}, seed {training.seed}, {training.precision}.",
        f"- **Made with**: Python {environment['python']}, {versions}.",
        f"- **Files**: `model.keras`, {size:,} bytes, SHA-256 `{checksum}`; `run.json` repeats the run; "
        "`history.csv`, `metrics.json`, `environment.json`; `check.json` for `keras_ae.studies.check_shared`.",
        *("", "| test images, pixels in [0, 1] | |", "|---|---:|", *scores, ""),
        "```python",
        "import keras_ae as kae",
        "",
        f'model = kae.load_model("{directory.path.name}/model.keras")  # images [n, {shape.replace(" × ", ", ")}]'
        " in [0, 1]",
        "```",
    ]
    return "\n".join(lines) + "\n"

"""A finished run as a folder to share: the model without its optimizer, the run's record, and a card."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_ae._support.checksums import CHECKSUMS, read_checksums, sha256, verify
from keras_ae._support.directories import check_replaceable, write_directory
from keras_ae._support.errors import InputError, absent
from keras_ae._support.fields import read_fields, settle_fields
from keras_ae._support.files import write_json, write_text
from keras_ae._support.reading import read_object
from keras_ae._support.written_files import shared_run_files
from keras_ae.runs.directory import RunDirectory
from keras_ae.runs.environment import Environment
from keras_ae.runs.run import Run
from keras_ae.runs.tasks import task_of

COPIED, HISTORY = ("metrics.json", "environment.json"), "history.csv"
CHECKED = 4  # random images whose outputs are kept
TOLERANCE = 1e-4  # for outputs on another machine


def share_run(run, out, title: str = "") -> Path:
    """Writes a run's model without its optimizer, its record and measurements, `check.json` and a `README.md`.

    `check.json` has the SHA-256 of the model file, and the mean and deviation of the model's outputs for a few
    random images, from which `check_shared` sees whether the model still computes the same.

    Args:
        run: Directory of a finished run.
        out: Directory to write to; an earlier share there is replaced, anything else is refused.
        title: Title of the card; the name of `out` by default.

    Returns:
        `out`.

    Raises:
        InputError: If there is no finished run, or `out` is its own directory or holds other files.

    Example:
        >>> run = kae.runs.pretrained_models()["variational_digits"]  # or the directory of a run of one's own
        >>> out = kae.runs.share_run(run, "shared", title="Digits in eight numbers")
        >>> (out / "README.md").read_text(encoding="utf-8").splitlines()[0]
        '# Digits in eight numbers'
    """
    run, out = Run.open(run), Path(out)
    directory, config = run.directory, run.config
    record, environment = directory.read("run"), Environment.read(run.path)
    trained = run.metrics["steps"] > 0  # features alone are not, and have no history
    if trained:
        directory.history()  # refuses a damaged one
    if out.resolve() == directory.path.resolve():
        raise InputError(f"{out}, the run itself, as --out", "another directory", "give another --out")
    check_replaceable(out, shared_run_files)
    model = run.load_model(compile=False)
    loss = task_of(model).loss_name(config.training) if trained else ""

    def write(written: Path) -> None:
        model.save(written / "model.keras")
        write_json(written / "run.json", _without_places(record))
        for name in (*COPIED, HISTORY) if trained else COPIED:
            shutil.copyfile(directory.path / name, written / name)
        digest = sha256(written / "model.keras")
        check = {"checksums": True, "sha256": digest, **_outputs(model, run.record.data.image_shape)}
        write_json(written / "check.json", check)
        card = _card(title or out.name, run, environment, loss, written, out.name, digest)
        write_text(written / "README.md", card)

    write_directory(out, write, shared_run_files)
    return out


def check_shared(path) -> keras.Model:
    """Returns the model of a folder that `share_run` made, if its file and outputs are unchanged.

    Raises:
        InputError: If the file has another checksum, or the outputs differ by more than 1e-4.

    Example:
        >>> model = kae.runs.check_shared(kae.runs.pretrained_models()["variational_digits"])
        >>> model.count_params()
        13328
    """
    run, check = Run.open(path), read_check(path)
    if check.checksums or (run.path / CHECKSUMS).exists():
        verify(run.path, read_checksums(run.path), "get the folder again")
    file = run.directory.model_path
    if not file.is_file():
        raise InputError(absent(file), "the model of a shared run", "get the file again")
    if sha256(file) != check.sha256:
        raise InputError(f"{file} with another checksum", check.sha256, "get the file again")
    model = run.model
    for name, values in _outputs(model, run.record.data.image_shape).items():
        expected = list(getattr(check, name))
        if not np.allclose(values, expected, atol=TOLERANCE):
            raise InputError(f"{name} {values} of {path}", f"{expected}", "look at the versions in its card")
    return model


def read_check(path) -> "SharedCheck":
    """Reads a shared run's `check.json`.

    Raises:
        InputError: It is missing or damaged.
    """
    file = RunDirectory(path).path / "check.json"
    values = read_object(file, "the checksums of a shared run", "get the folder again")
    return read_fields(SharedCheck, values, str(file))


@dataclass(frozen=True)
class SharedCheck:
    """Checksum and outputs of a shared model."""

    sha256: str
    output_means: tuple[float, ...]
    output_deviations: tuple[float, ...]
    checksums: bool = False  # whether `checksums.json` belongs to it, as since its second version

    def __post_init__(self):
        settle_fields(self)
        if not len(self.output_means) == len(self.output_deviations) == CHECKED:
            raise InputError("output_means and output_deviations", f"{CHECKED} numbers each")


def _without_places(record: dict[str, Any]) -> dict[str, Any]:
    """The record that repeats the run, without paths of this machine: the notes and the data directory."""
    config = record["config"]
    kept = {key: value for key, value in record.items() if key != "notes"}
    return kept | {"config": config | {"data": config["data"] | {"data_dir": None}}}


def _outputs(model: keras.Model, image_shape) -> dict[str, list[float]]:
    """Mean and standard deviation of each output for uniformly random images with a fixed seed."""
    images = np.random.default_rng(0).random((CHECKED, *image_shape)).astype(np.float32)
    outputs = keras.ops.convert_to_numpy(model(images)).astype(np.float64).reshape(CHECKED, -1)
    return {"output_means": outputs.mean(axis=1).tolist(), "output_deviations": outputs.std(axis=1).tolist()}


def _card(
    title: str, run: Run, environment: Environment, loss: str, written: Path, name: str, checksum: str
) -> str:
    config, metrics, data = run.config, run.metrics, run.record.data
    training, model = config.training, config.model
    shape = " × ".join(map(str, data.image_shape))
    sizes = ", ".join(f"{count:,} {split}" for split, count in data.sizes.items())
    split = "test" if "test" in metrics else "validation"  # for candidates of a comparison
    versions = ", ".join(f"{name} {version}" for name, version in environment.packages.items())
    scores = [f"| {name} | {value:.6g} |" for name, value in metrics.get(split, {}).items()]
    size = (written / "model.keras").stat().st_size
    how = (
        f"{metrics['steps']:,} steps of {training.batch_size} images, {loss}, Adam at {training.learning_rate:g}, "
        f"seed {training.seed}, {training.precision}"
    )
    if not loss:
        how = "none; the mean and deviation of each channel are those of the training images"
    maps = metrics.get("map_shape")
    gives = f"code {model.code}" if maps is None else f"maps {' × '.join(map(str, maps))}"
    history = f"`{HISTORY}`, " if loss else ""
    lines = [
        *(f"# {title}", ""),
        f"- **Model**: `{model.architecture}`, {gives}, {metrics['parameters']:,} parameters; "
        f"options: {', '.join(f'`{option}`' for option in model.options) or 'none'}.",
        f"- **Images**: {config.data.source}, {shape} ({sizes}); fingerprint `{data.fingerprint[:16]}…`.",
        f"- **Training**: {how}.",
        f"- **Made with**: Python {environment.python}, {versions}.",
        f"- **Files**: `model.keras`, {size:,} bytes, SHA-256 `{checksum}`; `run.json` repeats the run; "
        f"{history}`metrics.json`, `environment.json`; `check.json` for `keras_ae.studies.check_shared`.",
        *("", f"| {split} images, pixels in [0, 1] | |", "|---|---:|", *scores, ""),
        "```python",
        "import keras_ae as kae",
        "",
        f'model = kae.load_model("{name}/model.keras")  # images [n, {shape.replace(" × ", ", ")}] in [0, 1]',
        "```",
    ]
    return "\n".join(lines) + "\n"
